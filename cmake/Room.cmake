# zerosweep_room(NAME [LIBS …] [EXCLUDE REGEX …] [ALONE REGEX]): the OBJECT library `NAME` of all sources in the current folder and its
# sub-folders; those that match ALONE are never compiled together with others.
# OBJECT, because self-registering code in a STATIC library is dropped silently by the linker.
add_library(zerosweep_flags INTERFACE)
target_include_directories(zerosweep_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
# Designated initialisers leave members out on purpose: the one warning of -Wextra that is not wanted.
target_compile_options(zerosweep_flags INTERFACE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor
                                                 -Wno-missing-field-initializers
                                                 $<$<BOOL:${ZEROSWEEP_WERROR}>:-Werror>)

# zerosweep_unity(TARGET [ALONE REGEX]): with ZEROSWEEP_UNITY, up to ten sources of a folder are compiled as one, which share the time for
# headers; those that match REGEX are not. File-local names must differ within a folder.
function(zerosweep_unity target)
  cmake_parse_arguments(U "" "ALONE" "" ${ARGN})
  if(NOT ZEROSWEEP_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  if(U_ALONE)
    list(FILTER sources EXCLUDE REGEX ${U_ALONE})
  endif()
  foreach(source ${sources})
    file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${source}/..)
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    list(APPEND files_${folder} ${source})
    list(LENGTH files_${folder} count)
    math(EXPR part "(${count} - 1) / 10")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${part})
  endforeach()
  # To the compiler every file of a group is a header, in which a public class must not have members of file-local types.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

function(zerosweep_room name)
  cmake_parse_arguments(ROOM "" "ALONE" "LIBS;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(pattern ${ROOM_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  add_library(${name} OBJECT ${sources})
  target_link_libraries(${name} PUBLIC zerosweep_flags ${ROOM_LIBS})
  zerosweep_unity(${name} ALONE "${ROOM_ALONE}")
endfunction()

# zerosweep_embed(HEADER NAME FILE …): the generated header `HEADER`, whose constant NAME is the text of FILE.
# CMake runs again when a file changes.
function(zerosweep_embed header)
  set(constants "")
  while(ARGN)
    list(POP_FRONT ARGN name file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND constants "inline constexpr const char* ${name} = R\"text(${text})text\";\n")
  endwhile()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/${header} CONTENT "#pragma once\n${constants}" @ONLY)
endfunction()

# The suites that a test's source holds. CMake runs again when the source changes.
function(zerosweep_suites source result)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(REGEX MATCHALL "TEST(_F|_P)?\\([A-Za-z0-9_]+," suites "${text}")
  list(TRANSFORM suites REPLACE "^.*\\(([A-Za-z0-9_]+),$" "\\1")
  list(REMOVE_DUPLICATES suites)
  set(${result} ${suites} PARENT_SCOPE)
endfunction()

# zerosweep_tests(ROOM LIBS … [SUFFIX mpi|e2e|slow|gpu] [TIMEOUT s] [PCH target]): one program of all *_test.cc in tests/ROOM and its
# folders, but for those of suffixes (or of all in tests/ROOM/SUFFIX), and one CTest entry ROOM/NAME for each source file, labelled
# `fast` or SUFFIX, that runs every suite in it.
function(zerosweep_tests room)
  cmake_parse_arguments(T "" "SUFFIX;TIMEOUT;PCH" "LIBS" ${ARGN})
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${room})
  set(label fast)
  set(alone FALSE)  # several processes of its own: beside other tests its timing would be another
  set(program ${room}_test)
  if(T_SUFFIX)
    set(folder ${folder}/${T_SUFFIX})
    set(label ${T_SUFFIX})
    set(alone TRUE)
    set(program ${room}_${T_SUFFIX}_test)
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*_test.cc)
  if(NOT T_SUFFIX)
    list(FILTER sources EXCLUDE REGEX "/${room}/(mpi|e2e|slow|gpu)/")
  endif()
  if(NOT sources)
    return()
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(${program} ${sources})
  zerosweep_unity(${program})
  target_link_libraries(${program} PRIVATE ${T_LIBS} test_support GTest::gtest GTest::gmock GTest::gtest_main)
  if(T_PCH)  # a precompiled header serves only code of the same position-independence
    set_target_properties(${program} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${program} PRIVATE -fPIC)
    target_precompile_headers(${program} REUSE_FROM ${T_PCH})
  endif()
  foreach(source ${sources})
    get_filename_component(stem ${source} NAME_WE)
    zerosweep_suites(${source} suites)
    set(filter "")
    foreach(suite ${suites})
      string(APPEND filter "${suite}.*:*/${suite}.*:")
    endforeach()
    add_test(NAME ${room}/${stem} COMMAND ${program} --gtest_filter=${filter})
    set_tests_properties(${room}/${stem} PROPERTIES LABELS ${label} TIMEOUT ${T_TIMEOUT} RUN_SERIAL ${alone}
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      FAIL_REGULAR_EXPRESSION "Running 0 tests"
      # One thread: threads of OpenMP that wait for each other on a busy machine take minutes for milliseconds.
      ENVIRONMENT "ZEROSWEEP_BUILD=${PROJECT_BINARY_DIR};ZEROSWEEP_SOURCE=${PROJECT_SOURCE_DIR};OMP_NUM_THREADS=1")
  endforeach()
endfunction()

# zerosweep_cuda_objects(TARGET SOURCE …): compiles .cu files with the venv's nvcc (no toolkit, no GPU needed) and adds
# the objects to TARGET. CMake's own CUDA language is not used: it insists on a complete toolkit.
function(zerosweep_cuda_objects target)
  set(architectures "")
  foreach(architecture ${ZEROSWEEP_CUDA_ARCHITECTURES})
    list(APPEND architectures -gencode=arch=compute_${architecture},code=sm_${architecture})
  endforeach()
  foreach(source ${ARGN})
    get_filename_component(stem ${source} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${stem}.cu.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_COMMAND} -E env CUDA_HOME=${CUDA_ROOT} ${CUDA_ROOT}/bin/nvcc -std=c++20 -O3 -fmad=false
              -Xcompiler -fPIC,-Wall ${architectures} -I${PROJECT_SOURCE_DIR} -I${CUDA_ROOT}/include
              -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source}
      COMMENT "Compiling CUDA ${source} for sm_${ZEROSWEEP_CUDA_ARCHITECTURES}" VERBATIM COMMAND_EXPAND_LISTS)
    # An OBJECT library passes its own objects on, not those of others: they go to its users as libraries would.
    add_custom_target(${target}_${stem}_cuda DEPENDS ${object})
    add_dependencies(${target} ${target}_${stem}_cuda)
    target_link_libraries(${target} INTERFACE ${object})
  endforeach()
endfunction()

# zerosweep_onnx_schema(TARGET): compiles the description of the ONNX format into TARGET.
function(zerosweep_onnx_schema target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_onnx)
  set(source ${folder}/onnx/onnx-ml.pb.cc)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${source} ${folder}/onnx/onnx-ml.pb.h
    COMMAND ${PROTOC} -I${SITE_PACKAGES} --cpp_out=${folder} onnx/onnx-ml.proto
    DEPENDS ${ONNX_PROTO} COMMENT "Generating the reader of onnx-ml.proto" VERBATIM)
  # Code of others: without our warnings, precompiled header and neighbours.
  set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -w SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${source})
  target_include_directories(${target} SYSTEM PRIVATE ${folder})
  target_link_libraries(${target} PUBLIC debian_protobuf-lite)
endfunction()
