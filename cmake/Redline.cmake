# Two functions describe every target of the tree, so a room's CMakeLists.txt reads as a list.
#
#   redline_library(NAME base SRCS status.cc DEPS fmt::fmt)      -> target redline_base
#   redline_test(NAME base_test SRCS status_test.cc DEPS base LABELS fast)
#
# The presets but dev compile the files of a library 20 at a time (CMAKE_UNITY_BUILD): headers
# are read less often. A name in an unnamed namespace is then seen by its neighbours, too.
#
# COLD marks a library that waits for people, files and networks: -O1 in release builds, which compiles
# faster. A library on the way of a token, a request or a sample is not cold.
#
# DEPS without "::" name other Redline libraries; anything else is passed to the linker as given.

set(REDLINE_SRC_DIR "${CMAKE_CURRENT_LIST_DIR}/../src")

function(redline_link target)
  foreach(dep IN LISTS ARGN)
    target_link_libraries(${target} PUBLIC "$<IF:$<TARGET_EXISTS:redline_${dep}>,redline_${dep},${dep}>")
  endforeach()
endfunction()

function(redline_library)
  cmake_parse_arguments(ARG "COLD" "NAME" "SRCS;DEPS" ${ARGN})
  add_library(redline_${ARG_NAME} STATIC ${ARG_SRCS})
  target_include_directories(redline_${ARG_NAME} PUBLIC "${REDLINE_SRC_DIR}")
  redline_link(redline_${ARG_NAME} ${ARG_DEPS})
  if(ARG_COLD)
    target_compile_options(redline_${ARG_NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  # A class of one .cc may well hold types of its unnamed namespace.
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(redline_${ARG_NAME} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# One binary per room holds its unit tests. It runs from the source root, so a test names its data
# relative to the tree.
function(redline_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(REDLINE_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 10")  # sanitizers are slow
  endif()
  add_executable(${ARG_NAME} ${ARG_SRCS})
  set_target_properties(${ARG_NAME} PROPERTIES UNITY_BUILD OFF)
  # Tests wait for the compiler more than they run.
  if(REDLINE_SANITIZE)
    target_compile_options(${ARG_NAME} PRIVATE -O0)
  else()
    target_compile_options(${ARG_NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  target_include_directories(${ARG_NAME} PRIVATE "${REDLINE_SRC_DIR}")
  redline_link(${ARG_NAME} ${ARG_DEPS})
  target_link_libraries(${ARG_NAME} PRIVATE GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} WORKING_DIRECTORY "${REDLINE_SRC_DIR}/..")
  set_tests_properties(${ARG_NAME} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# Builds every file under ROOT (whose name fits PATTERN, when given) into the binary:
#   redline_embed(NAME catalog_files ROOT ${CMAKE_SOURCE_DIR}/catalog DEPENDS a.yaml b.yaml)
# gives the library redline_NAME and the header "embedded/NAME.h" with
#   std::span<const redline::EmbeddedFile> redline::embedded::NAME();
# The files are listed at build time, after DEPENDS (files whose change means a new embedding).
# The target embedded_headers makes the headers alone, for tools that only read sources.
function(redline_embed)
  cmake_parse_arguments(ARG "" "NAME;ROOT;PATTERN" "DEPENDS" ${ARGN})
  if(NOT ARG_PATTERN)
    set(ARG_PATTERN "*")
  endif()
  set(dir "${CMAKE_BINARY_DIR}/generated/embedded")
  set(script "${REDLINE_SRC_DIR}/../cmake/EmbedFiles.cmake")
  set(outputs "${dir}/${ARG_NAME}.S" "${dir}/${ARG_NAME}.cc" "${dir}/${ARG_NAME}.h")
  add_custom_command(OUTPUT ${outputs}
    COMMAND ${CMAKE_COMMAND} -DNAME=${ARG_NAME} -DROOT=${ARG_ROOT} -DPATTERN=${ARG_PATTERN} -DOUT=${dir} -P ${script}
    DEPENDS ${script} ${ARG_DEPENDS}
    COMMENT "Embedding ${ARG_NAME}"
    VERBATIM)
  set_source_files_properties("${dir}/${ARG_NAME}.S" PROPERTIES OBJECT_DEPENDS "${ARG_DEPENDS}")
  if(NOT TARGET embedded_headers)
    add_custom_target(embedded_headers)
  endif()
  add_custom_target(redline_${ARG_NAME}_embedded DEPENDS ${outputs})
  add_dependencies(embedded_headers redline_${ARG_NAME}_embedded)
  # The target by name: it may be defined later.
  redline_library(NAME ${ARG_NAME} SRCS ${outputs} DEPS redline_base)
  target_include_directories(redline_${ARG_NAME} PUBLIC "${CMAKE_BINARY_DIR}/generated")
endfunction()
