#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/native/native.h"
#include "base/strings.h"

namespace redline::backends {

// One line per engine.
std::span<const Backend* const> AllBackends() {
  static const std::array<const Backend*, 1> backends = {
      &NativeBackend(),
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
