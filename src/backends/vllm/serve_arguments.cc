#include "backends/vllm/serve_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "backends/arguments/argument_parser.h"
#include "backends/vllm/config_classes.h"
#include "backends/vllm/data.h"
#include "backends/vllm/flexible_words.h"
#include "backends/vllm/lora_modules.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr std::string_view kArgumentsFile = "arguments_0.13.0.json";

// "None" is no configuration where one may be missing; elsewhere a class is never null.
Status ReadConfigArguments(const std::set<std::string>& given, json* values) {
  for (const auto& [dest, value] : values->items()) {
    const bool is_missing = value.is_null() && !given.contains(dest);
    const bool may_be_null = ServeArgumentTable().FindDest(dest)->nullable;
    auto read = is_missing || (value.is_null() && may_be_null) ? Result<json>(value)
                                                               : ReadConfigArgument(dest, value);
    if (!read.ok()) {
      const std::string flag = NameOf(*ServeArgumentTable().FindDest(dest));
      const std::string param = flag.substr(0, flag.find('/'));
      return InvalidArgument(fmt::format("argument {}: {}", flag, read.status().message()), param);
    }
    value = *std::move(read);
  }
  return OkStatus();
}

// entrypoints/cli/serve.py: ServeSubcommand.cmd.
void TakeModelTag(json* values, std::set<std::string>* given) {
  if ((*values)["model_tag"].is_null()) return;
  (*values)["model"] = (*values)["model_tag"];
  given->insert("model");
}

// The engine would read the file; here nobody knows what it holds.
Status RefuseConfigFile(std::span<const std::string> arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--config") == arguments.end())
    return OkStatus();
  return InvalidArgument(
      "argument --config: give the file's options as arguments, so that they can "
      "be resolved",
      "--config");
}

}  // namespace

const ArgumentTable& ServeArgumentTable() {
  static const ArgumentTable table = ArgumentTableFromJson(DataFile(kArgumentsFile)).value();
  return table;
}

const json& ServeArguments::At(std::string_view dest) const {
  static const json null;
  const auto found = values_.find(std::string(dest));
  return found == values_.end() ? null : *found;
}

bool ServeArguments::Flag(std::string_view dest) const { return At(dest) == true; }

int64_t ServeArguments::Int(std::string_view dest) const { return MaybeInt(dest).value_or(0); }

double ServeArguments::Number(std::string_view dest) const {
  const json& value = At(dest);
  return value.is_number() ? value.get<double>() : 0;
}

std::string ServeArguments::Text(std::string_view dest) const {
  const json& value = At(dest);
  return value.is_string() ? value.get<std::string>() : "";
}

std::optional<int64_t> ServeArguments::MaybeInt(std::string_view dest) const {
  const json& value = At(dest);
  // An integer beyond 64 bits was read as a double: as far as it goes.
  constexpr double kMost = 9.2e18;
  if (value.is_number_float())
    return static_cast<int64_t>(std::clamp(value.get<double>(), -kMost, kMost));
  return value.is_number() ? std::optional(value.get<int64_t>()) : std::nullopt;
}

Result<ServeArguments> ParseServeArguments(std::span<const std::string> arguments, Notes* notes) {
  RL_RETURN_IF_ERROR(RefuseConfigFile(arguments));
  RL_ASSIGN_OR_RETURN(const FlexibleWords flexible, ToFlexibleWords(arguments));
  for (const std::string& repeated : flexible.repeated)
    notes->Warn(fmt::format("{} is given more than once; the last one counts", Excerpt(repeated)));
  RL_ASSIGN_OR_RETURN(ParsedArguments parsed, ParseArguments(ServeArgumentTable(), flexible.words));
  RL_RETURN_IF_ERROR(ReadConfigArguments(parsed.given, &parsed.values));
  RL_RETURN_IF_ERROR(CheckLoraModules(parsed.values["lora_modules"]));
  TakeModelTag(&parsed.values, &parsed.given);
  return ServeArguments(std::move(parsed.values), std::move(parsed.given));
}

}  // namespace redline::backends::vllm
