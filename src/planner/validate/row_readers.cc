#include "planner/validate/row_readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "planner/predict/launch_line.h"

namespace redline::planner {
namespace {

using spec::ArrivalSpec;
using spec::LengthSpec;

LengthSpec Fixed(double mean) {
  return {.distribution = LengthSpec::Distribution::kFixed,
          .mean = std::clamp(std::round(mean), 1.0, double{spec::kMaxLengthTokens})};
}

bool Contains(std::string_view text, std::string_view part) {
  return ToLower(text).find(ToLower(part)) != std::string::npos;
}

// Where the command does not name the model, the page does: "deepseek-v3.2/h200.md".
std::string ModelOf(const CsvRow& row, const std::vector<std::string>& arguments) {
  for (size_t index = 0; index < arguments.size(); ++index) {
    const std::string& word = arguments[index];
    const size_t equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    if (flag == "--model-path" || flag == "--model") {
      if (equals != std::string::npos) return word.substr(equals + 1);
      if (index + 1 < arguments.size()) return arguments[index + 1];
    }
  }
  if (!arguments.empty() && !arguments.front().starts_with('-')) return arguments.front();
  std::string page(row.Text("page"));
  page.resize(std::min(page.find('/'), page.size()));
  return page == "glm-4.x" ? "GLM-4.6" : page;
}

// Conversations are long-tailed; the other workloads have one length.
void SetLengths(const CsvRow& row, double input, double output, MeasuredRun& run) {
  const bool is_random =
      Contains(row.Text("title"), "random") || Contains(row.Text("label"), "random");
  const bool is_sharegpt =
      Contains(row.Text("title"), "sharegpt") || Contains(row.Text("label"), "sharegpt") ||
      (!is_random && std::abs(input - 219) < 16 && std::abs(output - 200) < 24);
  run.spec.input_tokens = Fixed(input);
  run.spec.output_tokens = Fixed(output);
  run.workload = fmt::format("{:.0f}/{:.0f}", std::round(input / 10) * 10, std::round(output));
  if (!is_sharegpt) return;
  run.workload = "sharegpt";
  run.spec.input_tokens.distribution = LengthSpec::Distribution::kShareGpt;
  run.spec.output_tokens.distribution = LengthSpec::Distribution::kShareGpt;
}

struct Gpus {
  int64_t attention_tp;
  int64_t attention_dp;
  int64_t ffn_tp;
  int64_t ep;
};

// The set writes some layouts of one node as of eight: tp 64 with experts 8 x 8 has the very
// figures of tp 8 with experts over 8 ranks.
Gpus GpusOf(const CsvRow& row) {
  Gpus gpus{
      std::max<int64_t>(row.Int("tp_size"), 1), std::max<int64_t>(row.Int("attention_dp_size"), 1),
      std::max<int64_t>(row.Int("moe_tp_size"), 1), std::max<int64_t>(row.Int("moe_ep_size"), 1)};
  const int64_t experts = gpus.ffn_tp * gpus.ep;
  if (gpus.ep > 1 && gpus.ffn_tp == gpus.ep && gpus.attention_tp * gpus.attention_dp == experts) {
    (gpus.attention_dp > 1 ? gpus.attention_dp : gpus.attention_tp) = gpus.ep;
    gpus.ffn_tp = 1;
  } else if (gpus.ep > 1 && gpus.ffn_tp == gpus.ep) {
    gpus.ffn_tp = 1;
  }
  const int64_t attention = gpus.attention_tp * gpus.attention_dp;
  const int64_t shared = gpus.ffn_tp * gpus.ep;
  if (shared < attention) gpus.ffn_tp = std::max<int64_t>(attention / gpus.ep, 1);
  if (shared > attention) {
    // What holds the experts is what there is.
    (gpus.attention_dp > 1 ? gpus.attention_dp : gpus.attention_tp) *= shared / attention;
  }
  return gpus;
}

// "... silicon_concurrency=16; ..."
int64_t ConcurrencyOf(const CsvRow& row) {
  constexpr std::string_view kKey = "silicon_concurrency=";
  const std::string_view source = row.Text("silicon_data_source");
  const size_t found = source.find(kKey);
  if (found != std::string_view::npos) {
    const std::string_view rest = source.substr(found + kKey.size());
    const auto value = ParseInt64(rest.substr(0, std::min(rest.find(';'), rest.size())));
    if (value.value_or(0) > 0) return *value;
  }
  return row.Int("batch_size") * std::max<int64_t>(row.Int("attention_dp_size"), 1);
}

std::optional<GemmType> WeightsOf(std::string_view mode) {
  if (mode == "fp8") return GemmType::kFp8;
  if (mode == "fp8_block") return GemmType::kFp8Block;
  return std::nullopt;
}

// The lengths of InferenceX's random prompts: 80% to 100% of the nominal one.
LengthSpec UpTo(int64_t length) {
  return {.distribution = LengthSpec::Distribution::kUniform,
          .min = std::max<int64_t>(length * 4 / 5, 1),
          .max = std::clamp<int64_t>(length, 1, spec::kMaxLengthTokens)};
}

}  // namespace

std::string_view CsvRow::Text(std::string_view column) const {
  for (size_t index = 0; index < header_.size() && index < cells_.size(); ++index) {
    if (header_[index] == column) return cells_[index];
  }
  return {};
}

double CsvRow::Number(std::string_view column) const {
  const double value = ParseDouble(Text(column)).value_or(0);
  return std::isfinite(value) && value > 0 && value < 1e15 ? value : 0;
}

int64_t CsvRow::Int(std::string_view column) const {
  return static_cast<int64_t>(std::min(Number(column), 1e9));
}

MeasuredRun RunOfCommand(const CsvRow& row) {
  MeasuredRun run{.page = std::string(row.Text("page")),
                  .script = std::string(row.Text("script")),
                  .total_tps = row.Number("total_tps"),
                  .ttft_ms = row.Number("mean_ttft_ms"),
                  .tpot_ms = row.Number("mean_tpot_ms")};
  const std::string_view heading = row.Text("h");
  run.name =
      fmt::format("{} {} {}", run.page, heading.substr(heading.rfind('>') + 1), row.Text("title"));
  const auto includes = ToLower(row.Text("tpot_includes_ttft"));
  run.tpot_includes_ttft = includes == "true" || includes == "1";
  const double requests = row.Number("n_ok");
  run.spec.name = "measured";
  run.spec.num_requests = std::clamp<int64_t>(row.Int("n_ok"), 1, 200'000);
  if (requests <= 0 || row.Number("in_tok") <= 0 || row.Number("out_tok") <= 0) {
    run.not_covered = "n_ok, in_tok and out_tok are needed";
    return run;
  }
  SetLengths(row, row.Number("in_tok") / requests, row.Number("out_tok") / requests, run);
  const int64_t concurrency = row.Int("max_conc");
  const bool is_closed = concurrency > 0 && concurrency < run.spec.num_requests;
  run.spec.arrivals.process =
      is_closed ? ArrivalSpec::Process::kClosed : ArrivalSpec::Process::kBurst;
  if (is_closed) run.spec.concurrency = concurrency;
  std::vector<std::string> arguments;
  if (const auto line = ParseLaunchLine(run.script); line.ok()) {
    run.engine = line->engine;
    arguments = line->arguments;
  } else {
    for (const auto& [word, engine] :
         {std::pair{"sglang", "sglang"}, {"vllm", "vllm"}, {"tensorrt", "tensorrt_llm"}}) {
      if (Contains(row.Text("label"), word) || Contains(heading, word)) run.engine = engine;
    }
    if (run.engine.empty()) run.not_covered = line.status().message();
    run.script.clear();
    run.layout = {.attention_tp = 8, .ffn_tp = 8};
  }
  run.model = ModelOf(row, arguments);
  return run;
}

MeasuredRun RunOfLayout(const CsvRow& row) {
  MeasuredRun run{.model = std::string(row.Text("model_path")),
                  .engine = std::string(row.Text("backend")),
                  .version = std::string(row.Text("backend_version")),
                  .weights = WeightsOf(row.Text("gemm_quant_mode")),
                  .ttft_ms = row.Number("silicon_ttft_ms"),
                  .tpot_ms = row.Number("silicon_tpot_ms")};
  run.name = row.Text("id");
  if (run.engine == "trtllm") run.engine = "tensorrt_llm";
  std::string system(row.Text("system"));
  system.resize(std::min(system.find('_'), system.size()));
  if (row.Text("mode") != "agg") {
    run.not_covered = "prefill and decode on separate workers (disagg) is not modelled";
    return run;
  }
  const int64_t input = row.Int("isl");
  const int64_t output = row.Int("osl");
  const int64_t concurrency = ConcurrencyOf(row);
  if (input < 1 || output < 1 || concurrency < 1 || concurrency > 100'000) {
    run.not_covered = "isl, osl and batch_size must be positive";
    return run;
  }
  const Gpus gpus = GpusOf(row);
  run.layout = {.attention_tp = gpus.attention_tp,
                .attention_dp = gpus.attention_dp,
                .ffn_tp = gpus.ffn_tp,
                .expert_parallel = gpus.ep,
                .pipeline = std::max<int64_t>(row.Int("pp_size"), 1)};
  run.hardware = fmt::format("{}x8", system.empty() ? "h200" : system);
  run.spec.name = "measured";
  run.spec.input_tokens = UpTo(input);
  run.spec.output_tokens = UpTo(output);
  run.spec.concurrency = concurrency;
  // As InferenceX runs them: ten requests a place.
  run.spec.num_requests = std::max<int64_t>(10 * concurrency, 40);
  return run;
}

}  // namespace redline::planner
