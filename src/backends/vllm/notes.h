// What the steps of a resolution leave behind besides their result: warnings and rewrites.
#pragma once

#include <string>

#include "backends/resolution.h"

namespace redline::backends::vllm {

// Belongs to one resolution and its thread.
class Notes {
 public:
  explicit Notes(EngineResolution* resolution) : resolution_(resolution) {}

  void Warn(std::string text) { resolution_->warnings.push_back(std::move(text)); }
  // Nothing when `got` is what was asked. A field that is rewritten again keeps what was asked
  // first, and the last rule.
  void Rewrote(std::string_view field, nlohmann::json asked, nlohmann::json got,
               std::string_view rule, std::string_view source);

 private:
  EngineResolution* resolution_;
};

}  // namespace redline::backends::vllm
