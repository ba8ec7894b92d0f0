#include "engine/weights/gguf_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "base/strings.h"
#include "engine/weights/header_cursor.h"
#include "engine/weights/tensor_extents.h"

namespace redline::engine {
namespace {

constexpr uint64_t kMaxHeaderBytes = 256 << 20;
constexpr uint64_t kMaxNameBytes = 256;
constexpr uint64_t kMaxKeyBytes = 65535;  // the specification's limit
constexpr uint32_t kMaxDims = 4;
constexpr int64_t kDefaultAlignment = 32;
// 8: the mapped file is page-aligned, so every tensor is aligned for its element type.
constexpr int64_t kMinAlignment = 8;
constexpr int64_t kMaxAlignment = 65536;
// The least a key (length, one byte, type, value) and a tensor (length, one byte, dims, type,
// offset) take: what bounds the counts.
constexpr uint64_t kMinKeyBytes = 8 + 1 + 4 + 1;
constexpr uint64_t kMinTensorInfoBytes = 8 + 1 + 4 + 8 + 4 + 8;

struct TensorTypeRow {
  uint32_t id;
  std::string_view name;
  std::optional<DType> dtype;  // nullopt: known, not supported
};

// ggml_type. The quantised formats that real files use but this engine lacks are named, so that the
// refusal tells the user what to look for.
constexpr std::array<TensorTypeRow, 32> kTensorTypes = {{
    {0, "F32", DType::kF32},      {1, "F16", DType::kF16},       {2, "Q4_0", DType::kQ4_0},
    {3, "Q4_1", DType::kQ4_1},    {6, "Q5_0", std::nullopt},     {7, "Q5_1", std::nullopt},
    {8, "Q8_0", DType::kQ8_0},    {9, "Q8_1", std::nullopt},     {10, "Q2_K", std::nullopt},
    {11, "Q3_K", std::nullopt},   {12, "Q4_K", std::nullopt},    {13, "Q5_K", std::nullopt},
    {14, "Q6_K", std::nullopt},   {15, "Q8_K", std::nullopt},    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt}, {18, "IQ3_XXS", std::nullopt}, {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt}, {21, "IQ3_S", std::nullopt},   {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt}, {24, "I8", std::nullopt},      {25, "I16", std::nullopt},
    {26, "I32", std::nullopt},    {27, "I64", std::nullopt},     {28, "F64", std::nullopt},
    {29, "IQ1_M", std::nullopt},  {30, "BF16", DType::kBF16},    {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},  {39, "MXFP4", std::nullopt},
}};

Result<DType> TensorTypeOf(uint32_t id, std::string_view tensor_name) {
  const std::string tensor = "tensor \"" + EscapeControl(tensor_name) + "\"";
  for (const TensorTypeRow& row : kTensorTypes) {
    if (row.id != id) continue;
    if (row.dtype) return *row.dtype;
    return Unimplemented(tensor + " has type " + std::string(row.name) +
                         "; this engine reads F32, F16, BF16, Q8_0, Q4_0 and Q4_1");
  }
  return DataLoss(tensor + " has the unknown type " + std::to_string(id));
}

// Bytes of one value; 0 for strings and arrays, nullopt for unknown types.
std::optional<uint64_t> ScalarBytes(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool:
      return 1;
    case GgufType::kUint16:
    case GgufType::kInt16:
      return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32:
      return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64:
      return 8;
    case GgufType::kString:
    case GgufType::kArray:
      return 0;
  }
  return std::nullopt;
}

template <typename T>
T LoadAs(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// A scalar of a type that ScalarBytes gave a size for. A uint64 above int64's range becomes -1,
// which no key of this format may have.
GgufValue DecodeScalar(GgufType type, const char* from) {
  switch (type) {
    case GgufType::kUint8:
      return int64_t{LoadAs<uint8_t>(from)};
    case GgufType::kInt8:
      return int64_t{LoadAs<int8_t>(from)};
    case GgufType::kUint16:
      return int64_t{LoadAs<uint16_t>(from)};
    case GgufType::kInt16:
      return int64_t{LoadAs<int16_t>(from)};
    case GgufType::kUint32:
      return int64_t{LoadAs<uint32_t>(from)};
    case GgufType::kInt32:
      return int64_t{LoadAs<int32_t>(from)};
    case GgufType::kInt64:
      return LoadAs<int64_t>(from);
    case GgufType::kUint64:
      return static_cast<int64_t>(LoadAs<uint64_t>(from) >
                                          static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
                                      ? uint64_t{~uint64_t{0}}
                                      : LoadAs<uint64_t>(from));
    case GgufType::kFloat32:
      return double{LoadAs<float>(from)};
    case GgufType::kFloat64:
      return LoadAs<double>(from);
    default:
      return LoadAs<uint8_t>(from) != 0;  // kBool
  }
}

}  // namespace

