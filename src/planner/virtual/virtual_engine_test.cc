#include "planner/virtual/virtual_engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "planner/simulate/serving_simulator.h"
#include "planner/simulate/table_plan_for_test.h"
#include "planner/virtual/prompt_blocks.h"

namespace redline::planner {
namespace {

using Kind = SchedulerPolicy::Kind;
constexpr double kNever = std::numeric_limits<double>::infinity();

SchedulerPolicy Policy(Kind kind) {
  SchedulerPolicy policy;
  policy.kind = kind;
  policy.step_token_budget = 16;
  policy.kv_tokens = 4000;
  policy.frontend_seconds_per_request = 0.01;
  policy.response_seconds = 0.25;
  return policy;
}

std::unique_ptr<VirtualEngine> MakeEngine(const SchedulerPolicy& policy, double delay_steps = 0) {
  static const HandCost cost;
  auto engine =
      VirtualEngine::Make(policy, cost, {.seconds = policy.response_seconds, .steps = delay_steps});
  EXPECT_TRUE(engine.ok()) << engine.status().ToString();
  return std::move(engine).value();
}

// Notes when what came.
class NotingSink : public AnswerSink {
 public:
  NotingSink(const VirtualEngine& engine, bool is_streaming)
      : engine_(engine), is_streaming_(is_streaming) {}
  bool IsStreaming() const override { return is_streaming_; }
  bool OnTokens(int64_t count) override {
    if (first_s < 0) first_s = engine_.now_s();
    num_tokens += count;
    return num_tokens < most_tokens;
  }
  void OnFinished(int64_t output, int64_t cached) override {
    last_s = engine_.now_s();
    output_tokens = output;
    cached_tokens = cached;
  }
  void OnRefused(const Status& status) override { refusal = status; }

  int64_t most_tokens = INT64_MAX;  // then its client is gone
  double first_s = -1;
  double last_s = -1;
  int64_t num_tokens = 0;
  int64_t output_tokens = -1;
  int64_t cached_tokens = -1;
  Status refusal;

