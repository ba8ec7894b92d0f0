// What was asked for, decided and said of an engine's configuration, side by side.
#include <algorithm>
#include <vector>

#include "backends/backend.h"
#include "backends/resolution.h"
#include "platform/server/views.h"

namespace redline::platform {
namespace {

std::string TextOf(const spec::Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : backends::FormatValue(found->second);
}

spec::Parameters RequestedOf(const spec::EngineConfig& engine) {
  const auto backend = backends::FindBackend(engine.engine);
  return backend.ok() ? (*backend)->Requested(engine) : engine.requested;
}

// The only resolved name that `name` is, or is in a group; "": none, or several.
std::string OnlyFieldLike(const spec::Parameters& resolved, const std::string& name) {
  if (resolved.contains(name)) return name;
  std::string only;
  for (const auto& [field, unused] : resolved) {
    if (!field.ends_with("." + name)) continue;
    if (!only.empty()) return "";
    only = field;
  }
  return only;
}

// Under which resolved names an argument or an engine's own name may stand, the likeliest first: a
// resolver may keep an argument under one of its flags, or under a name of its own.
std::vector<std::string> NamesOf(const spec::EngineConfig& engine, const std::string& name) {
  std::vector<std::string> names = {name};
  const auto found = backends::FindEngineVersion(
      engine.version.empty() ? engine.engine : engine.engine + "@" + engine.version);
  if (!found.ok()) return names;
  const backends::EngineResolver& resolver = *found->resolver;
  if (resolver.field_of != nullptr) names.emplace_back(resolver.field_of(name));
  const auto* argument = resolver.table(found->version).FindDest(name);
  if (argument == nullptr) return names;
  for (const std::string& flag : argument->flags) {
    std::string field = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
    std::replace(field.begin(), field.end(), '-', '_');
    names.push_back(std::move(field));
  }
  return names;
}

// The parameters under the names of the resolved ones.
spec::Parameters Aligned(const spec::EngineConfig& engine, const spec::Parameters& parameters) {
  spec::Parameters aligned;
  for (const auto& [name, value] : parameters) {
    std::string field = engine.resolved.contains(name) ? name : "";
    if (field.empty()) {
      for (const std::string& candidate : NamesOf(engine, name)) {
        if (!candidate.empty()) field = OnlyFieldLike(engine.resolved, candidate);
        if (!field.empty()) break;
      }
    }
    aligned.emplace(field.empty() ? name : field, value);
  }
  return aligned;
}

}  // namespace

std::vector<ConfigurationRow> ConfigurationOf(const spec::EngineConfig& engine,
                                              const spec::Parameters& effective) {
  const spec::Parameters requested = Aligned(engine, RequestedOf(engine));
  const spec::Parameters told = Aligned(engine, effective);
  spec::Parameters names = requested;
  names.insert(engine.resolved.begin(), engine.resolved.end());
  std::vector<ConfigurationRow> rows;
  rows.reserve(names.size());
  for (const auto& [name, unused] : names) {
    ConfigurationRow row{.name = name,
                         .requested = TextOf(requested, name),
                         .resolved = TextOf(engine.resolved, name),
                         .effective = TextOf(told, name)};
    row.differs = told.contains(name) && row.effective != row.resolved;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace redline::platform
