#include "engine/weights/safetensors_reader.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/strings.h"
#include "engine/weights/header_cursor.h"
#include "engine/weights/json_file.h"
#include "engine/weights/tensor_extents.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxJsonBytes = 100'000'000;  // the format's own limit
constexpr size_t kMaxSafetensorsDims = 8;
constexpr std::string_view kKnownDTypes[] = {
    "BOOL", "U8",  "I8",  "F8_E4M3", "F8_E5M2", "F8_E8M0", "I16",     "U16", "I32",
    "U32",  "F64", "I64", "U64",     "F4",      "F6_E2M3", "F6_E3M2", "C64"};

Result<DType> DTypeOf(const std::string& name, const std::string& tensor) {
  if (name == "F32") return DType::kF32;
  if (name == "F16") return DType::kF16;
  if (name == "BF16") return DType::kBF16;
  const std::string prefix = tensor + " has dtype \"" + Excerpt(name) + "\"";
  if (std::find(std::begin(kKnownDTypes), std::end(kKnownDTypes), name) != std::end(kKnownDTypes))
    return Unimplemented(prefix + "; this engine reads F32, F16 and BF16");
  return DataLoss(prefix + ", which safetensors does not know");
}

// A list of non-negative integers below 2^63, or nullopt.
std::optional<std::vector<int64_t>> IntegerList(const Json& json, size_t max_size) {
  if (!json.is_array() || json.size() > max_size) return std::nullopt;
  std::vector<int64_t> values;
  for (const Json& item : json) {
    if (!item.is_number_unsigned()) return std::nullopt;
    if (item.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
    values.push_back(item.get<int64_t>());
  }
  return values;
}

}  // namespace

// Fills a SafetensorsFile from its bytes; lives for one Open.
class SafetensorsParser {
 public:
  explicit SafetensorsParser(SafetensorsFile& out) : out_(out) {}

  Status Parse() {
    RL_ASSIGN_OR_RETURN(const Json header, ReadHeader());
    if (!header.is_object()) return DataLoss("the header is not a JSON object");
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") continue;  // free-form strings about the file
      RL_RETURN_IF_ERROR(ReadEntry(name, entry));
    }
    return CheckExtents();
  }

 private:
  Status CheckExtents() const {
    std::vector<TensorExtent> extents;
    for (size_t i = 0; i < begins_.size(); ++i)
      extents.push_back(
          {out_.tensors_[i].name, begins_[i], static_cast<uint64_t>(out_.tensors_[i].num_bytes)});
    return CheckNoOverlap(std::move(extents));
  }

  Result<Json> ReadHeader() {
    HeaderCursor cursor(*out_.file_, kMaxJsonBytes + sizeof(uint64_t));
    uint64_t header_bytes = 0;
    RL_RETURN_IF_ERROR(cursor.Read(&header_bytes, "header length"));
    if (header_bytes > kMaxJsonBytes || header_bytes > cursor.remaining())
      return DataLoss("claims a header of " + std::to_string(header_bytes) +
                      " bytes; the file is damaged, cut short or not safetensors");
    RL_RETURN_IF_ERROR(cursor.Advance(header_bytes, "header"));
    data_begin_ = cursor.position();
    const std::string_view text(cursor.bytes());
    return ParseFileJson(text.substr(sizeof(uint64_t), header_bytes), "the header", kMaxJsonBytes);
  }

  Status ReadEntry(const std::string& name, const Json& entry) {
    const std::string quoted = "tensor \"" + Excerpt(name) + "\"";
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
        !entry.contains("shape") || !entry.contains("data_offsets"))
      return DataLoss(quoted + " needs dtype, shape and data_offsets");
    const auto shape = IntegerList(entry["shape"], kMaxSafetensorsDims);
    if (!shape) return DataLoss(quoted + " has a damaged shape");
    const auto offsets = IntegerList(entry["data_offsets"], 2);
    if (!offsets || offsets->size() != 2 || offsets->front() > offsets->back())
      return DataLoss(quoted + " has damaged data_offsets");
    TensorView view{.name = name, .dtype = {}, .shape = *shape, .data = nullptr, .num_bytes = 0};
    RL_ASSIGN_OR_RETURN(view.dtype, DTypeOf(entry["dtype"].get<std::string>(), quoted));
    return Place(std::move(view), static_cast<uint64_t>(offsets->front()),
                 static_cast<uint64_t>(offsets->back()));
  }

  // `begin` and `end`: in the data section, both below 2^63.
  Status Place(TensorView view, uint64_t begin, uint64_t end) {
    RL_ASSIGN_OR_RETURN(view.num_bytes, CheckedTensorBytes(view.name, view.dtype, view.shape));
    const std::string quoted = "tensor \"" + Excerpt(view.name) + "\"";
    if (end - begin != static_cast<uint64_t>(view.num_bytes))
      return DataLoss(quoted + " of shape " + ShapeText(view.shape) + " needs " +
                      std::to_string(view.num_bytes) + " bytes but has " +
                      std::to_string(end - begin));
    auto range = out_.file_->Range(data_begin_ + begin, end - begin);
    if (!range.ok()) return range.status().WithContext(quoted);
    view.data = range->data();
    RL_RETURN_IF_ERROR(Realign(view, data_begin_ + begin));
    out_.tensors_.push_back(std::move(view));
    begins_.push_back(begin);
    return OkStatus();
  }

  Status Realign(TensorView& view, uint64_t file_offset) {
    const auto alignment = static_cast<uint64_t>(InfoOf(view.dtype).block_bytes);
    if (file_offset % alignment == 0) return OkStatus();
    const auto size = static_cast<size_t>(view.num_bytes);
    out_.realigned_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
    view.data = out_.realigned_.back().get();
    return out_.file_->ReadAt(
        file_offset, std::span(reinterpret_cast<char*>(out_.realigned_.back().get()), size));
  }

  SafetensorsFile& out_;
  uint64_t data_begin_ = 0;
  std::vector<uint64_t> begins_;  // of tensors_, in the data section
};

Result<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Open(std::unique_ptr<MappedFile> file) {
  std::unique_ptr<SafetensorsFile> safetensors(new SafetensorsFile(std::move(file)));
  RL_RETURN_IF_ERROR(
      SafetensorsParser(*safetensors).Parse().WithContext(safetensors->file().name()));
  return safetensors;
}

}  // namespace redline::engine
