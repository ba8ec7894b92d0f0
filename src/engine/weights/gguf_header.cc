#include "engine/weights/gguf_header.h"

#include <algorithm>

#include "engine/weights/gguf_config.h"
#include "engine/weights/gguf_reader.h"
#include "engine/weights/tensor_names.h"

namespace redline::engine {
namespace {

Result<GgufHeader> HeaderOf(const GgufFile& gguf) {
  GgufHeader header;
  RL_ASSIGN_OR_RETURN(header.config, ConfigFromGguf(gguf));
  RL_ASSIGN_OR_RETURN(const std::vector<TensorView> views,
                      SelectTensors(header.config, NameStyle::kGguf, GgufWeights(gguf)));
  for (const TensorView& view : views)
    header.tensors.push_back({view.name, view.dtype, view.shape});
  return header;
}

}  // namespace

Result<GgufHeader> ReadGgufHeader(const std::filesystem::path& path) {
  RL_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
  const std::string name = file->name();
  const auto gguf = GgufFile::Open(std::move(file));
  if (!gguf.ok()) return gguf.status().WithContext(name);
  auto header = HeaderOf(**gguf);
  if (!header.ok()) return header.status().WithContext(name);
  return header;
}

}  // namespace redline::engine
