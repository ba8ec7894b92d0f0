// Files built into the binary by redline_embed() (cmake/Redline.cmake).
#pragma once

#include <span>
#include <string_view>

namespace redline {

struct EmbeddedFile {
  std::string_view path;  // relative to the embedding's root
  std::string_view data;
};

}  // namespace redline
