// For tests: requests that can be copied, and an engine that answers many of them.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/runtime/engine.h"

namespace redline::engine {

// Everything a request answered, to the bit.
struct TestingAnswer {
  std::vector<TokenId> tokens;
  std::vector<TokenId> scored_tokens;  // of all log-probs, the prompt's first
  std::vector<uint32_t> logprob_bits;  // alike
  FinishReason finish = FinishReason::kNone;
  int64_t cached_tokens = 0;  // not part of the answer
  bool operator==(const TestingAnswer& other) const {
    return tokens == other.tokens && scored_tokens == other.scored_tokens &&
           logprob_bits == other.logprob_bits && finish == other.finish;
  }
};

inline void RecordLogprobs(const std::vector<TokenLogprob>& logprobs, TestingAnswer& answer) {
  for (const TokenLogprob& logprob : logprobs) {
    answer.scored_tokens.push_back(logprob.token);
    answer.logprob_bits.push_back(std::bit_cast<uint32_t>(logprob.logprob));
  }
}

inline void RecordEvent(const TokenEvent& event, TestingAnswer& answer) {
  for (const auto& logprobs : event.prompt_logprobs) RecordLogprobs(logprobs, answer);
  if (event.token) answer.tokens.push_back(*event.token);
  RecordLogprobs(event.logprobs, answer);
  answer.finish = event.finish;
  answer.cached_tokens = event.cached_tokens;
}

struct TestingRequest {
  std::vector<TokenId> prompt;
  SamplingParams sampling;
  int num_prompt_logprobs = -1;
  std::string cache_salt;

  EngineRequest Make() const {
    EngineRequest request;
    request.prompt = prompt;
    request.sampling = sampling;
    request.num_prompt_logprobs = num_prompt_logprobs;
    request.cache_salt = cache_salt;
    return request;
  }
};

// The answers of requests that are in flight. Outlives the engine's use of its sinks.
class TestingRun {
 public:
  explicit TestingRun(size_t num_requests) : answers_(num_requests) {}

  TokenSink SinkOf(size_t index) {
    return [this, index](const TokenEvent& event) {
      const std::lock_guard lock(mutex_);
      RecordEvent(event, answers_[index]);
      if (event.finish == FinishReason::kNone) return;
      ++num_ended_;
      ended_.notify_all();
    };
  }
  // Submits all requests while the engine is held by one of its own: however fast it is, no answer
  // has ended before all of them are there.
  void Submit(Engine& engine, const std::vector<TestingRequest>& requests) {
    const auto all_are_there =
        std::make_shared<std::latch>(1);  // shared with sinks that outlive us
    for (int64_t rank = 0; rank < engine.resolved().options.dp_size; ++rank) {
      const TestingRequest holder = {.prompt = {3}, .sampling = {.max_tokens = 1}};
      SubmitOne(engine, holder, [all_are_there](const TokenEvent&) { all_are_there->wait(); });
    }
    for (size_t index = 0; index < requests.size(); ++index) {
      SubmitOne(engine, requests[index], SinkOf(index));
    }
    all_are_there->count_down();
  }
  // Whether all ended in time.
  bool Wait(double seconds = 100) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, std::chrono::duration<double>(seconds),
                           [this] { return num_ended_ == answers_.size(); });
  }
  const std::vector<TestingAnswer>& answers() const { return answers_; }  // after Wait

 private:
  static void SubmitOne(Engine& engine, const TestingRequest& request, TokenSink sink) {
    const auto id = engine.Submit(request.Make(), std::move(sink));
    EXPECT_TRUE(id.ok()) << id.status().ToString();
  }

  std::mutex mutex_;  // guards the rest
  std::condition_variable ended_;
  std::vector<TestingAnswer> answers_;
  size_t num_ended_ = 0;
};

}  // namespace redline::engine
