#include "engine/runtime/engine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "engine/runtime/testing_model.h"

namespace redline::engine {
namespace {

using std::chrono::milliseconds;

// Collects the events of one request and waits for its end.
class Collector {
 public:
  TokenSink Sink() {
    return [this](const TokenEvent& event) {
      const std::lock_guard lock(mutex_);
      EXPECT_EQ(last_.finish, FinishReason::kNone) << "an event after the last one";
      if (event.token) tokens_.push_back(*event.token);
      for (const TokenLogprob& logprob : event.logprobs) logprobs_.push_back(logprob.logprob);
      last_ = event;
      changed_.notify_all();
    };
  }
  void WaitForTokens(size_t count) {
    Wait([&] { return tokens_.size() >= count || last_.finish != FinishReason::kNone; });
  }
  TokenEvent WaitForEnd() {
    Wait([&] { return last_.finish != FinishReason::kNone; });
    const std::lock_guard lock(mutex_);
    return last_;
  }
  std::vector<TokenId> tokens() {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }

 private:
  template <typename Condition>
  void Wait(Condition condition) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), condition)) << "no progress";
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TokenId> tokens_;
  std::vector<float> logprobs_;
  TokenEvent last_;
};

SamplingParams Greedy(int64_t max_tokens) { return {.temperature = 0, .max_tokens = max_tokens}; }

std::vector<TokenId> RandomPrompt(std::mt19937& random, int64_t length) {
  std::vector<TokenId> prompt;
  for (int64_t index = 0; index < length; ++index) {
    prompt.push_back(std::uniform_int_distribution<TokenId>(2, 61)(random));
  }
  return prompt;
}

