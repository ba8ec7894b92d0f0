#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/llama_cpp/llama_cpp_backend.h"
#include "backends/native/native.h"
#include "backends/sglang/sglang_backend.h"
#include "backends/vllm/vllm_backend.h"
#include "base/strings.h"

namespace redline::backends {

namespace {

// Engines with a resolver that Redline does not start.
constexpr std::string_view kOnlyResolved[] = {"tensorrt_llm"};

}  // namespace

// One line per engine.
std::span<const Backend* const> AllBackends() {
  static const std::array<const Backend*, 4> backends = {
      &NativeBackend(),
      &VllmBackend(),
      &SglangBackend(),
      &LlamaCppBackend(),
  };
  return backends;
}

Result<const Backend*> FindBackend(std::string_view name) {
  std::vector<std::string> names;
  for (const Backend* backend : AllBackends()) {
    if (backend->facts().name == name) return backend;
    names.push_back(backend->facts().name);
  }
  for (const std::string_view known : kOnlyResolved) {
    if (name == known)
      return InvalidArgument(
          fmt::format("{} is not started by Redline, which knows its arguments alone; see: redline "
                      "engine resolve {}. There are {}",
                      known, known, Join(names, ", ")),
          "engine");
  }
  return InvalidArgument(fmt::format("no engine named \"{}\"; known: {}{}", name, Join(names, ", "),
                                     DidYouMean(name, names)),
                         "engine");
}

}  // namespace redline::backends
