# Two functions describe every target of the tree, so a room's CMakeLists.txt reads as a list.
#
#   redline_library(NAME base SRCS status.cc DEPS fmt::fmt)      -> target redline_base
#   redline_test(NAME base_test SRCS status_test.cc DEPS base LABELS fast)
#
# DEPS without "::" name other Redline libraries; anything else is passed to the linker as given.

set(REDLINE_SRC_DIR "${CMAKE_CURRENT_LIST_DIR}/../src")

function(redline_link target)
  foreach(dep IN LISTS ARGN)
    if(TARGET redline_${dep})
      target_link_libraries(${target} PUBLIC redline_${dep})
    else()
      target_link_libraries(${target} PUBLIC ${dep})
    endif()
  endforeach()
endfunction()

function(redline_library)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS" ${ARGN})
  add_library(redline_${ARG_NAME} STATIC ${ARG_SRCS})
  target_include_directories(redline_${ARG_NAME} PUBLIC "${REDLINE_SRC_DIR}")
  redline_link(redline_${ARG_NAME} ${ARG_DEPS})
endfunction()

# One binary per room holds its unit tests. It runs from the source root, so a test names its data
# relative to the tree.
function(redline_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_include_directories(${ARG_NAME} PRIVATE "${REDLINE_SRC_DIR}")
  redline_link(${ARG_NAME} ${ARG_DEPS})
  target_link_libraries(${ARG_NAME} PRIVATE GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} WORKING_DIRECTORY "${REDLINE_SRC_DIR}/..")
  set_tests_properties(${ARG_NAME} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
