#include "backends/arguments/argument_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "backends/arguments/argument_value.h"
#include "backends/arguments/argument_words.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

using nlohmann::json;

// Of what was given, in a message.
constexpr size_t kMostQuoted = 120;

struct WordCount {
  size_t least = 1;
  size_t most = 1;
};

bool TakesValue(const Argument& argument) {
  return argument.action == ArgumentAction::kStore || argument.action == ArgumentAction::kAppend;
}

WordCount CountOf(const Argument& argument) {
  constexpr size_t kAny = std::numeric_limits<size_t>::max();
  if (!TakesValue(argument)) return {0, 0};
  if (argument.nargs.empty()) return {1, 1};
  if (argument.nargs == "?") return {0, 1};
  if (argument.nargs == "*") return {0, kAny};
  if (argument.nargs == "+") return {1, kAny};
  const auto count = static_cast<size_t>(ParseInt64(argument.nargs).value_or(1));
  return {count, count};
}

std::string Expected(const Argument& argument) {
  if (argument.nargs.empty()) return "expected one argument";
  if (argument.nargs == "?") return "expected at most one argument";
  if (argument.nargs == "+") return "expected at least one argument";
  return fmt::format("expected {} arguments", argument.nargs);
}

// As Python's repr() shows a choice.
std::string Shown(const json& value) {
  if (value.is_string()) return fmt::format("'{}'", Excerpt(value.get<std::string>(), kMostQuoted));
  return value.is_null() ? "None" : value.dump();
}

std::string FlagOf(const Argument& argument) {
  return argument.flags.empty() ? argument.dest : argument.flags.front();
}

Status Refused(const Argument& argument, std::string_view why) {
  return InvalidArgument(fmt::format("argument {}: {}", NameOf(argument), why), FlagOf(argument));
}

Status CheckChoice(const Argument& argument, const json& value) {
  const auto& choices = argument.choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end())
    return OkStatus();
  std::vector<std::string> shown, names;
  for (const json& choice : choices) {
    shown.push_back(Shown(choice));
    if (choice.is_string()) names.push_back(choice.get<std::string>());
  }
  const std::string hint = value.is_string() ? DidYouMean(value.get<std::string>(), names) : "";
  return Refused(argument, fmt::format("invalid choice: {} (choose from {}){}", Shown(value),
                                       Join(shown, ", "), hint));
}

Result<json> ReadValue(const Argument& argument, const std::string& text) {
  auto value = ConvertValue(argument, text);
  if (!value)
    return Refused(argument, fmt::format("invalid {} value: '{}'", NameOf(argument.type),
                                         Excerpt(text, kMostQuoted)));
  RL_RETURN_IF_ERROR(CheckChoice(argument, *value));
  return *std::move(value);
}

Result<json> ReadValues(const Argument& argument, std::span<const std::string> texts) {
  if (argument.nargs.empty()) return ReadValue(argument, texts[0]);
  if (argument.nargs == "?")
    return texts.empty() ? Result<json>(argument.const_value) : ReadValue(argument, texts[0]);
  json values = json::array();
  for (const std::string& text : texts) {
    RL_ASSIGN_OR_RETURN(json value, ReadValue(argument, text));
    values.push_back(std::move(value));
  }
  return values;
}

std::vector<std::string> AllFlags(const ArgumentTable& table) {
  std::vector<std::string> flags;
  for (const Argument& argument : table.arguments)
    flags.insert(flags.end(), argument.flags.begin(), argument.flags.end());
  return flags;
}

// One reading of one list. Follows ArgumentParser._parse_known_args; positional arguments are
// filled one after the other, each with as much as it takes.
class Reading {
 public:
  Reading(const ArgumentTable& table, std::vector<Word> words)
      : table_(table), words_(std::move(words)) {
    for (const Argument& argument : table.arguments)
      if (argument.flags.empty()) positionals_.push_back(&argument);
  }

  Result<ParsedArguments> Run() {
    RL_RETURN_IF_ERROR(SetDefaults());
    while (next_ < words_.size()) {
      if (words_[next_].kind == Word::Kind::kFlag)
        RL_RETURN_IF_ERROR(ReadFlag(words_[next_++]));
      else
        RL_RETURN_IF_ERROR(ReadPositionals());
    }
    RL_RETURN_IF_ERROR(CheckRequired());
    RL_RETURN_IF_ERROR(CheckUnrecognized());
    return std::move(parsed_);
  }

