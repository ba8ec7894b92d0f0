#include "planner/virtual/virtual_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "backends/arguments/argument_parser.h"
#include "backends/vllm/flexible_words.h"
#include "workload/request_plan.h"

namespace redline::planner {
namespace {

using nlohmann::json;

std::string TextOf(const json& values, const char* name) {
  const auto found = values.find(name);
  if (found == values.end()) return {};
  const json& value = found->is_array() && !found->empty() ? found->front() : *found;
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool IsGiven(const json& values, const char* name) {
  const auto found = values.find(name);
  return found != values.end() && *found == true;
}

Result<FrontEnd> ReadFrontEnd(const backends::EngineVersion& version,
                              const std::vector<std::string>& arguments, const KnownModel& model) {
  std::vector<std::string> words = arguments;
  if (version.resolver->name == "vllm") {
    RL_ASSIGN_OR_RETURN(auto flexible, backends::vllm::ToFlexibleWords(arguments));
    words = std::move(flexible.words);
  } else if (version.resolver->name == "sglang") {
    // The one flag that it insists on; what the arguments say comes later and counts.
    words.insert(words.begin(), {"--model-path", model.name});
  }
  RL_ASSIGN_OR_RETURN(const backends::ParsedArguments parsed,
                      backends::ParseArguments(version.resolver->table(version.version), words));
  const json& values = parsed.values;
  FrontEnd front_end{.host = TextOf(values, "host"),
                     .unix_path = TextOf(values, "uds"),
                     .served_name = TextOf(values, "served_model_name"),
                     .api_key = TextOf(values, "api_key")};
  if (front_end.host.empty() || front_end.host == "localhost") front_end.host = "127.0.0.1";
  if (const auto port = values.find("port"); port != values.end() && port->is_number_integer())
    front_end.port = port->get<int64_t>();
  for (const char* dest : {"model_tag", "model", "model_path"}) {
    const bool is_given = parsed.given.contains(dest);
    if (front_end.served_name.empty() && is_given) front_end.served_name = TextOf(values, dest);
  }
  if (front_end.served_name.empty()) front_end.served_name = model.name;
  if (version.resolver->name == "sglang") front_end.has_metrics = IsGiven(values, "enable_metrics");
  return front_end;
}

// "vllm serve MODEL ..." without the program's own word.
std::vector<std::string> WithoutSubcommand(const backends::EngineVersion& version,
                                           std::vector<std::string> arguments) {
  const bool has_one =
      version.resolver->name == "vllm" && !arguments.empty() && arguments.front() == "serve";
  if (has_one) arguments.erase(arguments.begin());
  return arguments;
}

}  // namespace

Result<std::unique_ptr<const VirtualSetup>> MakeVirtualSetup(const VirtualRequest& request) {
  auto setup = std::make_unique<VirtualSetup>();
  RL_ASSIGN_OR_RETURN(const backends::EngineVersion version,
                      backends::FindEngineVersion(request.engine));
  setup->engine = version.resolver->name;
  setup->version = version.version;
  RL_ASSIGN_OR_RETURN(setup->model, FindModel(request.model));
  RL_ASSIGN_OR_RETURN(setup->hardware, FindHardwareSpec(request.hardware));
  const auto arguments = WithoutSubcommand(version, request.arguments);
  RL_ASSIGN_OR_RETURN(setup->configuration, Configure(request.engine, setup->model, arguments,
                                                      request.environment, setup->hardware));
  RL_ASSIGN_OR_RETURN(setup->front_end, ReadFrontEnd(version, arguments, setup->model));
  RL_ASSIGN_OR_RETURN(setup->plan,
                      PlanEngine(setup->configuration.settings,
                                 {.shape = &setup->model.shape, .hardware = &setup->hardware}));
  const int64_t configured = setup->configuration.settings.context_length;
  setup->context_length =
      std::clamp<int64_t>(configured > 0 ? configured : setup->model.shape.max_positions, 1,
                          workload::kMaxPromptTokens);
  return std::unique_ptr<const VirtualSetup>(std::move(setup));
}

}  // namespace redline::planner
