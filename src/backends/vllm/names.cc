#include "backends/vllm/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/strings.h"

namespace redline::backends::vllm {

std::optional<size_t> IndexOf(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

std::string Listed(std::span<const std::string_view> names) {
  return Join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

std::string Hint(std::string_view word, std::span<const std::string_view> names) {
  return DidYouMean(word, std::vector<std::string>(names.begin(), names.end()));
}

std::string ToUpper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

Result<std::string> AttentionBackendOf(std::string_view name) {
  std::string upper = ToUpper(name);
  if (Contains(kAttentionBackends, upper)) return upper;
  return InvalidArgument(
      fmt::format("no attention backend named \"{}\"; known: {}{}", Excerpt(name),
                  Listed(kAttentionBackends), Hint(upper, kAttentionBackends)),
      "attention_backend");
}

}  // namespace redline::backends::vllm
