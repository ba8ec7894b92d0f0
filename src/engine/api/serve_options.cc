#include "engine/api/serve_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "engine/runtime/engine_options.h"
#include "text/output_parser.h"

namespace redline::engine {
namespace {

constexpr size_t kMaxNameBytes = 256;

struct TextField {
  std::string_view name;
  std::string ServeOptions::*member;
  std::string_view value_name;
  std::string_view help;
  std::span<const std::string_view> (*names)() = nullptr;  // of parsers; absent: any text
};

constexpr std::array<TextField, 7> kTextFields = {{
    {"model-path", &ServeOptions::model_path, "PATH",
     "GGUF file, or folder with a GGUF file or a Hugging Face model (needed to serve)"},
    {"served-model-name", &ServeOptions::served_model_name, "NAME",
     "name that requests give; default: the file's or folder's name"},
    {"host", &ServeOptions::host, "ADDRESS", "address to listen on"},
    {"uds", &ServeOptions::uds, "PATH", "Unix socket to listen on, instead of host and port"},
    {"api-key", &ServeOptions::api_key, "KEY",
     "key that requests must carry as a bearer token; default: none is asked for"},
    {"tool-call-parser", &ServeOptions::tool_call_parser, "NAME",
     "how the model writes tool calls; auto: as its chat template implies",
     text::ToolCallParserNames},
    {"reasoning-parser", &ServeOptions::reasoning_parser, "NAME",
     "how the model marks reasoning; auto: as its chat template implies",
     text::ReasoningParserNames},
}};

constexpr std::string_view kPort = "port";
constexpr int64_t kMaxPort = 65535;
constexpr std::string_view kPortHelp = "TCP port; 0: any free one";

std::string DashedName(std::string_view name) {
  std::string dashed(name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  return dashed;
}

Result<int64_t> ParseWithin(const std::string& flag, std::string_view value, int64_t min,
                            int64_t max) {
  const std::optional<int64_t> number = ParseInt64(value);
  if (number && *number >= min && *number <= max) return *number;
  return InvalidArgument(fmt::format("--{} is \"{}\"; it must be a whole number from {} to {}",
                                     flag, EscapeControl(value.substr(0, 64)), min, max),
                         flag);
}

Status UnknownFlag(const std::string& flag) {
  std::vector<std::string> known;
  for (const ServeFlag& candidate : ServeFlags()) known.push_back("--" + candidate.name);
  return InvalidArgument(
      fmt::format("unknown flag --{}{}", EscapeControl(flag), DidYouMean("--" + flag, known)),
      flag);
}

std::vector<std::string> ParserChoices(const TextField& field) {
  if (field.names == nullptr) return {};
  std::vector<std::string> choices = {"auto", "none"};
  const auto names = field.names();
  choices.insert(choices.end(), names.begin(), names.end());
  return choices;
}

Status CheckParser(const TextField& field, const ServeOptions& options) {
  const std::string& value = options.*field.member;
  const std::vector<std::string> known = ParserChoices(field);
  if (known.empty() || std::find(known.begin(), known.end(), value) != known.end())
    return OkStatus();
  return InvalidArgument(
      fmt::format("--{} \"{}\" is not known{}; there are: {}", field.name,
                  EscapeControl(value.substr(0, 64)), DidYouMean(value, known), Join(known, ", ")),
      std::string(field.name));
}

}  // namespace

std::vector<ServeFlag> ServeFlags() {
  const ServeOptions defaults;
  std::vector<ServeFlag> flags;
  for (const TextField& field : kTextFields) {
    flags.push_back({.name = std::string(field.name),
                     .value_name = std::string(field.value_name),
                     .help = std::string(field.help),
                     .default_value = defaults.*field.member,
                     .choices = ParserChoices(field)});
  }
  flags.push_back({.name = std::string(kPort),
                   .value_name = "PORT",
                   .help = std::string(kPortHelp),
                   .default_value = std::to_string(defaults.port)});
  for (const EngineOptionField& field : EngineOptionFields()) {
    flags.push_back({.name = DashedName(field.name),
                     .value_name = std::string(OptionValueName(field)),
                     .help = std::string(field.help),
                     .default_value = field.is_switch() ? "" : OptionText(field, defaults.engine),
                     .choices = OptionChoices(field)});
  }
  return flags;
}

Status SetServeOption(std::string_view name, std::string_view value, ServeOptions& options) {
  const std::string flag = DashedName(name);
  for (const TextField& field : kTextFields) {
    if (flag != field.name) continue;
    if (value.empty()) {
      return InvalidArgument(fmt::format("--{} is empty; give a value or leave it out", flag),
                             flag);
    }
    options.*field.member = value;
    return OkStatus();
  }
  if (flag == kPort) {
    RL_ASSIGN_OR_RETURN(options.port, ParseWithin(flag, value, 0, kMaxPort));
    return OkStatus();
  }
  for (const EngineOptionField& field : EngineOptionFields()) {
    if (flag != DashedName(field.name)) continue;
    return SetOption(field, value, options.engine);
  }
  return UnknownFlag(flag);
}

Status ValidateServeOptions(const ServeOptions& options) {
  if (options.model_path.empty()) {
    return InvalidArgument("--model-path is missing; give a GGUF file or a model folder",
                           "model-path");
  }
  if (options.port < 0 || options.port > kMaxPort) {
    return InvalidArgument(fmt::format("--port is {}; it must be 0 to {}", options.port, kMaxPort),
                           "port");
  }
  const std::string model_name = ServedModelName(options);
  if (model_name.empty() || model_name.size() > kMaxNameBytes || !IsValidUtf8(model_name)) {
    return InvalidArgument(
        fmt::format("--served-model-name must be 1 to {} bytes of UTF-8 text", kMaxNameBytes),
        "served-model-name");
  }
  for (const TextField& field : kTextFields) RL_RETURN_IF_ERROR(CheckParser(field, options));
  return ValidateEngineOptions(options.engine);
}

std::string ServedModelName(const ServeOptions& options) {
  if (!options.served_model_name.empty()) return options.served_model_name;
  std::filesystem::path path = std::filesystem::path(options.model_path).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();  // "folder/"
  return path.extension() == ".gguf" ? path.stem().string() : path.filename().string();
}

}  // namespace redline::engine
