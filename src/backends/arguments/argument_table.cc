#include "backends/arguments/argument_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace redline::backends {
namespace {

using nlohmann::json;

template <typename Enum, size_t kSize>
using Names = std::array<std::pair<std::string_view, Enum>, kSize>;

constexpr Names<ArgumentAction, 6> kActions = {
    {{"store", ArgumentAction::kStore},
     {"store_true", ArgumentAction::kStoreTrue},
     {"store_false", ArgumentAction::kStoreFalse},
     {"append", ArgumentAction::kAppend},
     {"boolean_optional", ArgumentAction::kBooleanOptional},
     {"help", ArgumentAction::kHelp}}};
constexpr Names<ArgumentType, 7> kTypes = {
    {{"string", ArgumentType::kString},
     {"int", ArgumentType::kInt},
     {"float", ArgumentType::kFloat},
     {"json", ArgumentType::kJson},
     {"string_or_json_object", ArgumentType::kStringOrJsonObject},
     {"human_readable_int", ArgumentType::kHumanReadableInt},
     {"human_readable_int_or_auto", ArgumentType::kHumanReadableIntOrAuto}}};

constexpr Names<ArgumentStyle, 2> kStyles = {
    {{"argparse", ArgumentStyle::kArgparse}, {"click", ArgumentStyle::kClick}}};

template <typename Enum, size_t kSize>
Status ReadEnum(const json& value, const Names<Enum, kSize>& names, Enum* target) {
  for (const auto& [name, candidate] : names) {
    if (value != name) continue;
    *target = candidate;
    return OkStatus();
  }
  return InvalidArgument(fmt::format("unknown value {}", Excerpt(value.dump())));
}

Status ReadString(const json& value, std::string* target) {
  if (!value.is_string()) return InvalidArgument("not a string");
  *target = value.get<std::string>();
  return OkStatus();
}

Status ReadBool(const json& value, bool* target) {
  if (!value.is_boolean()) return InvalidArgument("neither true nor false");
  *target = value.get<bool>();
  return OkStatus();
}

Status ReadFlags(const json& value, std::vector<std::string>* flags) {
  if (!value.is_array()) return InvalidArgument("not a list");
  for (const json& each : value) {
    RL_RETURN_IF_ERROR(ReadString(each, &flags->emplace_back()));
    if (flags->back().size() < 2 || flags->back()[0] != '-')
      return InvalidArgument(fmt::format("\"{}\" is not a flag", Excerpt(flags->back())));
  }
  return OkStatus();
}

Status ReadNargs(const json& value, std::string* nargs) {
  RL_RETURN_IF_ERROR(ReadString(value, nargs));
  if (*nargs == "?" || *nargs == "*" || *nargs == "+") return OkStatus();
  const auto count = ParseInt64(*nargs);
  if (count && *count > 0) return OkStatus();
  return InvalidArgument(fmt::format("\"{}\" is none of ?, *, + and a number", Excerpt(*nargs)));
}

Status ReadChoices(const json& value, std::vector<json>* choices) {
  if (!value.is_array()) return InvalidArgument("not a list");
  *choices = value.get<std::vector<json>>();
  return OkStatus();
}

Status ReadField(const std::string& key, const json& value, Argument* argument) {
  if (key == "flags") return ReadFlags(value, &argument->flags);
  if (key == "dest") return ReadString(value, &argument->dest);
  if (key == "action") return ReadEnum(value, kActions, &argument->action);
  if (key == "type") return ReadEnum(value, kTypes, &argument->type);
  if (key == "nullable") return ReadBool(value, &argument->nullable);
  if (key == "nargs") return ReadNargs(value, &argument->nargs);
  if (key == "choices") return ReadChoices(value, &argument->choices);
  if (key == "required") return ReadBool(value, &argument->required);
  if (key == "renamed_to") return ReadString(value, &argument->renamed_to);
  if (key == "default") return argument->default_value = value, OkStatus();
  if (key == "const") return argument->const_value = value, OkStatus();
  return InvalidArgument("unknown key");
}

Result<Argument> ReadArgument(const json& entry) {
  if (!entry.is_object()) return InvalidArgument("not an object");
  Argument argument;
  for (const auto& [key, value] : entry.items()) {
    if (auto status = ReadField(key, value, &argument); !status.ok())
      return status.WithContext(Excerpt(key));
  }
  if (argument.dest.empty()) return InvalidArgument("dest is missing");
  return argument;
}

}  // namespace

std::string NameOf(const Argument& argument) {
  return argument.flags.empty() ? argument.dest : Join(argument.flags, "/");
}

const Argument* ArgumentTable::FindDest(std::string_view dest) const {
  const auto found = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const Argument& each) { return each.dest == dest; });
  return found == arguments.end() ? nullptr : &*found;
}

const Argument* ArgumentTable::FindFlag(std::string_view flag) const {
  for (const Argument& argument : arguments) {
    if (std::find(argument.flags.begin(), argument.flags.end(), flag) != argument.flags.end())
      return &argument;
  }
  return nullptr;
}

Result<ArgumentTable> ArgumentTableFromJson(std::string_view document) {
  const json parsed = json::parse(document, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return InvalidArgument("argument table: not a JSON object");
  ArgumentTable table;
  json entries;
  for (const auto& [key, value] : parsed.items()) {
    Status status = InvalidArgument("unknown key");
    if (key == "engine") status = ReadString(value, &table.engine);
    if (key == "version") status = ReadString(value, &table.version);
    if (key == "style") status = ReadEnum(value, kStyles, &table.style);
    if (key == "allow_abbrev") status = ReadBool(value, &table.allow_abbrev);
    if (key == "arguments" && value.is_array()) status = (entries = value, OkStatus());
    if (!status.ok()) return status.WithContext("argument table: " + Excerpt(key));
  }
  for (size_t index = 0; index < entries.size(); ++index) {
    auto argument = ReadArgument(entries[index]);
    if (!argument.ok())
      return argument.status().WithContext(fmt::format("argument table: entry {}", index));
    table.arguments.push_back(*std::move(argument));
  }
  return table;
}

ArgumentTables ArgumentTablesIn(std::span<const EmbeddedFile> files) {
  ArgumentTables tables;
  for (const EmbeddedFile& file : files) {
    if (!file.path.starts_with("arguments_")) continue;
    auto table = ArgumentTableFromJson(file.data);
    if (!table.ok()) continue;
    std::string version = table->version;
    tables.emplace(std::move(version), *std::move(table));
  }
  return tables;
}

}  // namespace redline::backends