// Fills a GgufFile from its bytes; lives for one Open.
class GgufParser {
 public:
  explicit GgufParser(GgufFile& out) : out_(out), cursor_(*out.file_, kMaxHeaderBytes) {}

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

  Status Corrupt(const std::string& what) const {
    return DataLoss(out_.file_->name() + ": " + what);
  }

  Status ReadPreamble() {
    std::array<char, 4> magic;
    uint32_t version = 0;
    RL_RETURN_IF_ERROR(cursor_.Read(&magic, "magic number"));
    if (std::string_view(magic.data(), 4) != "GGUF") return Corrupt("not a GGUF file");
    RL_RETURN_IF_ERROR(cursor_.Read(&version, "version"));
    if (version == 0x02000000 || version == 0x03000000)
      return Unimplemented(out_.file_->name() + " is a big-endian GGUF file; little-endian needed");
    if (version != 2 && version != 3)
      return Unimplemented(out_.file_->name() + " has GGUF version " + std::to_string(version) +
                           "; this engine reads versions 2 and 3");
    RL_RETURN_IF_ERROR(cursor_.Read(&num_tensors_, "tensor count"));
    RL_RETURN_IF_ERROR(cursor_.Read(&num_keys_, "key count"));
    if (num_keys_ > cursor_.remaining() / kMinKeyBytes)
      return Corrupt("claims " + std::to_string(num_keys_) + " keys, more than it can hold");
    if (num_tensors_ > cursor_.remaining() / kMinTensorInfoBytes)
      return Corrupt("claims " + std::to_string(num_tensors_) + " tensors, more than it can hold");
    return OkStatus();
  }

  Result<Span> ReadString(uint64_t max_bytes, const char* what) {
    uint64_t length = 0;
    RL_RETURN_IF_ERROR(cursor_.Read(&length, what));
    if (length > max_bytes && length <= cursor_.remaining())
      return Corrupt("a " + std::string(what) + " is " + std::to_string(length) + " bytes long");
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
      RL_ASSIGN_OR_RETURN(key.value, ReadString(kMaxHeaderBytes, "string"));
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
      return Corrupt("key \"" + EscapeControl(key.name) + "\" claims " + std::to_string(key.count) +
                     " elements, more than the file can hold");
    const uint64_t begin = cursor_.position();
    if (key.element_type != GgufType::kString) {
      RL_RETURN_IF_ERROR(cursor_.Advance(key.count * *bytes, "array"));
    } else {
      for (uint64_t i = 0; i < key.count; ++i)
        RL_RETURN_IF_ERROR(ReadString(kMaxHeaderBytes, "string").status());
    }
    key.value = {begin, cursor_.position() - begin};
    return OkStatus();
  }

  Status UnknownValueType(const std::string& key, GgufType type) const {
    return Corrupt("key \"" + EscapeControl(key) + "\" has a value of the unsupported type " +
                   std::to_string(static_cast<uint32_t>(type)));
  }

