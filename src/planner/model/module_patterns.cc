#include "planner/model/module_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace redline::planner {
namespace {

constexpr char kAnything = '\x01';
constexpr char kAnyByte = '\x02';
constexpr size_t kMostNames = 100'000;
constexpr size_t kMostGlobs = 512;
constexpr size_t kMostAlternatives = 64;
constexpr size_t kLongestPattern = 256;

// The names of a module in the checkpoints that are known. One that is named is enough.
struct ModuleName {
  Module module;
  std::string_view name;
};
constexpr ModuleName kModuleNames[] = {
    {Module::kQkv, "self_attn.q_proj"},
    {Module::kQkv, "self_attn.qkv_proj"},
    {Module::kOutput, "self_attn.o_proj"},
    {Module::kOutput, "linear_attn.out_proj"},
    {Module::kQueryDown, "self_attn.q_a_proj"},
    {Module::kQueryUp, "self_attn.q_b_proj"},
    {Module::kKvDown, "self_attn.kv_a_proj_with_mqa"},
    {Module::kKvUp, "self_attn.kv_b_proj"},
    {Module::kIndexer, "self_attn.indexer.wq_b"},
    {Module::kLinearQkvz, "linear_attn.in_proj_qkv"},
    {Module::kLinearQkvz, "linear_attn.in_proj_qkvz"},
    {Module::kLinearGates, "linear_attn.in_proj_a"},
    {Module::kLinearGates, "linear_attn.in_proj_ba"},
    {Module::kDense, "mlp.gate_proj"},
    {Module::kDense, "mlp.down_proj"},
    {Module::kExperts, "mlp.experts.0.gate_proj"},
    {Module::kExperts, "block_sparse_moe.experts.0.w1"},
    {Module::kSharedExperts, "mlp.shared_experts.gate_proj"},
    {Module::kSharedExperts, "mlp.shared_expert.gate_proj"},
};

// Of the usual two-pointer kind: linear but for runs of kAnything, and without recursion.
bool GlobMatches(std::string_view glob, std::string_view text) {
  size_t at = 0;
  size_t next = 0;
  size_t last_star = std::string_view::npos;
  size_t star_text = 0;
  while (next < text.size()) {
    if (at < glob.size() && glob[at] == kAnything) {
      last_star = at++;
      star_text = next;
    } else if (at < glob.size() && (glob[at] == kAnyByte || glob[at] == text[next])) {
      ++at;
      ++next;
    } else if (last_star != std::string_view::npos) {
      at = last_star + 1;
      next = ++star_text;
    } else {
      return false;
    }
  }
  while (at < glob.size() && glob[at] == kAnything) ++at;
  return at == glob.size();
}

// A model inside one that sees has its modules under another name.
std::string WithoutWrapper(std::string_view pattern) {
  constexpr std::string_view kWrapper = "language_model.";
  std::string text(pattern);
  if (const size_t found = text.find(kWrapper); found != std::string::npos)
    text.erase(found, kWrapper.size());
  return text;
}

Status Unreadable(std::string_view pattern, const std::string& why) {
  return InvalidArgument(
      fmt::format("quantization_config keeps \"{}\" from quantisation, {}; name the modules or use "
                  "\".*\" and groups of alternatives",
                  Excerpt(pattern), why),
      "quantization_config");
}

// The globs that a regular expression of the simple kind stands for: one for each choice of its
// groups' alternatives.
class ExpressionReader {
 public:
  explicit ExpressionReader(std::string_view expression) : expression_(expression) {}

  Status Read() {
    while (at_ < expression_.size()) RL_RETURN_IF_ERROR(ReadOne());
    return OkStatus();
  }
  const std::vector<std::string>& globs() const { return globs_; }

 private:
  char Next() const { return at_ + 1 < expression_.size() ? expression_[at_ + 1] : '\0'; }

  void Append(char byte, size_t num_read) {
    for (std::string& glob : globs_) glob += byte;
    at_ += num_read;
  }

  Status ReadOne() {
    const char byte = expression_[at_];
    const bool is_anchor =
        (byte == '^' && at_ == 0) || (byte == '$' && at_ + 1 == expression_.size());
    const bool is_escape =
        byte == '\\' && Next() != '\0' && !std::isalnum(static_cast<unsigned char>(Next()));
    if (byte == '(') return ReadGroup();
    if (is_anchor) {
      ++at_;
    } else if (is_escape) {
      Append(Next(), 2);
    } else if (byte == '.') {
      Append(Next() == '*' ? kAnything : kAnyByte, Next() == '*' ? 2 : 1);
    } else if (kSpecial.find(byte) != std::string_view::npos) {
      return Unreadable(expression_, "an expression that is not understood");
    } else {
      Append(byte, 1);
    }
    return OkStatus();
  }

