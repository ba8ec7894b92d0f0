#include "lab/import/perflab.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/csv.h"
#include "base/strings.h"
#include "lab/stats/student.h"
#include "spec/json.h"

namespace redline::lab {
namespace {

constexpr double kConfidence = 0.95;
constexpr double kLeastDegrees = 2;
// Every run is held against those of its setting. The published ones are some hundreds, of some
// twenty flags.
constexpr size_t kMostRuns = 4'000;
constexpr size_t kMostFlags = 200;
// Tokens per second that no GPU is below or above.
constexpr double kLeastRate = 1e-3;
constexpr double kMostRate = 1e9;

// Names with and without effect on requests that carry no tools and fit any context length.
constexpr std::string_view kFlagsWithoutEffect[] = {
    "--host",
    "--port",  // where it listens
    "--tool-call-parser",
    "--enable-auto-tool-choice",  // run only for requests with tools
    "--reasoning-parser",
    "--chat-template",  // text around the same tokens
    "--max-model-len",
    "--context-length",  // a limit no request comes near
};
// --enable-dp-attention does nothing while the data-parallel size is 1: SGLang clears it.
constexpr std::string_view kNeedsDataParallel = "--enable-dp-attention";

// Spellings of one flag.
std::string Canonical(std::string_view name) {
  static const std::map<std::string_view, std::string> names = {{"-tp", "--tp-size"},
                                                                {"--tp", "--tp-size"},
                                                                {"-dp", "--dp-size"},
                                                                {"--dp", "--dp-size"},
                                                                {"--model", "--model-path"}};
  const auto found = names.find(name);
  return found == names.end() ? std::string(name) : found->second;
}

// Words of a command, without comments and line continuations.
std::vector<std::string> WordsOf(std::string_view script) {
  std::vector<std::string> words;
  for (const std::string& line : Split(script, '\n')) {
    if (Trim(line).empty() || Trim(line).front() == '#') continue;
    std::string word;
    for (const char character : line + " ") {
      if (std::isspace(static_cast<unsigned char>(character)) || character == '=') {
        if (!word.empty() && word != "\\") words.push_back(word);
        word.clear();
      } else {
        word += character;
      }
    }
  }
  return words;
}

std::string EngineOf(std::string_view script) {
  if (script.find("sglang") != std::string_view::npos) return "sglang";
  if (script.find("trtllm") != std::string_view::npos) return "tensorrt_llm";
  return script.find("vllm serve") != std::string_view::npos ? "vllm" : "other";
}

// "--name value" of each flag, "NAME value" of each exported variable, and the model.
std::vector<std::string> FlagsOf(std::string_view script) {
  std::vector<std::string> flags;
  const std::vector<std::string> words = WordsOf(script);
  for (size_t i = 0; i < words.size(); ++i) {
    const bool is_flag = words[i].size() > 1 && words[i][0] == '-';
    const bool has_value = i + 1 < words.size() && words[i + 1][0] != '-';
    if (is_flag) {
      flags.push_back(Canonical(words[i]) + (has_value ? " " + words[i + 1] : ""));
    } else if (words[i] == "export" && i + 2 < words.size()) {
      flags.push_back(words[i + 1] + " " + words[i + 2]);
    } else if ((words[i] == "serve" || words[i] == "trtllm-serve") && has_value) {
      flags.push_back("--model-path " + words[i + 1]);
    }
  }
  std::sort(flags.begin(), flags.end());
  return flags;
}

bool IsNamed(const std::string& flag, std::string_view name) {
  return flag.substr(0, flag.find(' ')) == name;
}

std::vector<std::string> EffectiveFlags(const std::vector<std::string>& flags) {
  const bool data_parallel = std::any_of(flags.begin(), flags.end(), [](const std::string& flag) {
    return IsNamed(flag, "--dp-size") && flag != "--dp-size 1";
  });
  std::vector<std::string> effective;
  for (const std::string& flag : flags) {
    const bool idle = std::any_of(std::begin(kFlagsWithoutEffect), std::end(kFlagsWithoutEffect),
                                  [&](std::string_view name) { return IsNamed(flag, name); });
    if (idle || (IsNamed(flag, kNeedsDataParallel) && !data_parallel)) continue;
    effective.push_back(flag);
  }
  return effective;
}

// What runs must share to be comparable at all.
std::string SettingOf(const PerflabRun& run) { return run.page + "\n" + run.workload; }

struct Noise {
  double squares = 0;
  double degrees = 0;
  double spread() const { return degrees > 0 ? std::sqrt(squares / degrees) : 0; }
};

// Groups of equal effective commands, in the order of their first run. A run that is printed twice
// (every figure equal) counts once.
std::vector<PerflabGroup> GroupRuns(const std::vector<PerflabRun>& runs) {
  std::map<std::string, size_t> index;
  std::vector<PerflabGroup> groups;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string key = SettingOf(runs[i]) + "\n" + runs[i].engine + "\n" +
                            Join(EffectiveFlags(runs[i].flags), "\n");
    const auto [place, is_new] = index.try_emplace(key, groups.size());
    if (is_new) groups.emplace_back();
    PerflabGroup& group = groups[place->second];
    const bool printed_again = std::any_of(group.runs.begin(), group.runs.end(), [&](size_t other) {
      return runs[other].total_tps == runs[i].total_tps;
    });
    if (!printed_again) group.runs.push_back(i);
  }
  for (PerflabGroup& group : groups) {
    for (const size_t run : group.runs)
      group.mean_log_tps += std::log(runs[run].total_tps) / static_cast<double>(group.runs.size());
  }
  return groups;
}

void AddTo(Noise& noise, const PerflabGroup& group, const std::vector<PerflabRun>& runs) {
  for (const size_t run : group.runs)
    noise.squares += std::pow(std::log(runs[run].total_tps) - group.mean_log_tps, 2);
  noise.degrees += static_cast<double>(group.runs.size()) - 1;
}

// Flags of `left` that `right` has not.
std::vector<std::string> Beyond(const std::vector<std::string>& left,
                                const std::vector<std::string>& right) {
  std::vector<std::string> beyond;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                      std::back_inserter(beyond));
  return beyond;
}