  Result<TensorInfo> ReadTensorInfo() {
    RL_ASSIGN_OR_RETURN(const Span name, ReadString(kMaxNameBytes, "tensor name"));
    TensorInfo info;
    info.view.name = Text(name);
    uint32_t num_dims = 0;
    RL_RETURN_IF_ERROR(cursor_.Read(&num_dims, "tensor's dimension count"));
    if (num_dims < 1 || num_dims > kMaxDims)
      return Corrupt("tensor \"" + EscapeControl(info.view.name) + "\" has " +
                     std::to_string(num_dims) + " dimensions; 1 to 4 expected");
    std::array<int64_t, kMaxDims> dims;
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
        return Corrupt("key \"" + EscapeControl(key.name) + "\" is there twice");
    }
    return OkStatus();
  }

  Result<uint64_t> Alignment() const {
    RL_ASSIGN_OR_RETURN(const auto stored, out_.Int("general.alignment"));
    const int64_t alignment = stored.value_or(kDefaultAlignment);
    if (alignment < kMinAlignment || alignment > kMaxAlignment ||
        (alignment & (alignment - 1)) != 0)
      return Corrupt("general.alignment is " + std::to_string(alignment) +
                     "; a power of two from 8 to 65536 expected");
    return static_cast<uint64_t>(alignment);
  }

  Status PlaceTensors(std::vector<TensorInfo> infos, uint64_t header_end) {
    RL_ASSIGN_OR_RETURN(const uint64_t alignment, Alignment());
    const uint64_t data_begin = (header_end + alignment - 1) / alignment * alignment;
    std::unordered_set<std::string_view> names;
    std::vector<TensorExtent> extents;
    for (TensorInfo& info : infos) {
      const std::string quoted = "tensor \"" + EscapeControl(info.view.name) + "\"";
      if (!names.insert(info.view.name).second) return Corrupt(quoted + " is there twice");
      if (info.offset % alignment != 0)
        return Corrupt(quoted + " is not aligned to " + std::to_string(alignment) + " bytes");
      if (info.offset > out_.file_->size()) return Corrupt(quoted + " lies past the file's end");
      const auto num_bytes = static_cast<uint64_t>(info.view.num_bytes);
      auto range = out_.file_->Range(data_begin + info.offset, num_bytes);
      if (!range.ok()) return range.status().WithContext(quoted);
      info.view.data = range->data();
      extents.push_back({info.view.name, info.offset, num_bytes});
    }
    RL_RETURN_IF_ERROR(CheckNoOverlap(std::move(extents)).WithContext(out_.file_->name()));
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
  RL_RETURN_IF_ERROR(GgufParser(*gguf).Parse());
  return gguf;
}

Status GgufFile::WrongType(std::string_view key, std::string_view expected) const {
  return DataLoss(file_->name() + ": key \"" + std::string(key) + "\" is not " +
                  std::string(expected));
}

template <typename T>
Result<std::optional<T>> GgufFile::Scalar(std::string_view key, std::string_view type_name) const {
  const auto entry = metadata_.find(key);
  if (entry == metadata_.end()) return std::optional<T>();
  if (const T* value = std::get_if<T>(&entry->second)) return std::optional<T>(*value);
  return WrongType(key, type_name);
}

Result<std::optional<int64_t>> GgufFile::Int(std::string_view key) const {
  return Scalar<int64_t>(key, "an integer");
}

Result<std::optional<double>> GgufFile::Float(std::string_view key) const {
  return Scalar<double>(key, "a floating-point number");
}

Result<std::optional<bool>> GgufFile::Bool(std::string_view key) const {
  return Scalar<bool>(key, "a boolean");
}

Result<std::optional<std::string>> GgufFile::String(std::string_view key) const {
  RL_ASSIGN_OR_RETURN(const auto view, Scalar<std::string_view>(key, "a string"));
  if (!view) return std::optional<std::string>();
  return std::optional<std::string>(*view);
}

Result<GgufArray> GgufFile::Array(std::string_view key) const {
  RL_ASSIGN_OR_RETURN(const auto array, Scalar<GgufArray>(key, "an array"));
  return array.value_or(GgufArray{});
}

Result<std::vector<std::string>> GgufFile::Strings(std::string_view key) const {
  RL_ASSIGN_OR_RETURN(const GgufArray array, Array(key));
  if (array.count > 0 && array.type != GgufType::kString)
    return WrongType(key, "an array of strings");
  std::vector<std::string> strings;
  strings.reserve(array.count);
  for (std::string_view rest = array.bytes; !rest.empty();) {
    const uint64_t length = LoadAs<uint64_t>(rest.data());  // checked by the parser
    strings.emplace_back(rest.substr(sizeof(length), length));
    rest.remove_prefix(sizeof(length) + length);
  }
  return strings;
}

Result<std::vector<int32_t>> GgufFile::Ints(std::string_view key) const {
  RL_ASSIGN_OR_RETURN(const GgufArray array, Array(key));
  if (array.count > 0 && array.type != GgufType::kInt32 && array.type != GgufType::kUint32)
    return WrongType(key, "an array of 32-bit integers");
  std::vector<int32_t> values(array.count);
  if (array.count > 0) std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

Result<std::vector<float>> GgufFile::Floats(std::string_view key) const {
  RL_ASSIGN_OR_RETURN(const GgufArray array, Array(key));
  if (array.count > 0 && array.type != GgufType::kFloat32)
    return WrongType(key, "an array of 32-bit floats");
  std::vector<float> values(array.count);
  if (array.count > 0) std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

}  // namespace redline::engine
