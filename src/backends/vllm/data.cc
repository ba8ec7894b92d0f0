#include "backends/vllm/data.h"

#include "embedded/vllm_files.h"

namespace redline::backends::vllm {

std::string_view DataFile(std::string_view name) {
  for (const EmbeddedFile& file : embedded::vllm_files())
    if (file.path == name) return file.data;
  return "";
}

}  // namespace redline::backends::vllm
