#include "backends/arguments/argument_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace redline::backends {
namespace {

// argparse: ^-\d+$|^-\d*\.\d+$
bool IsNegativeNumber(std::string_view text) {
  if (!text.starts_with('-')) return false;
  const std::string_view number = text.substr(1);
  if (number.empty() || number.find_first_not_of("0123456789.") != std::string_view::npos)
    return false;
  return number.back() != '.' && std::count(number.begin(), number.end(), '.') <= 1;
}

Word FlagWord(const std::string& text, const Argument* argument, std::string flag,
              std::optional<std::string> value) {
  return {.kind = Word::Kind::kFlag,
          .text = text,
          .argument = argument,
          .flag = std::move(flag),
          .value = std::move(value)};
}

struct SplitFlag {
  std::string flag;
  std::optional<std::string> value;  // behind "="
};

SplitFlag SplitAtEquals(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {text, std::nullopt};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// argparse: _get_option_tuples. Every flag that `text` may stand for: one that it begins, or one of
// a single letter that has its value attached.
std::vector<Word> Candidates(const ArgumentTable& table, const std::string& text) {
  const bool is_long = text.starts_with("--");
  if (is_long && !table.allow_abbrev) return {};
  const SplitFlag split = is_long ? SplitAtEquals(text) : SplitFlag{text, std::nullopt};
  std::vector<Word> candidates;
  for (const Argument& argument : table.arguments) {
    for (const std::string& flag : argument.flags) {
      if (!is_long && flag == text.substr(0, 2))
        candidates.push_back(FlagWord(text, &argument, flag, text.substr(2)));
      else if (flag.starts_with(split.flag))
        candidates.push_back(FlagWord(text, &argument, flag, split.value));
    }
  }
  return candidates;
}

Status Ambiguous(const std::string& text, const std::vector<Word>& candidates) {
  std::vector<std::string> flags;
  for (const Word& candidate : candidates) flags.push_back(candidate.flag);
  return InvalidArgument(
      fmt::format("ambiguous option: {} could match {}", Excerpt(text), Join(flags, ", ")),
      Excerpt(text));
}

// argparse: whether a word is a flag does not depend on the words before it.
Result<Word> Classify(const ArgumentTable& table, const std::string& text) {
  if (text.size() < 2 || text[0] != '-') return Word{.text = text};
  if (const Argument* argument = table.FindFlag(text))
    return FlagWord(text, argument, text, std::nullopt);
  const SplitFlag split = SplitAtEquals(text);
  if (const Argument* argument = split.value ? table.FindFlag(split.flag) : nullptr)
    return FlagWord(text, argument, split.flag, split.value);
  const std::vector<Word> candidates = Candidates(table, text);
  if (candidates.size() > 1) return Ambiguous(text, candidates);
  if (candidates.size() == 1) return candidates[0];
  if (IsNegativeNumber(text) || text.find(' ') != std::string::npos) return Word{.text = text};
  return FlagWord(text, nullptr, split.flag, split.value);
}

// click: a flag is written in full, and one that takes a value takes the next word, whatever it is.
std::vector<Word> ClassifyAsClick(const ArgumentTable& table,
                                  std::span<const std::string> arguments) {
  std::vector<Word> words;
  bool only_values = false, is_taken = false;
  for (const std::string& text : arguments) {
    if (only_values || is_taken || text.size() < 2 || text[0] != '-') {
      words.push_back({.text = text});
      is_taken = false;
    } else if (text == "--") {
      words.push_back({.kind = Word::Kind::kSeparator, .text = text});
      only_values = true;
    } else {
      const SplitFlag split = SplitAtEquals(text);
      const Argument* argument = table.FindFlag(split.flag);
      words.push_back(FlagWord(text, argument, split.flag, split.value));
      is_taken = argument != nullptr && !split.value &&
                 (argument->action == ArgumentAction::kStore ||
                  argument->action == ArgumentAction::kAppend);
    }
  }
  return words;
}

}  // namespace

Result<std::vector<Word>> ClassifyWords(const ArgumentTable& table,
                                        std::span<const std::string> arguments) {
  if (table.style == ArgumentStyle::kClick) return ClassifyAsClick(table, arguments);
  std::vector<Word> words;
  bool only_values = false;
  for (const std::string& text : arguments) {
    if (only_values) {
      words.push_back({.text = text});
    } else if (text == "--") {
      words.push_back({.kind = Word::Kind::kSeparator, .text = text});
      only_values = true;
    } else {
      RL_ASSIGN_OR_RETURN(words.emplace_back(), Classify(table, text));
    }
  }
  return words;
}

}  // namespace redline::backends
