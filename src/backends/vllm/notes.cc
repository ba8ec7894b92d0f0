#include "backends/vllm/notes.h"

#include <algorithm>

namespace redline::backends::vllm {

void Notes::Rewrote(std::string_view field, nlohmann::json asked, nlohmann::json got,
                    std::string_view rule, std::string_view source) {
  auto& rewrites = resolution_->rewritten;
  const auto known = std::find_if(rewrites.begin(), rewrites.end(),
                                  [&](const Rewrite& each) { return each.field == field; });
  if (known != rewrites.end()) asked = known->asked;
  Rewrite rewrite{std::string(field), std::move(asked), std::move(got), std::string(rule),
                  std::string(source)};
  const bool changes = rewrite.asked != rewrite.got;
  if (known == rewrites.end()) {
    if (changes) rewrites.push_back(std::move(rewrite));
  } else if (changes) {
    *known = std::move(rewrite);
  } else {
    rewrites.erase(known);
  }
}

}  // namespace redline::backends::vllm
