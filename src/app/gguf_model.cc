#include "app/gguf_model.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "embedded/catalog_files.h"
#include "engine/export/hf_files.h"
#include "engine/weights/gguf_header.h"
#include "planner/model/model_shape_reader.h"
#include "planner/model/stored_tensors.h"
#include "platform/catalog/catalog.h"
#include "platform/fetch/model_cache.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

using planner::NumberFormat;

NumberFormat FormatOf(engine::DType dtype) {
  const engine::DTypeInfo& info = engine::InfoOf(dtype);
  if (dtype == engine::DType::kF32) return {.kind = NumberFormat::Kind::kFloat32};
  if (!info.IsQuantized()) return {.kind = NumberFormat::Kind::kFloat16};
  return {.kind = NumberFormat::Kind::kBlock,
          .block_columns = info.block_elements,
          .block_bytes = info.block_bytes,
          .block_name = std::string(info.name)};
}

Result<planner::KnownModel> ModelOfHeader(const engine::GgufHeader& header) {
  RL_ASSIGN_OR_RETURN(const std::string config,
                      engine::MakeHfConfig(header.config, engine::DType::kBF16));
  planner::KnownModel model;
  model.config = nlohmann::json::parse(config, nullptr, /*allow_exceptions=*/false);
  RL_ASSIGN_OR_RETURN(const planner::ModelShape shape, planner::ModelShapeFromConfig(model.config));
  std::vector<planner::StoredTensor> tensors;
  for (const auto& tensor : header.tensors)
    tensors.push_back({tensor.name, tensor.shape, FormatOf(tensor.dtype)});
  RL_ASSIGN_OR_RETURN(model.shape, planner::WithStoredTensors(shape, tensors));
  return model;
}

}  // namespace

Result<planner::KnownModel> ModelOfGguf(const std::filesystem::path& path) {
  RL_ASSIGN_OR_RETURN(const engine::GgufHeader header, engine::ReadGgufHeader(path));
  auto model = ModelOfHeader(header);
  if (!model.ok()) return model.status().WithContext(path.filename().string());
  model->name = path.stem().string();
  return model;
}

Result<std::optional<planner::KnownModel>> GgufOfLibrary(const std::string& name) {
  RL_ASSIGN_OR_RETURN(const auto catalog, platform::Catalog::Parse(embedded::catalog_files()));
  const auto entry = catalog.Find(name);
  if (!entry.ok() || (*entry)->files.size() != 1) return std::optional<planner::KnownModel>();
  const spec::ModelFile& file = (*entry)->files.front();
  if (!file.path.ends_with(".gguf")) return std::optional<planner::KnownModel>();
  const platform::ModelCache cache(platform::DefaultCacheDir(), (*entry)->name);
  std::error_code error;
  if (!std::filesystem::is_regular_file(cache.PathOf(file), error))
    return NotFound(
        fmt::format("{} is not on this machine, and a plan needs the header of its "
                    "file; run `redline pull {}`",
                    (*entry)->name, (*entry)->name));
  RL_ASSIGN_OR_RETURN(planner::KnownModel model, ModelOfGguf(cache.PathOf(file)));
  model.name = (*entry)->name;
  return std::optional<planner::KnownModel>(std::move(model));
}

}  // namespace redline::app
