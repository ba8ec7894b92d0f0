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

# Builds files into the binary, without a copy in a source literal:
#   redline_embed(NAME catalog_files ROOT ${CMAKE_SOURCE_DIR}/catalog FILES models/a.yaml)
# gives the library redline_NAME and the header "embedded/NAME.h" with
#   std::span<const redline::EmbeddedFile> redline::embedded::NAME();
# DEPENDS names what makes the files when they are themselves built.
function(redline_embed)
  cmake_parse_arguments(ARG "" "NAME;ROOT" "FILES;DEPENDS" ${ARGN})
  set(dir "${CMAKE_BINARY_DIR}/generated/embedded")
  set(asm ".section .rodata\n")
  set(externs "")
  set(entries "")
  set(index 0)
  set(paths "")
  foreach(file IN LISTS ARG_FILES)
    set(symbol "redline_embedded_${ARG_NAME}_${index}")
    string(APPEND asm ".global ${symbol}\n${symbol}:\n.incbin \"${ARG_ROOT}/${file}\"\n"
                      ".global ${symbol}_end\n${symbol}_end:\n.byte 0\n")
    string(APPEND externs "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
    string(APPEND entries
           "      {\"${file}\", {${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})}},\n")
    list(APPEND paths "${ARG_ROOT}/${file}")
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND asm ".section .note.GNU-stack,\"\",@progbits\n")
  file(CONFIGURE OUTPUT "${dir}/${ARG_NAME}.S" CONTENT "${asm}" @ONLY)
  file(CONFIGURE OUTPUT "${dir}/${ARG_NAME}.h" CONTENT
"#pragma once
#include <span>
#include \"base/embedded.h\"
namespace redline::embedded {
std::span<const EmbeddedFile> ${ARG_NAME}();
}
" @ONLY)
  file(CONFIGURE OUTPUT "${dir}/${ARG_NAME}.cc" CONTENT
"#include \"embedded/${ARG_NAME}.h\"
#include <vector>
extern \"C\" {
${externs}}
namespace redline::embedded {
std::span<const EmbeddedFile> ${ARG_NAME}() {
  static const std::vector<EmbeddedFile> files = {
${entries}  };
  return files;
}
}
" @ONLY)
  set_source_files_properties("${dir}/${ARG_NAME}.S" PROPERTIES OBJECT_DEPENDS "${paths}")
  redline_library(NAME ${ARG_NAME} SRCS "${dir}/${ARG_NAME}.S" "${dir}/${ARG_NAME}.cc" DEPS base)
  target_include_directories(redline_${ARG_NAME} PUBLIC "${CMAKE_BINARY_DIR}/generated")
  if(ARG_DEPENDS)
    add_dependencies(redline_${ARG_NAME} ${ARG_DEPENDS})
  endif()
endfunction()
