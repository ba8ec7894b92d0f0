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
  return InvalidArgument(fmt::format("no engine named \"{}\"; known: {}{}", name, Join(names, ", "),
                                     DidYouMean(name, names)),
                         "engine");
}

}  // namespace redline::backends