// Of two sorted sequences.
size_t NumUncommon(const std::vector<size_t>& left, const std::vector<size_t>& right) {
  size_t common = 0;
  for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    const bool is_common = left[i] == right[j];
    const bool step_left = left[i] <= right[j];
    const bool step_right = left[i] >= right[j];
    common += is_common ? 1 : 0;
    i += step_left ? 1 : 0;
    j += step_right ? 1 : 0;
  }
  return left.size() + right.size() - 2 * common;
}

// The groups so far, by setting. Flags are numbers here: every two of a setting are compared.
class EarlierGroups {
 public:
  // The group that a step to this one starts from: of the earlier ones in its setting the one whose
  // command differs in the fewest flags, another engine's only when its own has none. The latest of
  // equals.
  std::optional<size_t> NearestTo(const PerflabRun& run, size_t group) {
    std::vector<Earlier>& earlier = settings_[SettingOf(run)];
    const std::vector<size_t> flags = NumbersOf(run);
    std::optional<size_t> best;
    size_t least = 0;
    for (const Earlier& other : earlier) {
      const size_t foreign = other.engine == run.engine ? 0 : kForeign;
      const size_t distance = foreign + NumUncommon(flags, other.flags);
      if (best && distance > least) continue;
      best = other.group;
      least = distance;
    }
    earlier.push_back({group, run.engine, flags});
    return best;
  }

 private:
  static constexpr size_t kForeign = 1000;  // more than two commands' flags

  struct Earlier {
    size_t group = 0;
    std::string engine;
    std::vector<size_t> flags;
  };