 private:
  // A default that is text is converted as if it had been given.
  Status SetDefaults() {
    parsed_.values = json::object();
    for (const Argument& argument : table_.arguments) {
      if (argument.action == ArgumentAction::kHelp || parsed_.values.contains(argument.dest))
        continue;
      json value = argument.default_value;
      if (value.is_string()) {
        auto converted = ConvertValue(argument, value.get<std::string>());
        if (converted) value = *std::move(converted);
      }
      parsed_.values[argument.dest] = std::move(value);
    }
    return OkStatus();
  }

  // The values that stand at next_, at most `most`.
  std::vector<std::string> TakeValues(size_t most) {
    std::vector<std::string> texts;
    while (next_ < words_.size() && words_[next_].kind == Word::Kind::kValue && texts.size() < most)
      texts.push_back(words_[next_++].text);
    return texts;
  }

  Status ReadFlag(const Word& word) {
    if (word.argument == nullptr) {
      unrecognized_.push_back(word.text);
      return OkStatus();
    }
    const Argument& argument = *word.argument;
    const WordCount count = CountOf(argument);
    if (word.value && count.most == 0)
      return Refused(argument, fmt::format("ignored explicit argument '{}'", Excerpt(*word.value)));
    const auto texts = word.value ? std::vector<std::string>{*word.value} : TakeValues(count.most);
    if (texts.size() < count.least) return Refused(argument, Expected(argument));
    return Store(argument, word.flag, texts);
  }

  Status Store(const Argument& argument, const std::string& flag,
               std::span<const std::string> texts) {
    json& target = parsed_.values[argument.dest];
    parsed_.given.insert(argument.dest);
    switch (argument.action) {
      case ArgumentAction::kHelp:
        return Refused(argument, "prints the engine's help and ends; leave it out");
      case ArgumentAction::kStoreTrue:
        return target = true, OkStatus();
      case ArgumentAction::kStoreFalse:
        return target = false, OkStatus();
      case ArgumentAction::kBooleanOptional:
        return target = !flag.starts_with("--no-"), OkStatus();
      case ArgumentAction::kStore:
      case ArgumentAction::kAppend:
        break;
    }
    RL_ASSIGN_OR_RETURN(json value, ReadValues(argument, texts));
    if (argument.action == ArgumentAction::kStore) return target = std::move(value), OkStatus();
    if (!target.is_array()) target = json::array();
    target.push_back(std::move(value));
    return OkStatus();
  }

  Status ReadPositionals() {
    const bool is_click = table_.style == ArgumentStyle::kClick;
    if (is_click && words_[next_].kind == Word::Kind::kSeparator) return ++next_, OkStatus();
    if (positionals_.empty()) {
      unrecognized_.push_back(words_[next_++].text);
      return OkStatus();
    }
    if (words_[next_].kind == Word::Kind::kSeparator) {
      ++next_;
      return OkStatus();
    }
    const Argument& argument = *positionals_.front();
    const WordCount count = CountOf(argument);
    const auto texts = TakeValues(count.most);
    if (texts.size() < count.least) return Refused(argument, Expected(argument));
    positionals_.erase(positionals_.begin());
    return Store(argument, "", texts);
  }

  Status CheckRequired() {
    std::vector<std::string> missing;
    for (const Argument& argument : table_.arguments) {
      const bool needed = argument.flags.empty() ? CountOf(argument).least > 0 : argument.required;
      if (needed && !parsed_.given.contains(argument.dest)) missing.push_back(NameOf(argument));
    }
    if (missing.empty()) return OkStatus();
    return InvalidArgument("the following arguments are required: " + Join(missing, ", "),
                           missing[0]);
  }

  Status CheckUnrecognized() {
    if (unrecognized_.empty()) return OkStatus();
    const auto flag = std::find_if(unrecognized_.begin(), unrecognized_.end(),
                                   [](const std::string& text) { return text.starts_with('-'); });
    const std::string culprit = flag == unrecognized_.end() ? unrecognized_[0] : *flag;
    const std::string name = culprit.substr(0, culprit.find('='));
    return InvalidArgument(
        fmt::format("unrecognized arguments: {}{}", Excerpt(Join(unrecognized_, " "), kMostQuoted),
                    DidYouMean(name, AllFlags(table_))),
        Excerpt(name, kMostQuoted));
  }

  const ArgumentTable& table_;
  const std::vector<Word> words_;
  size_t next_ = 0;
  std::vector<const Argument*> positionals_;  // not yet filled
  std::vector<std::string> unrecognized_;
  ParsedArguments parsed_;
};

}  // namespace

Result<ParsedArguments> ParseArguments(const ArgumentTable& table,
                                       std::span<const std::string> arguments) {
  RL_ASSIGN_OR_RETURN(std::vector<Word> words, ClassifyWords(table, arguments));
  return Reading(table, std::move(words)).Run();
}

}  // namespace redline::backends
