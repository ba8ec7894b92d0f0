#include "backends/flag_effects.h"

#include <algorithm>
#include <map>

#include "backends/arguments/argument_words.h"

namespace redline::backends {
namespace {

using nlohmann::json;

using Fields = std::map<std::string, json>;

void Flatten(const json& value, const std::string& path, Fields& fields) {
  if (!value.is_object() || value.empty()) {
    fields[path] = value;
    return;
  }
  for (const auto& [key, member] : value.items())
    Flatten(member, path.empty() ? key : path + "." + key, fields);
}

Fields FieldsOf(const EngineResolution& resolution) {
  Fields fields;
  Flatten(resolution.resolved, "", fields);
  return fields;
}

// A flag and the values that belong to it: indices into the list of words.
struct Group {
  const Argument* argument = nullptr;
  size_t begin = 0;
  size_t end = 0;
};

bool TakesNone(const Argument& argument) {
  return argument.action != ArgumentAction::kStore && argument.action != ArgumentAction::kAppend;
}

// A word behind a flag that takes one value or none is a positional.
size_t MostValues(const Word& flag) {
  if (flag.value || TakesNone(*flag.argument)) return 0;
  const std::string& nargs = flag.argument->nargs;
  return nargs.empty() || nargs == "?" ? 1 : SIZE_MAX;
}

std::vector<Group> GroupsOf(const std::vector<Word>& words) {
  std::vector<Group> groups;
  for (size_t i = 0; i < words.size() && words[i].kind != Word::Kind::kSeparator; ++i) {
    if (words[i].kind != Word::Kind::kFlag || words[i].argument == nullptr) continue;
    Group group{words[i].argument, i, i + 1};
    const size_t most = MostValues(words[i]);
    while (group.end < words.size() && words[group.end].kind == Word::Kind::kValue &&
           group.end - group.begin - 1 < most)
      ++group.end;
    groups.push_back(group);
  }
  return groups;
}

bool NamesTheModel(const Argument& argument) {
  return argument.dest == "model_path" || argument.dest == "model" || argument.dest == "model_tag";
}

bool IsOf(const std::string& field, const std::string& name) {
  return field == name || field.ends_with("." + name) || field.starts_with(name + ".");
}

// The name under which the engine keeps the argument's value: its dest, or that of one of its flags
// ("--tp-size" is kept as tp_size, its dest is tensor_parallel_size). "": none of `fields`.
std::string FieldNameOf(const EngineResolver& resolver, const Argument& argument,
                        const Fields& fields) {
  std::vector<std::string> names = {argument.dest};
  for (const std::string& flag : argument.flags) {
    std::string name = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
    std::replace(name.begin(), name.end(), '-', '_');
    names.push_back(std::move(name));
  }
  if (resolver.field_of != nullptr) names.emplace_back(resolver.field_of(argument.dest));
  for (const std::string& name : names) {
    if (name.empty()) continue;
    const bool is_field = std::any_of(fields.begin(), fields.end(),
                                      [&](const auto& field) { return IsOf(field.first, name); });
    if (is_field) return name;
  }
  return "";
}

std::vector<FieldChange> Difference(const Fields& without, const Fields& with) {
  std::vector<FieldChange> changes;
  for (const auto& [field, value] : with) {
    const auto found = without.find(field);
    const json before = found == without.end() ? json() : found->second;
    if (before != value) changes.push_back({field, before, value});
  }
  for (const auto& [field, value] : without) {
    if (!with.contains(field) && !value.is_null()) changes.push_back({field, value, json()});
  }
  return changes;
}

}  // namespace

std::vector<FlagEffect> ExplainFlags(const EngineResolver& resolver, const ResolveRequest& request,
                                     const EngineResolution& resolution) {
  const auto words = ClassifyWords(resolver.table(request.version), request.arguments);
  if (!words.ok()) return {};
  const Fields with = FieldsOf(resolution);
  std::vector<FlagEffect> effects;
  for (const Group& group : GroupsOf(*words)) {
    if (NamesTheModel(*group.argument)) continue;
    const auto first = request.arguments.begin() + static_cast<ptrdiff_t>(group.begin);
    const auto last = request.arguments.begin() + static_cast<ptrdiff_t>(group.end);
    ResolveRequest other = request;
    other.arguments.assign(request.arguments.begin(), first);
    other.arguments.insert(other.arguments.end(), last, request.arguments.end());
    const EngineResolution without = resolver.resolve(other);
    FlagEffect effect{.words = {first, last},
                      .field = FieldNameOf(resolver, *group.argument, with)};
    if (without.error) {
      effect.needed = without.error->message;
    } else {
      effect.changes = Difference(FieldsOf(without), with);
    }
    effects.push_back(std::move(effect));
  }
  return effects;
}

}  // namespace redline::backends
