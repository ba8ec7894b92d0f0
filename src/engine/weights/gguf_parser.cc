// Opening a GGUF file: everything that is checked once.
#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/strings.h"
#include "engine/weights/gguf_reader.h"
#include "engine/weights/header_cursor.h"
#include "engine/weights/tensor_extents.h"

namespace redline::engine {
namespace {

constexpr uint64_t kMaxGgufHeaderBytes = 256 << 20;
constexpr uint64_t kMaxKeys = 1 << 16;
constexpr uint64_t kMaxTensors = 1 << 17;
constexpr uint64_t kMaxNameBytes = 256;
constexpr uint64_t kMaxKeyBytes = 65535;  // the specification's limit
constexpr uint32_t kMaxGgufDims = 4;
constexpr int64_t kDefaultAlignment = 32;
// 8: the mapped file is page-aligned, so every tensor is aligned for its element type.
constexpr int64_t kMinAlignment = 8;
constexpr int64_t kMaxAlignment = 65536;
// The least a key (length, one byte, type, value) and a tensor (length, one byte, dims, type,
// offset) take: what bounds the counts.
constexpr uint64_t kMinKeyBytes = 8 + 1 + 4 + 1;
constexpr uint64_t kMinTensorInfoBytes = 8 + 1 + 4 + 8 + 4 + 8;

}  // namespace

// Fills a GgufFile from its bytes; lives for one Open.
class GgufParser {
 public:
  explicit GgufParser(GgufFile& out) : out_(out), cursor_(*out.file_, kMaxGgufHeaderBytes) {}

  Status Parse() {
    RL_RETURN_IF_ERROR(ReadPreamble());
    for (uint64_t i = 0; i < num_keys_; ++i) RL_RETURN_IF_ERROR(ReadKey());
    std::vector<TensorInfo> infos;
    infos.reserve(num_tensors_);
    for (uint64_t i = 0; i < num_tensors_; ++i) {
      RL_ASSIGN_OR_RETURN(TensorInfo info, ReadTensorInfo());
      infos.push_back(std::move(info));
    }
    const uint64_t header_end = cursor_.position();
    out_.header_ = std::move(cursor_).TakeBytes();
    RL_RETURN_IF_ERROR(DecodeKeys());
    return PlaceTensors(std::move(infos), header_end);
  }

 private:
  // A span of the header, by offset: the buffer moves while it grows.
  struct Span {
    uint64_t begin = 0;
    uint64_t size = 0;
  };
  struct KeyInfo {
    std::string name;
    GgufType type;
    GgufType element_type;  // of an array
    uint64_t count;         // of an array
    Span value;
  };
  struct TensorInfo {
    TensorView view;
    uint64_t offset;
  };

  Status ReadPreamble() {
    std::array<char, 4> magic;
    uint32_t version = 0;
    RL_RETURN_IF_ERROR(cursor_.Read(&magic, "magic number"));
    if (std::string_view(magic.data(), 4) != "GGUF") return DataLoss("not a GGUF file");
    RL_RETURN_IF_ERROR(cursor_.Read(&version, "version"));
    if (version == 0x02000000 || version == 0x03000000)
      return Unimplemented("a big-endian GGUF file; little-endian needed");
    if (version != 2 && version != 3)
      return Unimplemented("GGUF version " + std::to_string(version) +
                           " is not supported; this engine reads versions 2 and 3");
    RL_RETURN_IF_ERROR(cursor_.Read(&num_tensors_, "tensor count"));
    RL_RETURN_IF_ERROR(cursor_.Read(&num_keys_, "key count"));
    if (num_keys_ > std::min(kMaxKeys, cursor_.remaining() / kMinKeyBytes))
      return DataLoss("claims " + std::to_string(num_keys_) +
                      " keys, more than a file of its size holds");
    if (num_tensors_ > std::min(kMaxTensors, cursor_.remaining() / kMinTensorInfoBytes))
      return DataLoss("claims " + std::to_string(num_tensors_) +
                      " tensors, more than a file of its size holds");
    return OkStatus();
  }

  Result<Span> ReadString(uint64_t max_bytes, const char* what) {
    uint64_t length = 0;
    RL_RETURN_IF_ERROR(cursor_.Read(&length, what));
    if (length > max_bytes && length <= cursor_.remaining())
      return DataLoss("a " + std::string(what) + " is " + std::to_string(length) + " bytes long");
    RL_RETURN_IF_ERROR(cursor_.Advance(length, what));
    return Span{cursor_.position() - length, length};
  }

  std::string Text(Span span) const { return cursor_.bytes().substr(span.begin, span.size); }

  Status ReadKey() {
    RL_ASSIGN_OR_RETURN(const Span name, ReadString(kMaxKeyBytes, "key"));
    KeyInfo key{.name = Text(name), .type = {}, .element_type = {}, .count = 0, .value = {}};
    RL_RETURN_IF_ERROR(cursor_.Read(&key.type, "value type"));
    if (key.type == GgufType::kArray) {
      RL_RETURN_IF_ERROR(ReadArray(key));
    } else if (key.type == GgufType::kString) {
      RL_ASSIGN_OR_RETURN(key.value, ReadString(kMaxGgufHeaderBytes, "string"));
    } else {
      const auto bytes = ScalarBytes(key.type);
      if (!bytes) return UnknownValueType(key.name, key.type);
      RL_RETURN_IF_ERROR(cursor_.Advance(*bytes, "value"));
      key.value = {cursor_.position() - *bytes, *bytes};
    }
    keys_.push_back(std::move(key));
    return OkStatus();
  }