  std::vector<size_t> NumbersOf(const PerflabRun& run) {
    std::vector<size_t> numbers;
    for (const std::string& flag : EffectiveFlags(run.flags))
      numbers.push_back(numbers_.try_emplace(flag, numbers_.size()).first->second);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  std::map<std::string, std::vector<Earlier>> settings_;
  std::map<std::string, size_t> numbers_;
};

std::string Changed(const PerflabRun& run, const PerflabRun& other) {
  if (run.engine != other.engine) return run.engine;
  const auto beyond = Beyond(EffectiveFlags(run.flags), EffectiveFlags(other.flags));
  return beyond.empty() ? "(without)" : Join(beyond, " ");
}

PerflabStep JudgeStep(const std::vector<PerflabRun>& runs, const PerflabGroup& from,
                      const PerflabGroup& to, const Noise& noise, std::string whose) {
  const PerflabRun& before = runs[from.runs.front()];
  const PerflabRun& after = runs[to.runs.front()];
  const double log_ratio = to.mean_log_tps - from.mean_log_tps;
  const double error = noise.spread() * std::sqrt(1 / static_cast<double>(from.runs.size()) +
                                                  1 / static_cast<double>(to.runs.size()));
  const double limit = StudentQuantile((1 + kConfidence) / 2, noise.degrees) * error;
  return {.page = after.page,
          .engine = after.engine,
          .workload = after.workload,
          .from = Changed(before, after),
          .to = Changed(after, before),
          .runs_from = from.runs.size(),
          .runs_to = to.runs.size(),
          .ratio = std::exp(log_ratio),
          .limit = std::exp(limit),
          .exceeds = std::abs(log_ratio) > limit,
          .noise = std::move(whose)};
}

Result<PerflabRun> RunOf(const CsvTable& table, const std::vector<std::string>& row,
                         size_t number) {
  PerflabRun run;
  std::string script;
  std::string label;
  std::string total;
  const std::pair<const char*, std::string*> cells[] = {
      {"page", &run.page}, {"h", &run.section}, {"title", &run.title},
      {"script", &script}, {"label", &label},   {"total_tps", &total}};
  for (const auto& [name, cell] : cells) {
    RL_ASSIGN_OR_RETURN(const size_t column, table.Column(name));
    *cell = row[column];
  }
  const auto total_tps = ParseDouble(total);
  if (!total_tps || !(*total_tps >= kLeastRate && *total_tps <= kMostRate))
    return InvalidArgument(fmt::format("row {}: total_tps \"{}\" must be a number from {} to {}",
                                       number, Excerpt(total), kLeastRate, kMostRate),
                           "total_tps");
  run.total_tps = *total_tps;
  run.engine = EngineOf(script);
  run.flags = FlagsOf(script);
  if (run.flags.size() > kMostFlags)
    return InvalidArgument(fmt::format("row {}: the command has {} flags, at most {} are read",
                                       number, run.flags.size(), kMostFlags),
                           "script");
  run.workload = label.empty() ? "sharegpt" : label;
  return run;
}

}  // namespace

Result<std::vector<PerflabRun>> ParsePerflab(std::string_view csv) {
  RL_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(csv));
  if (table.rows.size() > kMostRuns)
    return InvalidArgument(
        fmt::format("there are {} runs, at most {} are read", table.rows.size(), kMostRuns));
  std::vector<PerflabRun> runs;
  for (const auto& row : table.rows) {
    RL_ASSIGN_OR_RETURN(PerflabRun run, RunOf(table, row, runs.size() + 1));
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<PerflabReport> JudgePerflab(const std::vector<PerflabRun>& runs) {
  const std::vector<PerflabGroup> groups = GroupRuns(runs);
  PerflabReport report;
  Noise all;
  std::map<std::string, Noise> engines;
  for (const PerflabGroup& group : groups) {
    AddTo(all, group, runs);
    AddTo(engines[runs[group.runs.front()].engine], group, runs);
    if (group.runs.size() > 1) report.repeats.push_back(group);
  }
  if (all.degrees < 1 || all.squares <= 0)
    return FailedPrecondition(
        "no two runs are repeats of each other: nothing shows how far a run strays by itself");
  report.spread = all.spread();
  report.degrees = all.degrees;
  EarlierGroups earlier;
  for (size_t i = 0; i < groups.size(); ++i) {
    const PerflabRun& run = runs[groups[i].runs.front()];
    const auto from = earlier.NearestTo(run, i);
    if (!from) continue;
    const std::string& engine = run.engine;
    const std::string& engine_before = runs[groups[*from].runs.front()].engine;
    const Noise& own = engines[engine];
    const bool own_is_enough =
        engine == engine_before && own.degrees >= kLeastDegrees && own.squares > 0;
    report.steps.push_back(JudgeStep(runs, groups[*from], groups[i], own_is_enough ? own : all,
                                     own_is_enough ? engine : "all engines"));
  }
  return report;
}

std::string ToJson(const PerflabReport& report, const std::vector<PerflabRun>& runs) {
  using nlohmann::json;
  json repeats = json::array();
  for (const PerflabGroup& group : report.repeats) {
    json rates = json::array();
    for (const size_t run : group.runs) rates.push_back(runs[run].total_tps);
    const PerflabRun& first = runs[group.runs.front()];
    repeats.push_back({{"page", first.page},
                       {"engine", first.engine},
                       {"workload", first.workload},
                       {"total_tps", rates}});
  }
  json steps = json::array();
  for (const PerflabStep& step : report.steps) {
    steps.push_back({{"page", step.page},
                     {"engine", step.engine},
                     {"workload", step.workload},
                     {"from", step.from},
                     {"to", step.to},
                     {"runs", {step.runs_from, step.runs_to}},
                     {"ratio", step.ratio},
                     {"limit", step.limit},
                     {"exceeds_noise", step.exceeds},
                     {"noise_of", step.noise}});
  }
  return spec::DumpJson({{"repeats", repeats},
                         {"spread", report.spread},
                         {"degrees_of_freedom", report.degrees},
                         {"steps", steps}});
}

}  // namespace redline::lab
