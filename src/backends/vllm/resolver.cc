#include "backends/vllm/resolver.h"

#include "backends/vllm/engine_config.h"
#include "backends/vllm/front_end.h"
#include "backends/vllm/vllm_config.h"

namespace redline::backends::vllm {
namespace {

EngineResolution Refused(EngineResolution resolution, std::string stage, const Status& status) {
  resolution.resolved = nullptr;
  resolution.rewritten.clear();
  resolution.error = Refusal{std::move(stage), status.message(), status.param()};
  return resolution;
}

}  // namespace

EngineResolution Resolve(const ResolveRequest& request) {
  EngineResolution resolution;
  Notes notes(&resolution);
  const auto arguments = ParseServeArguments(request.arguments, &notes);
  if (!arguments.ok()) return Refused(std::move(resolution), "argparse", arguments.status());
  if (const Status status = ValidateParsedServeArgs(*arguments, &notes); !status.ok())
    return Refused(std::move(resolution), "validate_parsed_serve_args", status);
  if (const Status status = ValidateApiServerArgs(*arguments, &notes); !status.ok())
    return Refused(std::move(resolution), "validate_api_server_args", status);
  const Context context{*arguments, request.environment, request.model_config, request.hardware,
                        &notes};
  const auto config = CreateEngineConfig(context);
  if (!config.ok()) return Refused(std::move(resolution), "create_engine_config", config.status());
  resolution.resolved = ToJson(*config);
  return resolution;
}

}  // namespace redline::backends::vllm
