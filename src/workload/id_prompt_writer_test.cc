#include "workload/id_prompt_writer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "net/json_body.h"

namespace redline::workload {
namespace {

std::unique_ptr<RequestPlan> Plan(const std::string& yaml) {
  const auto spec = spec::WorkloadFromYaml("name: w\noutput_tokens: 1\n" + yaml);
  EXPECT_TRUE(spec.ok()) << spec.status().ToString();
  auto plan = MakePlan(*spec, 7);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return std::move(*plan);
}

TEST(IdPromptWriter, WritesAsManyIdsAsAsked) {
  const auto plan = Plan("input_tokens: {distribution: uniform, min: 1, max: 4000}");
  const auto writer = IdPromptWriter::Make({100, 110});
  ASSERT_TRUE(writer.ok());
  std::set<int64_t> seen;
  for (size_t index = 0; index < plan->size(); ++index) {
    std::string json = "{\"prompt\":";
    (*writer)->AppendJson(*plan, index, json);
    const auto body = net::ParseJson(json + "}");
    ASSERT_TRUE(body.ok()) << json;
    const auto ids = (*body)["prompt"].get<std::vector<int64_t>>();
    EXPECT_EQ(ids.size(), static_cast<size_t>(plan->At(index).input_tokens));
    seen.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_EQ(*seen.begin(), 100);
  EXPECT_EQ(*seen.rbegin(), 109);
}

TEST(IdPromptWriter, WidestIds) {
  const auto plan = Plan("input_tokens: 1000");
  const auto writer = IdPromptWriter::Make({(int64_t{1} << 31) - 2, int64_t{1} << 31});
  ASSERT_TRUE(writer.ok());
  std::string json;
  (*writer)->AppendJson(*plan, 0, json);
  EXPECT_EQ(json.size(), 1000u * 11 + 1);
}

TEST(IdPromptWriter, DefaultRangeLeavesSpecialTokensOut) {
  const struct {
    int64_t vocab_size;
    int64_t first_id;
    int64_t end_id;
  } kCases[] = {
      {129'280, 512, 125'240},  // DeepSeek-V3: special 0-2 and from 128,000
      {151'936, 512, 147'188},  // Qwen2.5: special from 151,643
      {128'256, 512, 124'248},  // Llama 3: special from 128,000
      {49'152, 512, 47'616},    // SmolLM2: special 0-16
      {32'000, 512, 31'000},    // Llama 2: control and bytes 0-258
      {512, 64, 496},          {16, 2, 15},
  };
  for (const auto& c : kCases) {
    const auto range = DefaultIdRange(c.vocab_size);
    ASSERT_TRUE(range.ok());
    EXPECT_EQ(range->first_id, c.first_id) << c.vocab_size;
    EXPECT_EQ(range->end_id, c.end_id) << c.vocab_size;
  }
}

TEST(IdPromptWriter, RefusesEmptyRanges) {
  for (const IdRange range : {IdRange{5, 5}, {5, 4}, {-1, 4}, {0, (int64_t{1} << 31) + 1}})
    EXPECT_FALSE(IdPromptWriter::Make(range).ok());
  for (const int64_t size : {int64_t{-1}, int64_t{0}, int64_t{15}, int64_t{1} << 40})
    EXPECT_FALSE(DefaultIdRange(size).ok());
}

}  // namespace
}  // namespace redline::workload
