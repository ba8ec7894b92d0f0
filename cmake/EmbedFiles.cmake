# Writes OUT/NAME.{S,cc,h} that hold every file under ROOT whose name fits PATTERN. See redline_embed() in Redline.cmake.
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/${PATTERN}")
list(SORT files)
set(asm ".section .rodata\n")
set(externs "")
set(entries "")
set(index 0)
foreach(file IN LISTS files)
  set(symbol "redline_embedded_${NAME}_${index}")
  string(APPEND asm ".global ${symbol}\n${symbol}:\n.incbin \"${ROOT}/${file}\"\n"
                    ".global ${symbol}_end\n${symbol}_end:\n.byte 0\n")
  string(APPEND externs "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
  string(APPEND entries
         "      {\"${file}\", {${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})}},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(APPEND asm ".section .note.GNU-stack,\"\",@progbits\n")
file(WRITE "${OUT}/${NAME}.S" "${asm}")
file(WRITE "${OUT}/${NAME}.h"
"#pragma once
#include <span>
#include \"base/embedded.h\"
namespace redline::embedded {
std::span<const EmbeddedFile> ${NAME}();
}
")
file(WRITE "${OUT}/${NAME}.cc"
"#include \"embedded/${NAME}.h\"
#include <vector>
extern \"C\" {
${externs}}
namespace redline::embedded {
std::span<const EmbeddedFile> ${NAME}() {
  static const std::vector<EmbeddedFile> files = {
${entries}  };
  return files;
}
}
")