  Status ReadGroup() {
    const size_t end = expression_.find(')', at_);
    if (end == std::string_view::npos) return Unreadable(expression_, "a group without its end");
    const std::string_view group = expression_.substr(at_ + 1, end - at_ - 1);
    const std::vector<std::string> alternatives = Split(group, '|');
    if (globs_.size() * alternatives.size() > kMostAlternatives)
      return Unreadable(expression_, fmt::format("more than {} alternatives", kMostAlternatives));
    std::vector<std::string> product;
    for (const std::string& alternative : alternatives) {
      if (alternative.find_first_of(kSpecial) != std::string::npos)
        return Unreadable(expression_, "a group of more than words");
      for (const std::string& glob : globs_) product.push_back(glob + alternative);
    }
    globs_ = std::move(product);
    at_ = end + 1;
    return OkStatus();
  }

  static constexpr std::string_view kSpecial = "\\.*+?[](){}^$|";

  const std::string_view expression_;
  std::vector<std::string> globs_ = {""};
  size_t at_ = 0;
};

}  // namespace

Status ModulePatterns::AddGlob(std::string glob) {
  if (globs_.size() >= kMostGlobs)
    return Unreadable(glob, fmt::format("one pattern more than the {} that are read", kMostGlobs));
  globs_.push_back(std::move(glob));
  return OkStatus();
}

Status ModulePatterns::AddExpression(std::string_view expression) {
  ExpressionReader reader(expression);
  RL_RETURN_IF_ERROR(reader.Read());
  // The beginning of a name decides, as in Python's re.match().
  for (const std::string& glob : reader.globs()) RL_RETURN_IF_ERROR(AddGlob(glob + kAnything));
  return OkStatus();
}

Status ModulePatterns::Add(std::string_view pattern) {
  if (pattern.size() > kLongestPattern)
    return Unreadable(pattern, fmt::format("longer than {} bytes", kLongestPattern));
  if (pattern.find_first_of(std::string_view("\0\x01\x02", 3)) != std::string_view::npos)
    return Unreadable(pattern, "with control characters");
  const std::string text = WithoutWrapper(pattern);
  if (text.starts_with("re:")) return AddExpression(std::string_view(text).substr(3));
  if (text.find('*') == std::string::npos) {
    if (names_.size() >= kMostNames)
      return Unreadable(pattern, fmt::format("one name more than {}", kMostNames));
    names_.insert(text);
    return OkStatus();
  }
  std::string glob = text;
  std::replace(glob.begin(), glob.end(), '*', kAnything);
  if (glob.back() == kAnything) return AddGlob(glob);
  RL_RETURN_IF_ERROR(AddGlob(glob));
  return AddGlob(glob + "." + kAnything);
}

// Whether a run of whole segments of the path is a name: "gate" is one of "mlp.gate", not of
// "mlp.gate_proj".
bool ModulePatterns::HasRunOf(std::string_view module_path) const {
  const std::vector<std::string> segments = Split(module_path, '.');
  for (size_t begin = 0; begin < segments.size(); ++begin) {
    std::string run = segments[begin];
    if (names_.contains(run)) return true;
    for (size_t end = begin + 1; end < segments.size(); ++end) {
      run += "." + segments[end];
      if (names_.contains(run)) return true;
    }
  }
  return false;
}

bool ModulePatterns::Match(std::string_view module_path) const {
  if (!names_.empty() && HasRunOf(module_path)) return true;
  return std::any_of(globs_.begin(), globs_.end(), [module_path](const std::string& glob) {
    return GlobMatches(glob, module_path);
  });
}

ModuleSet ModulePatterns::MatchLayer(std::string_view layer_path) const {
  ModuleSet matched;
  if (names_.empty() && globs_.empty()) return matched;
  for (const ModuleName& each : kModuleNames) {
    if (!matched.Has(each.module) && Match(fmt::format("{}.{}", layer_path, each.name)))
      matched.Add(each.module);
  }
  return matched;
}

}  // namespace redline::planner
