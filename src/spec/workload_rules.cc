// The domains of a workload's fields, and which of them mean something together.
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/strings.h"
#include "spec/workload_spec.h"

namespace redline::spec {
namespace {

using Distribution = LengthSpec::Distribution;
using Process = ArrivalSpec::Process;
using Format = DatasetSpec::Format;

constexpr double kMinRate = 1e-6;
constexpr double kMaxRate = 1e6;
constexpr double kMaxSeconds = 1e6;
constexpr double kMaxMilliseconds = 1e9;
constexpr int64_t kMaxConcurrency = 1'000'000;
constexpr size_t kMaxSteps = 10'000;
constexpr size_t kMaxSloClasses = 64;
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxTextBytes = 4096;

Status Refuse(std::string name, const std::string& value, const std::string& remedy) {
  const std::string message = fmt::format("\"{}\" is {}; {}", name, value, remedy);
  return InvalidArgument(message, std::move(name));
}

// NaN is in no range.
Status InRange(std::string name, double value, double low, double high) {
  if (value >= low && value <= high) return OkStatus();
  return Refuse(std::move(name), fmt::format("{}", value),
                fmt::format("give a number from {} to {}", low, high));
}

Status InRange(std::string name, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return OkStatus();
  return Refuse(std::move(name), fmt::format("{}", value),
                fmt::format("give an integer from {} to {}", low, high));
}

// A field that the choice made beside it ignores must be at its default.
Status Unused(std::string name, double value, double unused, const std::string& choice) {
  if (value == unused) return OkStatus();
  return Refuse(std::move(name), fmt::format("{}", value),
                fmt::format("it means nothing with {}: remove it", choice));
}

Status CheckText(std::string name, const std::string& text) {
  if (text.size() <= kMaxTextBytes && IsValidUtf8(text)) return OkStatus();
  return Refuse(std::move(name), fmt::format("{} bytes", text.size()),
                fmt::format("give at most {} bytes of UTF-8", kMaxTextBytes));
}

// Names become parts of file names and of reports.
Status CheckWorkloadName(std::string field, const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  bool good = !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.';
  for (const char character : name) good = good && allowed(character);
  if (good) return OkStatus();
  return Refuse(std::move(field), "\"" + Excerpt(name) + "\"",
                "give 1 to 64 letters, digits, \"-\", \"_\" or \".\"");
}

Status CheckFixedLength(const std::string& field, double mean) {
  RL_RETURN_IF_ERROR(InRange(field, mean, 1.0, static_cast<double>(kMaxLengthTokens)));
  if (mean == std::floor(mean)) return OkStatus();
  return Refuse(field, fmt::format("{}", mean), "give a whole number of tokens");
}

Status CheckSampledMean(const std::string& field, const LengthSpec& length) {
  const std::string choice = fmt::format("distribution {}", NameOf(length.distribution));
  const bool uniform_or_dataset = length.distribution == Distribution::kUniform ||
                                  length.distribution == Distribution::kDataset;
  if (uniform_or_dataset) return Unused(field + ".mean", length.mean, 0, choice);
  const bool optional = length.distribution == Distribution::kShareGpt;
  return InRange(field + ".mean", length.mean, optional ? 0.0 : 1.0,
                 static_cast<double>(kMaxLengthTokens));
}

Status CheckLength(const std::string& field, const LengthSpec& length) {
  RL_RETURN_IF_ERROR(InRange(field + ".min", length.min, 1, kMaxLengthTokens));
  RL_RETURN_IF_ERROR(InRange(field + ".max", length.max, length.min, kMaxLengthTokens));
  const bool has_stddev = length.distribution == Distribution::kNormal ||
                          length.distribution == Distribution::kLognormal;
  const std::string choice = fmt::format("distribution {}", NameOf(length.distribution));
  RL_RETURN_IF_ERROR(has_stddev ? InRange(field + ".stddev", length.stddev, 0.0,
                                          static_cast<double>(kMaxLengthTokens))
                                : Unused(field + ".stddev", length.stddev, 0, choice));
  if (length.distribution == Distribution::kFixed) return CheckFixedLength(field, length.mean);
  return CheckSampledMean(field, length);
}

struct RateField {
  const char* name;
  double value;
  double unused;  // its default
  double low;
  double high;
  std::vector<Process> used_by;
};

Status CheckSteps(const ArrivalSpec& arrivals) {
  const bool steps = arrivals.process == Process::kSteps;
  if (steps != !arrivals.rates.empty() || arrivals.rates.size() > kMaxSteps)
    return Refuse("arrivals.rates", fmt::format("a list of {}", arrivals.rates.size()),
                  steps ? fmt::format("give 1 to {} rates in requests per second", kMaxSteps)
                        : "only process steps has it: remove it");
  for (size_t index = 0; index < arrivals.rates.size(); ++index)
    RL_RETURN_IF_ERROR(InRange(fmt::format("arrivals.rates[{}]", index), arrivals.rates[index],
                               kMinRate, kMaxRate));
  return OkStatus();
}

Status CheckArrivals(const ArrivalSpec& arrivals) {
  const std::vector<RateField> fields = {
      {"rate",
       arrivals.rate,
       0,
       kMinRate,
       kMaxRate,
       {Process::kConstant, Process::kPoisson, Process::kGamma, Process::kRamp}},
      {"rate_end", arrivals.rate_end, 0, kMinRate, kMaxRate, {Process::kRamp}},
      {"burstiness", arrivals.burstiness, 1, 1e-3, 1e3, {Process::kGamma}},
      {"step_seconds", arrivals.step_seconds, 0, 1e-3, kMaxSeconds, {Process::kSteps}},
      {"speed", arrivals.speed, 1, 1e-6, 1e6, {Process::kTrace}},
  };
  for (const RateField& field : fields) {
    const std::string name = std::string("arrivals.") + field.name;
    bool used = false;
    for (const Process process : field.used_by) used = used || process == arrivals.process;
    RL_RETURN_IF_ERROR(used ? InRange(name, field.value, field.low, field.high)
                            : Unused(name, field.value, field.unused,
                                     fmt::format("process {}", NameOf(arrivals.process))));
  }
  return CheckSteps(arrivals);
}

Status CheckPrefix(const WorkloadSpec& spec) {
  const PrefixSpec& prefix = spec.prefix;
  RL_RETURN_IF_ERROR(InRange("prefix.groups", prefix.groups, 0, kMaxRequests));
  if (prefix.groups == 0)
    return Unused("prefix.tokens", static_cast<double>(prefix.tokens), 0, "no prefix.groups");
  RL_RETURN_IF_ERROR(InRange("prefix.tokens", prefix.tokens, 1, kMaxLengthTokens));
  const LengthSpec& input = spec.input_tokens;
  if (input.distribution == Distribution::kFixed && static_cast<double>(prefix.tokens) > input.mean)
    return Refuse("prefix.tokens", fmt::format("{}", prefix.tokens),
                  fmt::format("it is a part of input_tokens: give at most {}", input.mean));
  return OkStatus();
}

Status CheckSloClass(const std::string& field, const SloClass& slo) {
  RL_RETURN_IF_ERROR(CheckWorkloadName(field + ".name", slo.name));
  RL_RETURN_IF_ERROR(InRange(field + ".share", slo.share, 0.0, 1.0));
  RL_RETURN_IF_ERROR(InRange(field + ".ttft_ms", slo.ttft_ms, 0.0, kMaxMilliseconds));
  RL_RETURN_IF_ERROR(InRange(field + ".tpot_ms", slo.tpot_ms, 0.0, kMaxMilliseconds));
  return InRange(field + ".e2e_ms", slo.e2e_ms, 0.0, kMaxMilliseconds);
}

Status CheckSloClasses(const std::vector<SloClass>& classes) {
  if (classes.size() > kMaxSloClasses)
    return Refuse("slo_classes", fmt::format("a list of {}", classes.size()),
                  fmt::format("give at most {}", kMaxSloClasses));
  double sum = 0;
  for (size_t index = 0; index < classes.size(); ++index) {
    RL_RETURN_IF_ERROR(CheckSloClass(fmt::format("slo_classes[{}]", index), classes[index]));
    sum += classes[index].share;
  }
  if (classes.empty() || std::abs(sum - 1) < 1e-6) return OkStatus();
  return Refuse("slo_classes", fmt::format("a list whose shares add up to {}", sum),
                "make the shares add up to 1");
}

// Requests whose contents the file decides have no prefix or session beside it.
Status CheckWithDataset(const WorkloadSpec& spec) {
  const Format format = spec.dataset.format;
  const std::string choice = fmt::format("dataset.format {}", NameOf(format));
  if (format == Format::kMooncake || format == Format::kJsonl) {
    RL_RETURN_IF_ERROR(Unused("prefix.groups", static_cast<double>(spec.prefix.groups), 0, choice));
    return Unused("sessions.turns", static_cast<double>(spec.sessions.turns), 1, choice);
  }
  if (spec.arrivals.process == Process::kTrace)
    return Unused("sessions.turns", static_cast<double>(spec.sessions.turns), 1, "process trace");
  return OkStatus();
}

Status CheckDataset(const WorkloadSpec& spec) {
  const DatasetSpec& dataset = spec.dataset;
  const auto refuse_without = [](const std::string& field, const std::string& value) {
    return Refuse(field, value, "that takes a dataset: {format, path}");
  };
  RL_RETURN_IF_ERROR(CheckText("dataset.path", dataset.path));
  if (dataset.format != Format::kNone) {
    if (dataset.path.empty()) return Refuse("dataset.path", "empty", "name the file to read");
    RL_RETURN_IF_ERROR(InRange("dataset.length_scale", dataset.length_scale, 1e-6, 1e3));
    return CheckWithDataset(spec);
  }
  if (!dataset.path.empty())
    return Refuse("dataset.format", "none", "choose azure, mooncake or jsonl for dataset.path");
  RL_RETURN_IF_ERROR(Unused("dataset.length_scale", dataset.length_scale, 1, "no dataset"));
  if (spec.input_tokens.distribution == Distribution::kDataset)
    return refuse_without("input_tokens.distribution", "dataset");
  if (spec.output_tokens.distribution == Distribution::kDataset)
    return refuse_without("output_tokens.distribution", "dataset");
  if (spec.arrivals.process == Process::kTrace) return refuse_without("arrivals.process", "trace");
  return OkStatus();
}

Status CheckCounts(const WorkloadSpec& spec) {
  const bool has_dataset = spec.dataset.format != Format::kNone;
  const bool closed = spec.arrivals.process == Process::kClosed;
  RL_RETURN_IF_ERROR(InRange("num_requests", spec.num_requests, has_dataset ? 0 : 1, kMaxRequests));
  RL_RETURN_IF_ERROR(InRange("concurrency", spec.concurrency, closed ? 1 : 0, kMaxConcurrency));
  RL_RETURN_IF_ERROR(InRange("sessions.turns", spec.sessions.turns, 1, kMaxTurns));
  return spec.sessions.turns > 1
             ? InRange("sessions.think_seconds", spec.sessions.think_seconds, 0.0, kMaxSeconds)
             : Unused("sessions.think_seconds", spec.sessions.think_seconds, 0,
                      "sessions of one turn");
}

Status CheckSampling(const WorkloadSpec& spec) {
  RL_RETURN_IF_ERROR(InRange("temperature", spec.temperature, 0.0, 2.0));
  RL_RETURN_IF_ERROR(InRange("abort_share", spec.abort_share, 0.0, 1.0));
  if (spec.abort_share > 0)
    return InRange("abort_after_tokens", spec.abort_after_tokens, 1, kMaxLengthTokens);
  return Unused("abort_after_tokens", static_cast<double>(spec.abort_after_tokens), 0,
                "no abort_share");
}

}  // namespace

Status ValidateWorkload(const WorkloadSpec& spec) {
  RL_RETURN_IF_ERROR(CheckWorkloadName("name", spec.name));
  RL_RETURN_IF_ERROR(CheckText("description", spec.description));
  RL_RETURN_IF_ERROR(CheckDataset(spec));
  RL_RETURN_IF_ERROR(CheckLength("input_tokens", spec.input_tokens));
  RL_RETURN_IF_ERROR(CheckLength("output_tokens", spec.output_tokens));
  RL_RETURN_IF_ERROR(CheckCounts(spec));
  RL_RETURN_IF_ERROR(CheckArrivals(spec.arrivals));
  RL_RETURN_IF_ERROR(CheckPrefix(spec));
  RL_RETURN_IF_ERROR(CheckSloClasses(spec.slo_classes));
  return CheckSampling(spec);
}

}  // namespace redline::spec
