#include "planner/predict/launch_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace redline::planner {
namespace {

constexpr size_t kMaxScriptBytes = 1 << 16;

using Words = std::vector<std::string>;

// Reads words as a POSIX shell does without expansions; commands end at line ends, ";" and "&".
class ShellReader {
 public:
  explicit ShellReader(std::string_view text) : text_(text) {}

  std::vector<Words> Commands() {
    std::vector<Words> commands(1);
    while (position_ < text_.size()) {
      const char letter = text_[position_];
      if (letter == '\\' && IsLineEnd(position_ + 1)) {
        position_ += 2;
      } else if (letter == '#') {
        position_ = std::min(text_.find('\n', position_), text_.size());
      } else if (letter == '\n' || letter == ';' || letter == '&') {
        ++position_;
        if (!commands.back().empty()) commands.emplace_back();
      } else if (letter == ' ' || letter == '\t' || letter == '\r') {
        ++position_;
      } else {
        commands.back().push_back(ReadWord());
      }
    }
    return commands;
  }

 private:
  bool IsLineEnd(size_t position) const {
    return position < text_.size() && text_[position] == '\n';
  }

  // A JSON object stands for itself: published commands often lack the quotes around it.
  std::string ReadObject() {
    const size_t begin = position_;
    int depth = 0;
    for (; position_ < text_.size(); ++position_) {
      if (text_[position_] == '{') ++depth;
      if (text_[position_] == '}' && --depth == 0) break;
    }
    position_ = std::min(position_ + 1, text_.size());
    return std::string(text_.substr(begin, position_ - begin));
  }

  std::string ReadWord() {
    if (text_[position_] == '{') return ReadObject();
    std::string word;
    char quote = 0;
    for (; position_ < text_.size(); ++position_) {
      const char letter = text_[position_];
      if (quote != 0 ? letter == quote : letter == '"' || letter == '\'') {
        quote = quote != 0 ? 0 : letter;
      } else if (letter == '\\' && quote != '\'' && position_ + 1 < text_.size()) {
        if (IsLineEnd(position_ + 1)) break;
        word += text_[++position_];
      } else if (quote == 0 &&
                 std::string_view(" \t\r\n;&").find(letter) != std::string_view::npos) {
        break;
      } else {
        word += letter;
      }
    }
    return word;
  }

  std::string_view text_;
  size_t position_ = 0;
};

// How many words from `at` on are an engine's program; 0: none.
struct Program {
  std::string_view engine;
  size_t num_words = 0;
};
std::optional<Program> ProgramAt(const Words& words, size_t at) {
  const std::string_view word = std::string_view(words[at]).substr(words[at].rfind('/') + 1);
  const std::string_view next = at + 1 < words.size() ? std::string_view(words[at + 1]) : "";
  const std::string_view third = at + 2 < words.size() ? std::string_view(words[at + 2]) : "";
  if (word == "vllm" && next == "serve") return Program{"vllm", 2};
  if (word == "sglang" && next == "serve") return Program{"sglang", 2};
  if (word == "trtllm-serve")
    return Program{"tensorrt_llm", next == "serve" ? size_t{2} : size_t{1}};
  if (!word.starts_with("python") || next != "-m") return std::nullopt;
  if (third == "sglang.launch_server") return Program{"sglang", 3};
  if (third == "vllm.entrypoints.openai.api_server") return Program{"vllm", 3};
  return std::nullopt;
}

// "NAME=value" as a variable.
bool TakeVariable(std::string_view word, std::map<std::string, std::string>& environment) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0 || word.starts_with('-')) return false;
  environment[std::string(word.substr(0, equals))] = word.substr(equals + 1);
  return true;
}

}  // namespace

Result<LaunchLine> ParseLaunchLine(std::string_view script) {
  if (script.size() > kMaxScriptBytes) {
    return Status(
        Code::kTooLarge,
        fmt::format("the command is {} bytes long; at most {}", script.size(), kMaxScriptBytes),
        "script");
  }
  LaunchLine line;
  for (const Words& words : ShellReader(script).Commands()) {
    for (size_t at = 0; at < words.size(); ++at) {
      if (words[at] == "export" || TakeVariable(words[at], line.environment)) continue;
      const auto program = ProgramAt(words, at);
      if (!program.has_value()) continue;
      line.engine = program->engine;
      line.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(at + program->num_words),
                            words.end());
      return line;
    }
  }
  return InvalidArgument(fmt::format("\"{}\" starts no engine that is known; it should hold "
                                     "`vllm serve`, `sglang.launch_server` or `trtllm-serve`",
                                     Excerpt(script)),
                         "script");
}

}  // namespace redline::planner
