// Reads and writes any struct that has a VisitFields() list (spec/fields.h) as a JSON object.
// Heavy: include it in .cc files only.
#pragma once

#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "spec/fields.h"

namespace redline::spec {

// People get told about a misspelt key; a process of another version may know more keys than we do.
enum class UnknownKeys { kRefuse, kIgnore };

namespace json_internal {

struct AnyVisitor {
  template <typename T>
  void operator()(const char*, T&) {}
  template <typename T>
  void Time(const char*, T&) {}
};

template <typename T>
concept HasFields = requires(AnyVisitor& visitor, T& value) {
  VisitFields(visitor, value);
};

template <typename T>
constexpr bool kIsVector = false;
template <typename T>
constexpr bool kIsVector<std::vector<T>> = true;
template <typename T>
constexpr bool kIsOptional = false;
template <typename T>
constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
constexpr bool kIsMap = false;
template <typename T>
constexpr bool kIsMap<std::map<std::string, T>> = true;

// Unix milliseconds of "2026-01-02T03:04:05[.678]Z"; nullopt for anything else.
std::optional<int64_t> ParseRfc3339(std::string_view text);
Status WrongType(std::string_view path, const char* expected, const nlohmann::json& value);

Status Read(const nlohmann::json& json, std::string_view path, std::string& value);
Status Read(const nlohmann::json& json, std::string_view path, int64_t& value);
Status Read(const nlohmann::json& json, std::string_view path, double& value);
Status Read(const nlohmann::json& json, std::string_view path, bool& value);
Status Read(const nlohmann::json& json, std::string_view path, InstanceState& value);
Status Read(const nlohmann::json& json, std::string_view path, Evidence::Kind& value);
Status Read(const nlohmann::json& json, std::string_view path, ParameterValue& value);
Status Read(const nlohmann::json& json, std::string_view path, LengthSpec::Distribution& value);
Status Read(const nlohmann::json& json, std::string_view path, ArrivalSpec::Process& value);
Status Read(const nlohmann::json& json, std::string_view path, DatasetSpec::Format& value);
Status ReadTime(const nlohmann::json& json, std::string_view path, int64_t& unix_millis);

template <typename T>
nlohmann::json Write(const T& value);

class Writer {
 public:
  template <typename T>
  void operator()(const char* name, const T& value) {
    object_[name] = Write(value);
  }
  void Time(const char* name, int64_t unix_millis) {
    object_[name] = unix_millis == 0 ? std::string() : FormatRfc3339(unix_millis);
  }
  nlohmann::json Take() { return std::move(object_); }

 private:
  nlohmann::json object_ = nlohmann::json::object();
};

template <typename T>
nlohmann::json Write(const T& value) {
  if constexpr (HasFields<const T>) {
    Writer writer;
    VisitFields(writer, value);
    return writer.Take();
  } else if constexpr (std::is_enum_v<T>) {
    return std::string(NameOf(value));
  } else if constexpr (std::same_as<T, ParameterValue>) {
    return std::visit([](const auto& held) { return nlohmann::json(held); }, value);
  } else if constexpr (kIsOptional<T>) {
    return value ? Write(*value) : nlohmann::json();
  } else if constexpr (kIsMap<T>) {
    auto object = nlohmann::json::object();
    for (const auto& [key, entry] : value) object[key] = Write(entry);
    return object;
  } else if constexpr (kIsVector<T>) {
    auto array = nlohmann::json::array();
    for (const auto& entry : value) array.push_back(Write(entry));
    return array;
  } else {
    return value;
  }
}

inline std::string Join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

template <typename T>
Status ReadObject(const nlohmann::json& json, std::string_view path, UnknownKeys unknown, T& value);

template <typename T>
Status ReadArray(const nlohmann::json& json, std::string_view path, UnknownKeys unknown,
                 std::vector<T>& values) {
  if (!json.is_array()) return WrongType(path, "an array", json);
  values.clear();
  for (size_t index = 0; index < json.size(); ++index) {
    const std::string entry_path = std::string(path) + "[" + std::to_string(index) + "]";
    T& value = values.emplace_back();
    if constexpr (HasFields<T>) {
      RL_RETURN_IF_ERROR(ReadObject(json[index], entry_path, unknown, value));
    } else {
      RL_RETURN_IF_ERROR(Read(json[index], entry_path, value));
    }
  }
  return OkStatus();
}

template <typename T>
Status ReadMap(const nlohmann::json& json, std::string_view path, UnknownKeys unknown,
               std::map<std::string, T>& values) {
  if (!json.is_object()) return WrongType(path, "an object", json);
  values.clear();
  for (const auto& [key, entry] : json.items()) {
    if constexpr (HasFields<T>) {
      RL_RETURN_IF_ERROR(ReadObject(entry, Join(path, key), unknown, values[key]));
    } else {
      RL_RETURN_IF_ERROR(Read(entry, Join(path, key), values[key]));
    }
  }
  return OkStatus();
}

// Absent keys and nulls leave a field at its default.
class Reader {
 public:
  Reader(const nlohmann::json& object, std::string_view path, UnknownKeys unknown)
      : object_(object), path_(path), unknown_(unknown) {}

  template <typename T>
  void operator()(const char* name, T& value) {
    if (const nlohmann::json* field = Find(name)) ReadField(*field, Join(path_, name), value);
  }
  void Time(const char* name, int64_t& unix_millis) {
    const nlohmann::json* field = Find(name);
    if (field != nullptr) status_ = ReadTime(*field, Join(path_, name), unix_millis);
  }

  Status Finish() const;

 private:
  template <typename T>
  void ReadField(const nlohmann::json& field, const std::string& path, T& value) {
    if constexpr (HasFields<T>) {
      status_ = ReadObject(field, path, unknown_, value);
    } else if constexpr (kIsOptional<T>) {
      ReadField(field, path, value.emplace());
    } else if constexpr (kIsMap<T>) {
      status_ = ReadMap(field, path, unknown_, value);
    } else if constexpr (kIsVector<T>) {
      status_ = ReadArray(field, path, unknown_, value);
    } else {
      status_ = Read(field, path, value);
    }
  }

  const nlohmann::json* Find(const char* name) {
    names_.emplace_back(name);
    if (!status_.ok()) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  const nlohmann::json& object_;
  std::string_view path_;
  UnknownKeys unknown_;
  std::vector<std::string> names_;
  Status status_;
};

template <typename T>
Status ReadObject(const nlohmann::json& json, std::string_view path, UnknownKeys unknown,
                  T& value) {
  if (!json.is_object()) return WrongType(path, "an object", json);
  Reader reader(json, path, unknown);
  VisitFields(reader, value);
  return reader.Finish();
}

}  // namespace json_internal

template <typename T>
nlohmann::json FieldsToJson(const T& value) {
  return json_internal::Write(value);
}

// kInvalidArgument, with the dotted name of the field as its param.
template <typename T>
Result<T> FieldsFromJson(const nlohmann::json& json, UnknownKeys unknown) {
  T value;
  RL_RETURN_IF_ERROR(json_internal::ReadObject(json, "", unknown, value));
  return value;
}

}  // namespace redline::spec
