#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "app/environment.h"
#include "app/output.h"
#include "app/plan_output.h"
#include "base/strings.h"

namespace redline::app {
namespace {

constexpr size_t kNumShown = 10;

std::string Figure(double value) { return fmt::format("{:.0f}", value); }
std::string Milliseconds(double value) {
  return value < 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}
std::string BandText(const planner::Banded& banded) {
  return fmt::format("{:.0f} ({:.0f} to {:.0f})", banded.value, banded.low, banded.high);
}
std::string CostText(const planner::Outcome& outcome) {
  return outcome.usd_per_million_tokens ? fmt::format("{:.3f}", *outcome.usd_per_million_tokens)
                                        : "-";
}

std::vector<std::string> OutcomeCells(const planner::PlanRequest& request, std::string place,
                                      std::string name, const planner::Outcome& outcome) {
  const planner::Prediction& prediction = outcome.prediction;
  return {std::move(place),
          std::move(name),
          BandText(prediction.total_tps),
          Milliseconds(prediction.mean_ttft_ms.value),
          Milliseconds(prediction.mean_tpot_ms.value),
          request.workload.slo_classes.empty() ? "-"
                                               : fmt::format("{:.0f}%", 100 * prediction.slo_share),
          CostText(outcome)};
}

const std::vector<std::string> kOutcomeHeader = {
    "", "CONFIGURATION", "TOKENS/S (BAND)", "TTFT ms", "TPOT ms", "SLO", "USD/M TOKENS"};

std::string OutcomeTable(const planner::PlanReport& report, const std::vector<size_t>& places) {
  std::vector<std::vector<std::string>> rows;
  for (const size_t place : places) {
    const planner::Outcome& outcome = report.ranking().ranking[place];
    rows.push_back(OutcomeCells(*report.request, std::to_string(place + 1),
                                planner::NameOfOutcome(report, outcome), outcome));
  }
  return FormatTable(kOutcomeHeader, rows);
}

// The first ten that differ, and the best of each engine that is not among them.
std::vector<size_t> ShownPlaces(const planner::WorkloadRanking& ranking) {
  std::vector<size_t> places = planner::DistinctPlaces(ranking.ranking, kNumShown);
  std::set<size_t> engines;
  for (size_t place = 0; place < ranking.ranking.size(); ++place) {
    const bool is_first = engines.insert(ranking.ranking[place].candidate.space).second;
    if (is_first && place > places.back()) places.push_back(place);
  }
  return places;
}

std::string SearchLine(const planner::PlanReport& report) {
  const planner::SearchResult& search = *report.search;
  return fmt::format(
      "{} combinations of flags: {} in layouts that cannot run, {} refused by their engine, {} "
      "duplicates; {} distinct configurations, {} of which do not run; {} more around the best. "
      "{:.1f} s on {} threads.\n",
      search.space.num_combinations + search.num_in_layouts, search.num_in_layouts,
      search.space.num_refused, search.space.num_duplicates, search.num_distinct, search.num_unfit,
      search.num_refined, report.seconds, report.request->options.num_threads);
}

std::string LedgerTable(const planner::PlannedConfiguration& planned) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& term : planned.ledger.terms) {
    rows.push_back({term.name, fmt::format("{:.2f}", static_cast<double>(term.num_bytes) / 1e9)});
  }
  rows.push_back(
      {"= a GPU", fmt::format("{:.2f}", static_cast<double>(planned.ledger.total_bytes) / 1e9)});
  return FormatTable({"MEMORY OF A GPU", "GB"}, rows) +
         fmt::format("{} tokens fit into the KV cache ({} a rank, {} bytes a token)\n",
                     planned.ledger.kv_tokens, planned.ledger.kv_tokens_per_rank,
                     planned.ledger.kv_bytes_per_token);
}

std::string SplitTable(const planner::TimeSplit& split) {
  std::vector<std::pair<std::string, double>> parts = {{"waiting", split.waiting_s}};
  for (size_t index = 0; index < planner::kNumOperations; ++index) {
    parts.emplace_back(planner::NameOf(static_cast<planner::Operation>(index)),
                       split.operations.seconds[index]);
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& left, const auto& right) { return left.second > right.second; });
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, seconds] : parts) {
    if (seconds == 0) continue;
    rows.push_back({name, fmt::format("{:.2f}", seconds),
                    fmt::format("{:.1f}%", 100 * seconds / split.Total())});
  }
  rows.push_back({"= the run", fmt::format("{:.2f}", split.Total()), "100.0%"});
  return FormatTable({"WHERE THE TIME GOES", "SECONDS", "SHARE"}, rows);
}

