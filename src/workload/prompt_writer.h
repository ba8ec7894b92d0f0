// How a planned prompt is written into a request's body. Const after it is made; thread-safe.
#pragma once

#include <cstddef>
#include <string>

#include "workload/request_plan.h"

namespace redline::workload {

class PromptWriter {
 public:
  virtual ~PromptWriter() = default;
  // Appends the prompt as a JSON value: "[17,4]" (token ids) or "\"text\"", as the API's field
  // takes it. Amortised no allocation besides `json`'s own.
  virtual void AppendJson(const RequestPlan& plan, size_t index, std::string& json) const = 0;
};

}  // namespace redline::workload
