// SGLang's axes. Sources of the flags: server_args.py at 0.5.6.post2.
#include <fmt/format.h>

#include "planner/engines/engine_settings.h"
#include "planner/search/engine_axes.h"

namespace redline::planner {
namespace {

AxisValue SglangLayout(int64_t tp, int64_t dp, bool shares_attention, int64_t ep) {
  AxisValue value{.label = fmt::format("tp {}", tp), .words = {"--tp-size", std::to_string(tp)}};
  if (dp > 1) {
    value.label +=
        shares_attention ? fmt::format(", attention dp {}", dp) : fmt::format(", {} copies", dp);
    value.words.insert(value.words.end(), {"--dp-size", std::to_string(dp)});
    if (shares_attention) value.words.push_back("--enable-dp-attention");
  }
  if (ep > 1) {
    value.label += fmt::format(", ep {}", ep);
    value.words.insert(value.words.end(), {"--ep-size", std::to_string(ep)});
  }
  return value;
}

// All GPUs for one copy first; then data-parallel attention, experts apart, and whole copies.
Axis SglangLayouts(const SpaceQuestion& question) {
  Axis axis{.name = "layout", .values = {}};
  const int64_t gpus = question.num_gpus;
  const bool has_experts = HasRoutedExperts(question.shape);
  for (const int64_t tp : DivisorsOf(gpus)) {
    axis.values.push_back(SglangLayout(tp, gpus / tp, /*shares_attention=*/false, 1));
    if (has_experts && tp > 1) {
      axis.values.push_back(SglangLayout(tp, gpus / tp, /*shares_attention=*/false, tp));
    }
  }
  for (const int64_t dp : DivisorsOf(gpus)) {
    if (!has_experts || dp == 1) continue;
    axis.values.push_back(SglangLayout(gpus, dp, /*shares_attention=*/true, 1));
    axis.values.push_back(SglangLayout(gpus, dp, /*shares_attention=*/true, gpus));
  }
  axis.num_coarse = axis.values.size();
  return axis;
}

// Prefill and decode choose apart, but each attention reads what the other has written: pairs that
// are used together.
Axis SparseBackends() {
  Axis axis{.name = "sparse attention", .values = {DefaultValue()}};
  constexpr std::pair<const char*, const char*> kPairs[] = {
      {"fa3", "fa3"}, {"flashmla_sparse", "flashmla_kv"}, {"flashmla_auto", "fa3"}};
  for (const auto& [prefill, decode] : kPairs) {
    axis.values.push_back(
        {.label = fmt::format("{}/{}", prefill, decode),
         .words = {"--nsa-prefill-backend", prefill, "--nsa-decode-backend", decode}});
  }
  axis.num_coarse = 3;
  return axis;
}

Axis Drafts() {
  Axis axis{.name = "speculation", .values = {DefaultValue()}};
  for (const int64_t steps : {1, 3, 2}) {
    axis.values.push_back({.label = fmt::format("{} drafts", steps),
                           .words = {"--speculative-algorithm", "EAGLE", "--speculative-num-steps",
                                     std::to_string(steps), "--speculative-eagle-topk", "1",
                                     "--speculative-num-draft-tokens", std::to_string(steps + 1)}});
  }
  axis.num_coarse = 3;
  return axis;
}

}  // namespace

std::vector<Axis> SglangAxes(const SpaceQuestion& question) {
  std::vector<Axis> axes = {
      SglangLayouts(question),
      FlagAxis("chunked prefill", "--chunked-prefill-size", {"4096", "16384", "32768"},
               {"2048", "65536", "131072", "-1"}),
      FlagAxis("running requests", "--max-running-requests", {"128", "512"},
               {"16", "32", "64", "256", "1024", "2048", "4096"}),
      FlagAxis("memory fraction", "--mem-fraction-static", {"0.92"},
               {"0.8", "0.85", "0.9", "0.94"}),
      SwitchAxis("mixed chunk", "--enable-mixed-chunk"),
      FlagAxis("conservativeness", "--schedule-conservativeness", {}, {"0.1", "0.3", "0.6", "1"}),
      FlagAxis("graph batch", "--cuda-graph-max-bs", {}, {"64", "128", "256", "512", "1024"}),
      FlagAxis("prefill tokens", "--max-prefill-tokens", {}, {"8192", "32768", "65536"}),
      SwitchAxis("no prefix cache", "--disable-radix-cache")};
  axes.back().num_coarse = 1;
  if (question.has_fp8) axes.push_back(FlagAxis("KV cache", "--kv-cache-dtype", {"fp8_e4m3"}));
  if (HasSparseAttention(question.shape)) axes.push_back(SparseBackends());
  if (question.shape.prediction.num_layers > 0) axes.push_back(Drafts());
  return axes;
}

}  // namespace redline::planner
