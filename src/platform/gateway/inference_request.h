// What the gateway must know of an inference request to route and meter it.
#pragma once

#include <string>

#include "base/status.h"

namespace redline::platform {

struct InferenceRequest {
  std::string model;
  bool stream = false;
  bool strip_usage = false;  // the body was changed to ask for usage
  std::string body;          // to send on
  std::string tenant;        // the id of the key; told to the engine, never taken from the client
};

// kInvalidArgument: not a JSON object, or without a model. All other fields are the engine's to
// judge. Reads the body in one pass and keeps nothing of it but these few values.
Result<InferenceRequest> ParseInferenceRequest(std::string body);

}  // namespace redline::platform
