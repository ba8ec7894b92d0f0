// What a trial runs: an engine with its own command line. Plain value.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace redline::lab {

struct TuneConfiguration {
  std::string engine;                  // "sglang@0.5.6.post2"
  std::vector<std::string> arguments;  // its own, without program, model and address
  std::map<std::string, std::string> environment;

  auto operator<=>(const TuneConfiguration&) const = default;
};

// "sglang@0.5.6.post2 -- --tp-size 8", as deploy and plan take it; the same for no other.
std::string TextOf(const TuneConfiguration& configuration);

nlohmann::json ToJson(const TuneConfiguration& configuration);

}  // namespace redline::lab
