#include <fmt/format.h>

#include <algorithm>

#include "backends/resolution.h"
#include "backends/sglang/resolver.h"
#include "backends/tensorrt_llm/resolver.h"
#include "backends/vllm/resolver.h"
#include "base/strings.h"

namespace redline::backends {

std::span<const EngineResolver> AllEngineResolvers() {
  static const EngineResolver resolvers[] = {sglang::Resolver(), vllm::Resolver(),
                                             tensorrt_llm::Resolver()};
  return resolvers;
}

Result<EngineVersion> FindEngineVersion(std::string_view name_at_version) {
  const size_t at = name_at_version.find('@');
  const std::string name(name_at_version.substr(0, at));
  std::vector<std::string> names;
  for (const EngineResolver& resolver : AllEngineResolvers()) {
    names.emplace_back(resolver.name);
    if (resolver.name != ToLower(name)) continue;
    const std::vector<std::string> versions(resolver.versions.begin(), resolver.versions.end());
    const std::string version(at == std::string_view::npos ? std::string_view(versions.front())
                                                           : name_at_version.substr(at + 1));
    if (std::find(versions.begin(), versions.end(), version) != versions.end())
      return EngineVersion{&resolver, version};
    return InvalidArgument(
        fmt::format("{} \"{}\" is not known; there is {}{}", resolver.name, Excerpt(version),
                    Join(versions, ", "), DidYouMean(version, versions)),
        "version");
  }
  return InvalidArgument(fmt::format("engine \"{}\" is not known; there is {}{}", Excerpt(name),
                                     Join(names, ", "), DidYouMean(ToLower(name), names)),
                         "engine");
}

}  // namespace redline::backends
