#include "engine/weights/gguf_reader.h"

#include <cstring>

namespace redline::engine {

Status GgufFile::WrongType(std::string_view key, std::string_view expected) const {
  return DataLoss("key \"" + std::string(key) + "\" is not " + std::string(expected));
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
    uint64_t length = 0;  // checked by the parser
    std::memcpy(&length, rest.data(), sizeof(length));
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
