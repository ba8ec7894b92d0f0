#include "planner/validate/validation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "planner/validate/calibration_fit.h"
#include "planner/validate/ranking.h"

namespace redline::planner {
namespace {

using nlohmann::json;

constexpr const char* kLayouts =
    "id,backend,backend_version,model_path,system,mode,isl,osl,gemm_quant_mode,batch_size,tp_size,"
    "pp_size,attention_dp_size,moe_tp_size,moe_ep_size,silicon_ttft_ms,silicon_tpot_ms\n"
    "a,vllm,0.18.0,openai/gpt-oss-120b,h200_sxm,agg,1024,1024,nvfp4,16,8,1,1,8,1,50,4.6\n"
    "b,sglang,0.5.9,deepseek-ai/DeepSeek-R1,h200_sxm,disagg,1024,1024,fp8,16,8,1,1,8,1,50,4.6\n"
    "c,trtllm,,no/such-model,h200_sxm,agg,1024,1024,fp8,16,8,1,1,8,1,50,4.6\n"
    "d,trtllm,,deepseek-ai/DeepSeek-R1,h200_sxm,agg,-1,1024,fp8,16,8,1,1,8,1,50,4.6\n";

constexpr const char* kCommands =
    "page,h,title,label,script,n_ok,max_conc,in_tok,out_tok,total_tps,mean_ttft_ms,mean_tpot_ms\n"
    "p,H,t,,vllm serve deepseek-ai/DeepSeek-V3.2 -tp 8,100,,200000,10000,9000,20000,300\n"
    "p,H,t,,\"vllm serve deepseek-ai/DeepSeek-V3.2 -tp 8 --no-such-flag 1\",100,,1,1,9,2,3\n"
    "deepseek-v3.2/x.md,> vLLM,t,,,100,,200000,10000,9000,20000,300\n"
    "p,H,t,,vllm serve deepseek-ai/DeepSeek-V3.2 -tp 8,nan,,1e400,x,9000,,\n";

std::vector<ValidatedRow> Validated(const char* csv) {
  const auto runs = MeasuredRunsFromCsv(csv);
  EXPECT_TRUE(runs.ok()) << runs.status().ToString();
  return runs.ok() ? Validate(*runs, {}) : std::vector<ValidatedRow>{};
}

TEST(ValidationTest, LayoutsArePredictedRowByRow) {
  const auto rows = Validated(kLayouts);
  ASSERT_EQ(rows.size(), 4u);
  ASSERT_TRUE(rows[0].is_covered) << rows[0].reason;
  ASSERT_EQ(rows[0].metrics.size(), 2u);
  for (const ValidatedMetric& metric : rows[0].metrics) EXPECT_LT(std::abs(metric.error()), 0.5);
  EXPECT_NE(rows[1].reason.find("separate workers"), std::string::npos);
  EXPECT_NE(rows[2].reason.find("such-model"), std::string::npos);
  EXPECT_NE(rows[3].reason.find("positive"), std::string::npos);
}

TEST(ValidationTest, CommandsArePredictedRowByRow) {
  const auto rows = Validated(kCommands);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_TRUE(rows[0].is_covered) << rows[0].reason;
  EXPECT_TRUE(rows[1].is_covered) << rows[1].reason;  // another version's flag
  EXPECT_TRUE(rows[2].is_covered) << rows[2].reason;  // model and engine from page and heading
  EXPECT_FALSE(rows[3].is_covered);
}

TEST(ValidationTest, TheReportHasARowForEachInput) {
  const json report = ToJson(Validated(kLayouts));
  EXPECT_EQ(report.at("rows").size(), 4u);
  EXPECT_EQ(report.at("summary").at("covered"), 1);
  EXPECT_TRUE(report.at("rows")[0].at("metrics").at("tpot").contains("predicted"));
  EXPECT_TRUE(report.at("rows")[1].contains("reason"));
}

TEST(ValidationTest, OtherColumnsAreRefused) {
  for (const char* csv : {"", "a,b\n1,2\n", "total_tps"}) {
    const auto runs = MeasuredRunsFromCsv(csv);
    EXPECT_TRUE(!runs.ok() || runs->empty()) << csv;
  }
  EXPECT_EQ(MeasuredRunsFromCsv("a,b\n1,2\n").status().code(), Code::kInvalidArgument);
}

TEST(RankingTest, NoiseIsNotRankedAndRepeatsAreOne) {
  std::vector<ValidatedRow> rows;
  const auto add = [&](double predicted, double measured) {
    ValidatedRow row;
    row.run.page = "p";
    row.metrics.push_back(
        {.name = "total_tps", .predicted = {predicted, 0, 0}, .measured = measured});
    rows.push_back(row);
  };
  for (const double value : {100.0, 150.0, 225.0, 340.0, 500.0}) add(value, value);
  add(500, 620);  // the same configuration again: 560 on average
  json ranking = RankingToJson(rows);
  ASSERT_EQ(ranking.size(), 1u);
  EXPECT_EQ(ranking[0].at("configurations"), 5);
  EXPECT_NEAR(ranking[0].at("spearman").get<double>(), 1, 1e-9);
  EXPECT_NEAR(ranking[0].at("pick_of_best").get<double>(), 1, 1e-9);
  add(600, 100);  // a wrong favourite
  ranking = RankingToJson(rows);
  EXPECT_LT(ranking[0].at("spearman").get<double>(), 0.7);
  EXPECT_LT(ranking[0].at("pick_of_best").get<double>(), 0.2);
}

TEST(CalibrationFitTest, LearnsWhatWasPlanted) {
  // Runs as an engine would give them whose steps take 3 ms more.
  std::string csv =
      "id,backend,backend_version,model_path,system,mode,isl,osl,gemm_quant_mode,batch_size,"
      "tp_size,pp_size,attention_dp_size,moe_tp_size,moe_ep_size,silicon_ttft_ms,silicon_tpot_ms\n";
  for (const int batch : {1, 2, 4, 8}) {
    csv += "x,vllm,0.99,Qwen/Qwen3-8B,h200_sxm,agg,512,64,none," + std::to_string(batch) +
           ",1,1,1,1,1,100,100\n";
  }
  auto runs = *MeasuredRunsFromCsv(csv);
  EngineCalibration truth{.engine = "vllm"};
  truth.decode_step_ms = 4;
  const std::vector<EngineCalibration> planted = {truth};
  for (MeasuredRun& run : runs) {
    const auto rows = Validate({run}, {.calibrations = &planted});
    ASSERT_TRUE(rows[0].is_covered) << rows[0].reason;
    run.ttft_ms = rows[0].metrics[0].predicted.value;
    run.tpot_ms = rows[0].metrics[1].predicted.value;
  }
  const auto fitted = FitCalibrations(runs, {.source = "planted", .num_threads = 1});
  ASSERT_TRUE(fitted.ok()) << fitted.status().ToString();
  ASSERT_EQ(fitted->size(), 1u);  // four runs are too few for an entry of the model's own
  EXPECT_EQ((*fitted)[0].scales.experts, 1);
  for (const ValidatedRow& row : Validate(runs, {.calibrations = &*fitted})) {
    EXPECT_LT(std::abs(row.metrics[1].error()), 0.1);
  }
}

// The measured runs beside the project, where they are.
TEST(ValidationTest, AgreesWithMeasuredRuns) {
  const struct {
    const char* path;
    const char* metric;
    double median;
    double p90;
  } cases[] = {{"../shared/data/perflab-h200.csv", "total_tps", 0.15, 0.35},
               {"../shared/data/silicon-h200.csv", "tpot", 0.08, 0.25}};
  for (const auto& one : cases) {
    const auto text = ReadFile(one.path);
    if (!text.ok()) {
      std::cerr << "SKIPPED: " << one.path << " is not there\n";
      GTEST_SKIP();
    }
    const json summary = ToJson(Validate(*MeasuredRunsFromCsv(*text), {})).at("summary");
    const json& metric = summary.at("metrics").at(one.metric);
    EXPECT_LE(metric.at("median_error").get<double>(), one.median) << one.path;
    EXPECT_LE(metric.at("p90_error").get<double>(), one.p90) << one.path;
  }
}

}  // namespace
}  // namespace redline::planner