// The three operations that a step takes most from or adds most to.
std::string RemovedText(const planner::TimeSplit& removed) {
  std::vector<std::pair<double, std::string>> parts = {{removed.waiting_s, "waiting"}};
  for (size_t index = 0; index < planner::kNumOperations; ++index) {
    parts.emplace_back(removed.operations.seconds[index],
                       planner::NameOf(static_cast<planner::Operation>(index)));
  }
  std::stable_sort(parts.begin(), parts.end(), [](const auto& left, const auto& right) {
    return std::abs(left.first) > std::abs(right.first);
  });
  std::vector<std::string> texts;
  for (size_t place = 0; place < 3; ++place) {
    if (std::abs(parts[place].first) < 0.005) break;
    texts.push_back(fmt::format("{} {:+.2f} s", parts[place].second, -parts[place].first));
  }
  return Join(texts, ", ");
}

std::string ExplanationTable(const planner::PlanReport& report) {
  if (!report.explanation) {
    return fmt::format("No explanation: {}\n", EscapeControl(report.no_explanation));
  }
  const planner::Explanation& explanation = *report.explanation;
  std::vector<std::vector<std::string>> rows = {
      {fmt::format("{}: {}, its defaults", explanation.baseline_engine, explanation.baseline),
       Figure(explanation.start.prediction.total_tps.value), "",
       fmt::format("{:.1f}", explanation.start.prediction.duration_s), ""}};
  for (const planner::ExplanationStep& step : explanation.steps) {
    rows.push_back({step.change, Figure(step.after.prediction.total_tps.value),
                    fmt::format("x {:.3f}", step.gain),
                    fmt::format("{:.1f}", step.after.prediction.duration_s),
                    RemovedText(step.removed)});
  }
  return FormatTable({"WHY: CHANGE BY CHANGE", "TOKENS/S", "GAIN", "RUN s", "MOST CHANGED"}, rows) +
         fmt::format("gain in {} over these defaults: x {:.2f} (band {:.2f} to {:.2f})\n",
                     planner::NameOf(report.request->options.goal), explanation.gain.value,
                     explanation.gain.low, explanation.gain.high);
}

std::string NoOpLines(const planner::PlanReport& report) {
  std::string text;
  for (const auto& flag : report.winner.flags) {
    if (!flag.HasNoEffect()) continue;
    text += fmt::format("no effect: {} (the engine runs the same without it)\n",
                        EscapeControl(Join(flag.words, " ")));
  }
  if (!report.search) return text;
  for (const planner::NoOp& no_op : report.search->space.no_ops) {
    const planner::SearchSpace& space = report.search->engines[no_op.space].space;
    text += fmt::format(
        "no effect in any combination: {} {} ({})\n", space.engine,
        Join(space.axes[no_op.axis].values[no_op.value].words, " "),
        no_op.is_same_engine ? "the engine runs the same" : "what it changes is not modelled");
  }
  return text;
}

std::string RefusalLines(const planner::PlanReport& report) {
  constexpr size_t kMostRefusals = 3;
  std::string text;
  for (const auto* reasons :
       {&report.search->layouts, &report.search->space.refusals, &report.search->unfit}) {
    for (size_t index = 0; index < std::min(kMostRefusals, reasons->size()); ++index) {
      text += fmt::format("does not run, {} times: {}\n", (*reasons)[index].count,
                          Excerpt((*reasons)[index].text, 200));
    }
  }
  return text;
}

std::string SearchTables(const planner::PlanReport& report) {
  const planner::WorkloadRanking& ranking = report.ranking();
  std::string text = OutcomeTable(report, ShownPlaces(ranking)) + "\n";
  text += "Most tokens/s at each time per token:\n" + OutcomeTable(report, ranking.frontier) + "\n";
  if (!ranking.cost_frontier.empty() && ranking.cost_frontier != ranking.frontier) {
    text +=
        "Least cost at each time per token:\n" + OutcomeTable(report, ranking.cost_frontier) + "\n";
  }
  return text;
}

}  // namespace

std::string LaunchLineOf(const planner::PlanReport& report) {
  return CommandWords(report.winner.command, report.request->environment);
}

std::string PlanTables(const planner::PlanReport& report) {
  const planner::PlanRequest& request = *report.request;
  std::string text =
      fmt::format("{} on {}, workload {}, best by {}\n\n", EscapeControl(request.model_path),
                  planner::FullName(request.hardware), EscapeControl(request.workload.name),
                  planner::NameOf(request.options.goal));
  if (report.search) text += SearchTables(report);
  const std::string name =
      report.search ? planner::NameOfOutcome(report, report.winner.outcome) : report.winner.engine;
  if (!report.search) {
    text += FormatTable(kOutcomeHeader, {OutcomeCells(request, "", name, report.winner.outcome)}) +
            "\n";
  }
  text += fmt::format("{}\n\n  {}\n\n", name, LaunchLineOf(report));
  text += LedgerTable(report.winner) + "\n" + SplitTable(report.winner.split) + "\n";
  if (report.search) text += ExplanationTable(report) + "\n" + SearchLine(report);
  if (report.search) text += RefusalLines(report);
  text += NoOpLines(report);
  for (const std::string& caveat : planner::Caveats(report)) {
    text += fmt::format("note: {}\n", EscapeControl(caveat));
  }
  return text;
}

}  // namespace redline::app