 private:
  const VirtualEngine& engine_;
  const bool is_streaming_;
};

std::vector<workload::PromptPiece> PiecesOf(int64_t num_tokens, uint64_t key) {
  return {{key, num_tokens}};
}

// Requests at times that no step ends at.
std::vector<TablePlan::Row> IrregularRows(int count) {
  std::vector<TablePlan::Row> rows;
  for (int index = 0; index < count; ++index) {
    rows.push_back({.input_tokens = 1 + index * 7 % 23,
                    .output_tokens = 1 + index * 5 % 17,
                    .intended_s = index * std::sqrt(2.0) / 3,
                    .session = static_cast<uint32_t>(index)});
  }
  return rows;
}

TEST(VirtualEngineTest, HasTheTimesOfTheSimulator) {
  const std::vector<TablePlan::Row> rows = IrregularRows(60);
  for (const Kind kind : {Kind::kPrefillFirst, Kind::kMixed, Kind::kInflight}) {
    for (const int64_t num_ranks : {1, 3}) {
      for (const bool lockstep : {true, false}) {
        SchedulerPolicy policy = Policy(kind);
        policy.num_ranks = num_ranks;
        policy.ranks_in_lockstep = lockstep;
        const auto simulated = SimulateServing(TablePlan(rows), {}, policy, HandCost());
        ASSERT_TRUE(simulated.ok()) << simulated.status().ToString();
        const auto engine = MakeEngine(policy);
        std::vector<std::shared_ptr<NotingSink>> sinks;
        for (size_t index = 0; index < rows.size(); ++index) {
          const double now_s = rows[index].intended_s;
          engine->Advance(now_s);
          sinks.push_back(std::make_shared<NotingSink>(*engine, true));
          engine->Submit(now_s, {.input_tokens = rows[index].input_tokens,
                                 .output_tokens = rows[index].output_tokens,
                                 .pieces = PiecesOf(rows[index].input_tokens, 2 * index + 1),
                                 .sink = sinks.back()});
        }
        // However late it is looked at.
        for (double now_s = 30; now_s < 1000; now_s += 17.3) engine->Advance(now_s);
        for (size_t index = 0; index < rows.size(); ++index) {
          const SimulatedRequest& expected = simulated->requests[index];
          EXPECT_NEAR(sinks[index]->first_s, expected.first_token_s, 1e-9) << index;
          EXPECT_NEAR(sinks[index]->last_s, expected.last_token_s, 1e-9) << index;
          EXPECT_EQ(sinks[index]->num_tokens, rows[index].output_tokens) << index;
        }
      }
    }
  }
}

TEST(VirtualEngineTest, NeverRunsAheadAndTellsWhenToLookAgain) {
  const auto engine = MakeEngine(Policy(Kind::kMixed));
  EXPECT_EQ(engine->Advance(5), kNever) << "an idle engine wants nothing";
  const auto sink = std::make_shared<NotingSink>(*engine, true);
  engine->Submit(5, {.input_tokens = 10, .output_tokens = 3, .sink = sink});
  EXPECT_NEAR(engine->Advance(5), 5.01, 1e-9);
  EXPECT_NEAR(engine->Advance(5.01), 6.01, 1e-9);
  engine->Advance(6.2);
  EXPECT_EQ(sink->num_tokens, 0) << "the first token is made, and not with its client yet";
  engine->Advance(6.27);
  EXPECT_EQ(sink->num_tokens, 1);
  EXPECT_EQ(engine->Advance(100), kNever);
  EXPECT_NEAR(sink->last_s, 8.26, 1e-9);
}

TEST(VirtualEngineTest, WholeAnswersComeAtTheirEnd) {
  const auto engine = MakeEngine(Policy(Kind::kMixed), 1);
  const auto sink = std::make_shared<NotingSink>(*engine, false);
  engine->Submit(0, {.input_tokens = 10, .output_tokens = 5, .sink = sink});
  engine->Advance(100);
  EXPECT_EQ(sink->num_tokens, 0);
  EXPECT_EQ(sink->output_tokens, 5);
  EXPECT_NEAR(sink->last_s, 0.01 + 1 + 4 + 0.25 + 1, 1e-6) << "one time between tokens later";
  EXPECT_EQ(engine->Stats().generation_tokens, 5);
  EXPECT_EQ(engine->Stats().num_finished, 1);
}

TEST(VirtualEngineTest, WhoLeavesFreesItsPages) {
  const auto engine = MakeEngine(Policy(Kind::kPrefillFirst));
  std::vector<uint64_t> ids;
  std::vector<std::shared_ptr<NotingSink>> sinks;
  for (int index = 0; index < 4; ++index) {
    sinks.push_back(std::make_shared<NotingSink>(*engine, true));
    ids.push_back(engine->Submit(0, {.input_tokens = 10,
                                     .output_tokens = 1000,
                                     .pieces = PiecesOf(10, static_cast<uint64_t>(index)),
                                     .sink = sinks.back()}));
  }
  engine->Cancel(ids[3]);  // in the front end still
  engine->Advance(20);
  EXPECT_EQ(engine->Stats().ranks[0].num_running, 3);
  for (int index = 0; index < 3; ++index) engine->Cancel(ids[static_cast<size_t>(index)]);
  const std::weak_ptr<NotingSink> left = sinks[0];
  sinks.clear();
  EXPECT_TRUE(left.expired()) << "nobody keeps what its client has left";
  EXPECT_EQ(engine->Advance(40), kNever);
  EXPECT_EQ(engine->Stats().ranks[0].num_running, 0);
  EXPECT_EQ(engine->Stats().ranks[0].used_tokens, 0);
  EXPECT_EQ(engine->Stats().num_aborted, 4);
  engine->Cancel(ids[0]);
}

TEST(VirtualEngineTest, ACancelledStreamGetsNoMore) {
  const auto engine = MakeEngine(Policy(Kind::kMixed));
  const auto sink = std::make_shared<NotingSink>(*engine, true);
  sink->most_tokens = 3;
  engine->Submit(0, {.input_tokens = 10, .output_tokens = 1000, .sink = sink});
  EXPECT_EQ(engine->Advance(100), kNever);
  EXPECT_EQ(sink->num_tokens, 3);
  EXPECT_EQ(sink->output_tokens, -1);
  EXPECT_EQ(engine->Stats().num_aborted, 1);
  EXPECT_EQ(engine->Stats().ranks[0].used_tokens, 0);
}

TEST(VirtualEngineTest, RefusesWhatNeverFits) {
  const auto engine = MakeEngine(Policy(Kind::kMixed));
  const auto sink = std::make_shared<NotingSink>(*engine, true);
  engine->Submit(0, {.input_tokens = 3000, .output_tokens = 2000, .sink = sink});
  EXPECT_EQ(engine->Advance(10), kNever);
  EXPECT_EQ(sink->refusal.code(), Code::kTooLarge);
}

TEST(VirtualEngineTest, FindsBeginningsOfPromptsAgain) {
  const auto engine = MakeEngine(Policy(Kind::kMixed));
  std::vector<int32_t> ids(100);
  for (size_t index = 0; index < ids.size(); ++index) ids[index] = static_cast<int32_t>(index);
  std::shared_ptr<NotingSink> sink;
  for (const int last : {1, 2, 1}) {
    ids.back() = last;
    sink = std::make_shared<NotingSink>(*engine, true);
    const PromptBlocks prompt = BlocksOfIds(ids);
    EXPECT_EQ(prompt.num_tokens, 100);
    engine->Submit(
        engine->now_s(),
        {.input_tokens = 100, .output_tokens = 2, .pieces = prompt.pieces, .sink = sink});
    engine->Advance(engine->now_s() + 1000);
    if (last == 2) {
      EXPECT_EQ(sink->cached_tokens, 96) << "the blocks of 16 before";
    }
  }
  EXPECT_EQ(sink->cached_tokens, 99) << "all but the last token, which is computed in any case";
}

TEST(PromptBlocksTest, CountsTokens) {
  EXPECT_EQ(BlocksOfText("").num_tokens, 1);
  EXPECT_EQ(BlocksOfText("word").num_tokens, 1);
  EXPECT_EQ(BlocksOfText(std::string(401, 'a')).num_tokens, 101);
  EXPECT_NE(BlocksOfText("abcd").pieces[0].key, BlocksOfText("abce").pieces[0].key);
  EXPECT_EQ(BlocksOfMessages({{.content = "hello"}}).num_tokens, 3);
}

}  // namespace
}  // namespace redline::planner