// Waits until a condition on the engine's counters holds.
template <typename Condition>
bool Eventually(Condition condition) {
  for (int attempt = 0; attempt < 6000; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

// For tests that need a request of 4000 tokens to be under way still.
void SlowDown(const Batch&) { std::this_thread::sleep_for(milliseconds(2)); }

TEST(Engine, AnswersGreedilyAndTellsUsage) {
  const auto testing = StartTestingEngine({});
  const std::vector<TokenId> prompt = {5, 6, 7};
  Collector collector;
  ASSERT_TRUE(testing->engine->Submit({prompt, Greedy(12)}, collector.Sink()).ok());
  const TokenEvent end = collector.WaitForEnd();
  const std::vector<TokenId> expected = ExpectedGreedyTokens(prompt, 12);
  EXPECT_EQ(collector.tokens(), expected);
  EXPECT_EQ(end.finish, expected.size() == 12 ? FinishReason::kLength : FinishReason::kStop);
  EXPECT_EQ(end.prompt_tokens, 3);
  EXPECT_EQ(testing->engine->FreePages(),
            testing->engine->resolved().options.max_total_tokens / 16);
}

struct Load {
  const char* name;
  EngineOptions options;
};

// Whatever the budget, the batch and the pool (the small ones preempt over and over): the answer to
// a prompt is the same.
TEST(Engine, AnswersDoNotDependOnBatchChunksOrPreemption) {
  const std::vector<Load> loads = {
      {"one at a time", {.max_running_requests = 1}},
      {"batch of 8", {.max_running_requests = 8}},
      {"chunks of 16", {.max_running_requests = 8, .chunked_prefill_size = 16}},
      {"pages of 1", {.max_running_requests = 8, .page_size = 1}},
      {"small pool", {.max_running_requests = 8, .max_total_tokens = 160, .page_size = 4}},
      {"smallest pool",
       {.max_running_requests = 8,
        .max_total_tokens = 96,
        .chunked_prefill_size = 8,
        .page_size = 1}},
  };
  for (const Load& load : loads) {
    // No answer ends, and gives its pages back, before all requests are there.
    std::mutex gate;
    gate.lock();
    const auto testing =
        StartTestingEngine(load.options, [&](const Batch&) { const std::lock_guard lock(gate); });
    ASSERT_NE(testing, nullptr) << load.name;
    std::mt19937 random(11);
    std::vector<std::vector<TokenId>> prompts;
    std::vector<std::unique_ptr<Collector>> collectors;
    for (int request = 0; request < 24; ++request) {
      prompts.push_back(RandomPrompt(random, 1 + request * 2));
      collectors.push_back(std::make_unique<Collector>());
      SamplingParams params = Greedy(40);
      ASSERT_TRUE(
          testing->engine->Submit({prompts.back(), params}, collectors.back()->Sink()).ok());
    }
    gate.unlock();
    for (size_t request = 0; request < prompts.size(); ++request) {
      collectors[request]->WaitForEnd();
      EXPECT_EQ(collectors[request]->tokens(), ExpectedGreedyTokens(prompts[request], 40))
          << load.name << ", request " << request;
    }
    EXPECT_TRUE(testing->engine->Drain(60));
    EXPECT_EQ(testing->engine->FreePages(), testing->engine->resolved().options.max_total_tokens /
                                                testing->engine->resolved().options.page_size);
    const std::string metrics = testing->metrics.Render();
    const bool preempted =
        metrics.find("redline_engine_preemptions_total 0\n") == std::string::npos;
    EXPECT_EQ(preempted, std::string(load.name).find("small") != std::string::npos) << load.name;
  }
}

TEST(Engine, SameSeedSameTextInAnyBatch) {
  const auto run = [](const EngineOptions& options, int others) {
    const auto testing = StartTestingEngine(options);
    Collector other;
    for (int index = 0; index < others; ++index) {
      EXPECT_TRUE(testing->engine
                      ->Submit({{static_cast<TokenId>(10 + index)}, {.max_tokens = 30}},
                               [](const TokenEvent&) {})
                      .ok());
    }
    Collector collector;
    EXPECT_TRUE(testing->engine
                    ->Submit({{5, 6, 7}, {.seed = 99, .max_tokens = 30, .ignore_eos = true}},
                             collector.Sink())
                    .ok());
    collector.WaitForEnd();
    return collector.tokens();
  };
  const std::vector<TokenId> alone = run({}, 0);
  EXPECT_EQ(alone.size(), 30u);
  EXPECT_EQ(run({}, 7), alone);
  EXPECT_EQ(run({.max_running_requests = 8,
                 .max_total_tokens = 64,
                 .chunked_prefill_size = 8,
                 .page_size = 2},
                7),
            alone);
}

TEST(Engine, SeedsDifferWhenNotGiven) {
  const auto testing = StartTestingEngine({});
  Collector first;
  Collector second;
  ASSERT_TRUE(
      testing->engine->Submit({{5}, {.max_tokens = 40, .ignore_eos = true}}, first.Sink()).ok());
  ASSERT_TRUE(
      testing->engine->Submit({{5}, {.max_tokens = 40, .ignore_eos = true}}, second.Sink()).ok());
  first.WaitForEnd();
  second.WaitForEnd();
  EXPECT_NE(first.tokens(), second.tokens());
}

TEST(Engine, StopsAtEosOrStopTokenUnlessIgnored) {
  // A prompt whose greedy answer meets EOS.
  std::vector<TokenId> prompt;
  std::vector<TokenId> answer;
  for (TokenId token = 2; token < 60; ++token) {
    prompt = {token};
    answer = ExpectedGreedyTokens(prompt, 200);
    if (answer.size() < 150 && answer.size() > 3) break;
  }
  ASSERT_LT(answer.size(), 150u);
  const auto testing = StartTestingEngine({});
  Collector eos;
  ASSERT_TRUE(testing->engine->Submit({prompt, Greedy(200)}, eos.Sink()).ok());
  TokenEvent end = eos.WaitForEnd();
  EXPECT_EQ(end.finish, FinishReason::kStop);
  EXPECT_EQ(end.stop_token, TestingModel::kEos);
  EXPECT_EQ(eos.tokens(), answer);
  EXPECT_EQ(end.completion_tokens, static_cast<int64_t>(answer.size()) + 1);

  Collector ignored;
  SamplingParams params = Greedy(200);
  params.ignore_eos = true;
  ASSERT_TRUE(testing->engine->Submit({prompt, params}, ignored.Sink()).ok());
  EXPECT_EQ(ignored.WaitForEnd().finish, FinishReason::kLength);
  EXPECT_EQ(ignored.tokens().size(), 200u);

  Collector stopped;
  params = Greedy(200);
  params.stop_token_ids = {answer[2]};
  ASSERT_TRUE(testing->engine->Submit({prompt, params}, stopped.Sink()).ok());
  EXPECT_EQ(stopped.WaitForEnd().stop_token, answer[2]);
  EXPECT_LT(stopped.tokens().size(), answer.size());
}

TEST(Engine, MaxTokensIsCutToTheContext) {
  const auto testing = StartTestingEngine({.context_length = 32});
  Collector collector;
  SamplingParams params = Greedy(1 << 30);
  params.ignore_eos = true;
  ASSERT_TRUE(
      testing->engine->Submit({std::vector<TokenId>(31, 5), params}, collector.Sink()).ok());
  EXPECT_EQ(collector.WaitForEnd().completion_tokens, 1);
}

TEST(Engine, RefusesWhatItCannotServe) {
  const auto testing = StartTestingEngine({.context_length = 32});
  const auto submit = [&](std::vector<TokenId> prompt, SamplingParams params = {}) {
    return testing->engine->Submit({std::move(prompt), params}, [](const TokenEvent&) {}).status();
  };
  EXPECT_EQ(submit({}).code(), Code::kInvalidArgument);
  EXPECT_EQ(submit({-1}).param(), "prompt");
  EXPECT_EQ(submit({64}).code(), Code::kInvalidArgument);
  const Status too_long = submit(std::vector<TokenId>(32, 5));
  EXPECT_EQ(too_long.code(), Code::kInvalidArgument);
  EXPECT_NE(too_long.message().find("32 tokens"), std::string::npos) << too_long.message();
  EXPECT_EQ(submit({5}, {.temperature = -1}).param(), "temperature");
  testing->engine->Drain(1);
  EXPECT_EQ(submit({5}).code(), Code::kUnavailable);
}

TEST(Engine, BoundsTheQueueAndRecovers) {
  std::mutex gate;
  std::vector<std::unique_ptr<Collector>> collectors;
  gate.lock();
  const auto testing = StartTestingEngine({.max_running_requests = 1, .max_queued_requests = 2},
                                          [&](const Batch&) { const std::lock_guard lock(gate); });
  const auto submit = [&] {
    collectors.push_back(std::make_unique<Collector>());
    return testing->engine->Submit({{5}, Greedy(4)}, collectors.back()->Sink()).status();
  };
  for (int request = 0; request < 3; ++request) EXPECT_TRUE(submit().ok());
  EXPECT_TRUE(Eventually(
      [&] { return testing->engine->NumRunning() == 1 && testing->engine->NumQueued() == 2; }));
  EXPECT_EQ(submit().code(), Code::kResourceExhausted);
  collectors.pop_back();
  gate.unlock();
  for (const auto& collector : collectors) collector->WaitForEnd();
  EXPECT_TRUE(testing->engine->Submit({{5}, Greedy(4)}, [](const TokenEvent&) {}).ok());
}

TEST(Engine, CancelFreesPagesWithinOneStep) {
  std::atomic<uint64_t> forwards = 0;
  const auto testing = StartTestingEngine({.page_size = 1}, [&](const Batch&) {
    ++forwards;
    std::this_thread::sleep_for(milliseconds(2));
  });
  const int64_t total = testing->engine->FreePages();
  Collector collector;
  SamplingParams params = Greedy(4000);
  params.ignore_eos = true;
  const auto id = testing->engine->Submit({{5, 6}, params}, collector.Sink());
  ASSERT_TRUE(id.ok());
  collector.WaitForTokens(5);
  testing->engine->Cancel(*id);
  const uint64_t steps_at_cancel = testing->engine->StepsDone();
  const TokenEvent end = collector.WaitForEnd();
  EXPECT_EQ(end.finish, FinishReason::kAbort);
  EXPECT_EQ(testing->engine->FreePages(), total);
  EXPECT_LE(testing->engine->StepsDone(), steps_at_cancel + 1);
  EXPECT_EQ(end.completion_tokens, static_cast<int64_t>(collector.tokens().size()));
  testing->engine->Cancel(*id);  // unknown by now
  testing->engine->Cancel(123456);
}

TEST(Engine, FinishEndsAnAnswerThatIsComplete) {
  const auto testing = StartTestingEngine({}, SlowDown);
  const int64_t total = testing->engine->FreePages();
  Collector collector;
  SamplingParams params = Greedy(4000);
  params.ignore_eos = true;
  const auto id = testing->engine->Submit({{5, 6}, params}, collector.Sink());
  collector.WaitForTokens(3);
  testing->engine->Finish(*id);
  EXPECT_EQ(collector.WaitForEnd().finish, FinishReason::kStop);
  EXPECT_EQ(testing->engine->FreePages(), total);
}

TEST(Engine, SinkMayCancelItsOwnRequest) {
  const auto testing = StartTestingEngine({}, SlowDown);
  std::atomic<RequestId> id = 0;
  std::atomic<bool> aborted = false;
  SamplingParams params = Greedy(4000);
  params.ignore_eos = true;
  const auto submitted = testing->engine->Submit({{5}, params}, [&](const TokenEvent& event) {
    if (id != 0) testing->engine->Cancel(id);
    if (event.finish == FinishReason::kAbort) aborted = true;
  });
  id = *submitted;
  EXPECT_TRUE(Eventually([&] { return aborted.load(); }));
}

TEST(Engine, LogitsThatAreNotFiniteFailTheirRequestOnly) {
  const auto testing = StartTestingEngine({});
  Collector good;
  Collector bad;
  ASSERT_TRUE(testing->engine->Submit({{5, 6}, Greedy(30)}, good.Sink()).ok());
  ASSERT_TRUE(testing->engine->Submit({{5, TestingModel::kPoison}, Greedy(30)}, bad.Sink()).ok());
  const TokenEvent end = bad.WaitForEnd();
  EXPECT_EQ(end.finish, FinishReason::kError);
  EXPECT_EQ(end.error_code, "numerical_error");
  EXPECT_EQ(end.error.code(), Code::kInternal);
  good.WaitForEnd();
  EXPECT_EQ(good.tokens(), ExpectedGreedyTokens({5, 6}, 30));
  EXPECT_NE(testing->metrics.Render().find("redline_engine_numerical_errors_total 1"),
            std::string::npos);
}

TEST(Engine, FailedStepFailsItsBatchAndTheEngineLivesOn) {
  const auto testing = StartTestingEngine({});
  const int64_t total = testing->engine->FreePages();
  Collector bomb;
  ASSERT_TRUE(testing->engine->Submit({{5, TestingModel::kBomb}, Greedy(5)}, bomb.Sink()).ok());
  EXPECT_EQ(bomb.WaitForEnd().finish, FinishReason::kError);
  EXPECT_EQ(testing->engine->FreePages(), total);
  Collector good;
  ASSERT_TRUE(testing->engine->Submit({{5, 6}, Greedy(5)}, good.Sink()).ok());
  good.WaitForEnd();
  EXPECT_EQ(good.tokens(), ExpectedGreedyTokens({5, 6}, 5));
}

TEST(Engine, DrainWaitsThenAborts) {
  const auto testing = StartTestingEngine({}, SlowDown);
  Collector finishes;
  ASSERT_TRUE(testing->engine->Submit({{5, 6}, Greedy(10)}, finishes.Sink()).ok());
  EXPECT_TRUE(testing->engine->Drain(20));
  EXPECT_NE(finishes.WaitForEnd().finish, FinishReason::kAbort);

  const auto stuck = StartTestingEngine({}, SlowDown);
  Collector aborted;
  SamplingParams params = Greedy(4000);
  params.ignore_eos = true;
  ASSERT_TRUE(stuck->engine->Submit({{5}, params}, aborted.Sink()).ok());
  EXPECT_FALSE(stuck->engine->Drain(0.05));
  EXPECT_EQ(aborted.WaitForEnd().finish, FinishReason::kAbort);
  EXPECT_EQ(stuck->engine->NumRunning(), 0);
}

TEST(Engine, DestructionEndsEveryRequest) {
  Collector collector;
  {
    const auto testing = StartTestingEngine({}, SlowDown);
    SamplingParams params = Greedy(4000);
    params.ignore_eos = true;
    ASSERT_TRUE(testing->engine->Submit({{5}, params}, collector.Sink()).ok());
  }
  EXPECT_EQ(collector.WaitForEnd().finish, FinishReason::kAbort);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

TEST(Engine, SleepsWhenIdle) {
  const auto testing = StartTestingEngine({});
  Collector collector;
  ASSERT_TRUE(testing->engine->Submit({{5}, Greedy(3)}, collector.Sink()).ok());
  collector.WaitForEnd();
  const uint64_t steps = testing->engine->StepsDone();
  double used = 1;  // of 200 ms; workers may look for more to do for a while
  for (int attempt = 0; attempt < 20 && used >= 0.02; ++attempt) {
    const double before = CpuSeconds();
    std::this_thread::sleep_for(milliseconds(200));
    used = CpuSeconds() - before;
  }
  EXPECT_LT(used, 0.02);
  EXPECT_EQ(testing->engine->StepsDone(), steps);
}

// Submissions and cancellations from several threads at random moments: the counts come out even.
TEST(Engine, ThreadsAndCancellationsLeaveNothingBehind) {
  const auto testing =
      StartTestingEngine({.max_running_requests = 4, .max_total_tokens = 256, .page_size = 4});
  const int64_t total = testing->engine->FreePages();
  std::atomic<int> ended = 0;
  std::atomic<int> submitted = 0;
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(thread);
      for (int request = 0; request < 40; ++request) {
        const auto length = std::uniform_int_distribution<int64_t>(1, 60)(random);
        const auto id = testing->engine->Submit({RandomPrompt(random, length), Greedy(50)},
                                                [&](const TokenEvent& event) {
                                                  if (event.finish != FinishReason::kNone) ++ended;
                                                });
        ASSERT_TRUE(id.ok());
        ++submitted;
        if (request % 3 == 0) testing->engine->Cancel(*id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(testing->engine->Drain(30));
  EXPECT_EQ(ended, submitted);
  EXPECT_EQ(testing->engine->FreePages(), total);
  EXPECT_EQ(testing->engine->NumRunning() + testing->engine->NumQueued(), 0);
}

}  // namespace
}  // namespace redline::engine
