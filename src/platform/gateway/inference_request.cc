#include "platform/gateway/inference_request.h"

#include <nlohmann/json.hpp>

#include "net/json_body.h"

namespace redline::platform {
namespace {

using nlohmann::json;

bool AsksForUsage(const json& body) {
  if (!body.contains("stream_options")) return false;
  const json& options = body["stream_options"];
  // Anything odd is left as it is: the engine's error names it.
  if (!options.is_object()) return true;
  return options.contains("include_usage") && options["include_usage"] != json(false);
}

}  // namespace

Result<InferenceRequest> ParseInferenceRequest(std::string text) {
  RL_ASSIGN_OR_RETURN(json body, net::ParseJsonObject(text));
  if (!body.contains("model") || !body["model"].is_string())
    return InvalidArgument("model is required: the name of a deployment, as GET /v1/models lists",
                           "model");
  InferenceRequest request;
  request.model = body["model"].get<std::string>();
  request.stream = body.contains("stream") && body["stream"] == json(true);
  if (request.stream && !AsksForUsage(body)) {
    body["stream_options"]["include_usage"] = true;
    request.strip_usage = true;
    request.body = body.dump();
  } else {
    request.body = std::move(text);
  }
  return request;
}

}  // namespace redline::platform