  Status ReadArray(KeyInfo& key) {
    RL_RETURN_IF_ERROR(cursor_.Read(&key.element_type, "array type"));
    RL_RETURN_IF_ERROR(cursor_.Read(&key.count, "array length"));
    const auto bytes = ScalarBytes(key.element_type);
    if (!bytes || key.element_type == GgufType::kArray)
      return UnknownValueType(key.name, key.element_type);
    const uint64_t least_bytes = *bytes == 0 ? sizeof(uint64_t) : *bytes;
    if (key.count > cursor_.remaining() / least_bytes)
      return DataLoss("key \"" + Excerpt(key.name) + "\" claims " + std::to_string(key.count) +
                      " elements, more than the file can hold");
    const uint64_t begin = cursor_.position();
    if (key.element_type != GgufType::kString) {
      RL_RETURN_IF_ERROR(cursor_.Advance(key.count * *bytes, "array"));
    } else {
      for (uint64_t i = 0; i < key.count; ++i)
        RL_RETURN_IF_ERROR(ReadString(kMaxGgufHeaderBytes, "string").status());
    }
    key.value = {begin, cursor_.position() - begin};
    return OkStatus();
  }

  Status UnknownValueType(const std::string& key, GgufType type) const {
    return DataLoss("key \"" + Excerpt(key) + "\" has a value of the unsupported type " +
                    std::to_string(static_cast<uint32_t>(type)));
  }

  Result<TensorInfo> ReadTensorInfo() {
    RL_ASSIGN_OR_RETURN(const Span name, ReadString(kMaxNameBytes, "tensor name"));
    TensorInfo info;
    info.view.name = Text(name);
    uint32_t num_dims = 0;
    RL_RETURN_IF_ERROR(cursor_.Read(&num_dims, "tensor's dimension count"));
    if (num_dims < 1 || num_dims > kMaxGgufDims)
      return DataLoss("tensor \"" + Excerpt(info.view.name) + "\" has " + std::to_string(num_dims) +
                      " dimensions; 1 to 4 expected");
    std::array<int64_t, kMaxGgufDims> dims;
    for (uint32_t i = 0; i < num_dims; ++i)
      RL_RETURN_IF_ERROR(cursor_.Read(&dims[i], "tensor's dimensions"));
    info.view.shape.assign(dims.rend() - num_dims, dims.rend());
    uint32_t type_id = 0;
    RL_RETURN_IF_ERROR(cursor_.Read(&type_id, "tensor's type"));
    RL_RETURN_IF_ERROR(cursor_.Read(&info.offset, "tensor's offset"));
    RL_ASSIGN_OR_RETURN(info.view.dtype, TensorTypeOf(type_id, info.view.name));
    RL_ASSIGN_OR_RETURN(info.view.num_bytes,
                        CheckedTensorBytes(info.view.name, info.view.dtype, info.view.shape));
    return info;
  }

  std::string_view View(Span span) const {
    return std::string_view(out_.header_).substr(span.begin, span.size);
  }

  Status DecodeKeys() {
    for (const KeyInfo& key : keys_) {
      GgufValue value;
      if (key.type == GgufType::kArray) {
        value = GgufArray{key.element_type, key.count, View(key.value)};
      } else if (key.type == GgufType::kString) {
        value = View(key.value);
      } else {
        value = DecodeScalar(key.type, View(key.value).data());
      }
      if (!out_.metadata_.emplace(key.name, value).second)
        return DataLoss("key \"" + Excerpt(key.name) + "\" is there twice");
    }
    return OkStatus();
  }

  Result<uint64_t> Alignment() const {
    RL_ASSIGN_OR_RETURN(const auto stored, out_.Int("general.alignment"));
    const int64_t alignment = stored.value_or(kDefaultAlignment);
    if (alignment < kMinAlignment || alignment > kMaxAlignment ||
        (alignment & (alignment - 1)) != 0)
      return DataLoss("general.alignment is " + std::to_string(alignment) +
                      "; a power of two from 8 to 65536 expected");
    return static_cast<uint64_t>(alignment);
  }

  Status PlaceTensors(std::vector<TensorInfo> infos, uint64_t header_end) {
    RL_ASSIGN_OR_RETURN(const uint64_t alignment, Alignment());
    const uint64_t data_begin = (header_end + alignment - 1) / alignment * alignment;
    std::unordered_set<std::string_view> names;
    std::vector<TensorExtent> extents;
    for (TensorInfo& info : infos) {
      const std::string quoted = "tensor \"" + Excerpt(info.view.name) + "\"";
      if (!names.insert(info.view.name).second) return DataLoss(quoted + " is there twice");
      if (info.offset % alignment != 0)
        return DataLoss(quoted + " is not aligned to " + std::to_string(alignment) + " bytes");
      if (info.offset > out_.file_->size()) return DataLoss(quoted + " lies past the file's end");
      const auto num_bytes = static_cast<uint64_t>(info.view.num_bytes);
      auto range = out_.file_->Range(data_begin + info.offset, num_bytes);
      if (!range.ok()) return range.status().WithContext(quoted);
      info.view.data = range->data();
      extents.push_back({info.view.name, info.offset, num_bytes});
    }
    RL_RETURN_IF_ERROR(CheckNoOverlap(std::move(extents)));
    for (TensorInfo& info : infos) out_.tensors_.push_back(std::move(info.view));
    return OkStatus();
  }

  GgufFile& out_;
  HeaderCursor cursor_;
  uint64_t num_tensors_ = 0;
  uint64_t num_keys_ = 0;
  std::vector<KeyInfo> keys_;
};

Result<std::unique_ptr<GgufFile>> GgufFile::Open(std::unique_ptr<MappedFile> file) {
  std::unique_ptr<GgufFile> gguf(new GgufFile(std::move(file)));
  RL_RETURN_IF_ERROR(GgufParser(*gguf).Parse().WithContext(gguf->file().name()));
  return gguf;
}

}  // namespace redline::engine
