// The small parts of the control thread.
#include <gtest/gtest.h>

#include <atomic>

#include "platform/server/control_loop.h"
#include "platform/server/log_broker.h"
#include "platform/server/long_polls.h"
#include "platform/server/view_revisions.h"

namespace redline::platform {
namespace {

TEST(ControlLoop, RunsTasksInOrderAndSettlesAfterwards) {
  std::string story;
  ControlLoop loop([&] { story += "s"; }, 60);
  for (const char* letter : {"a", "b", "c"}) loop.Post([&story, letter] { story += letter; });
  loop.Start();
  loop.Stop();
  EXPECT_TRUE(story.starts_with("abcs")) << story;
  loop.Post([&] { story += "late"; });
  EXPECT_EQ(story.find("late"), std::string::npos);
}

TEST(ControlLoop, TicksWithoutTasks) {
  std::atomic<int> num_settled = 0;
  ControlLoop loop([&] { ++num_settled; }, 0.001);
  loop.Start();
  while (num_settled < 3) std::this_thread::yield();
  loop.Stop();
}

TEST(LongPolls, AreTriedAtOnceThenAfterChangesThenForTheLastTime) {
  LongPolls polls;
  const MonotonicTime now = MonotonicNow();
  int num_attempts = 0;
  bool ready = false;
  bool was_last = false;
  const auto attempt = [&](bool is_last) {
    ++num_attempts;
    was_last = is_last;
    return ready;
  };
  polls.Add(attempt, now + std::chrono::hours(1));
  EXPECT_EQ(num_attempts, 1);
  polls.RunAll(now);
  EXPECT_EQ(num_attempts, 2);
  ready = true;
  polls.RunAll(now);
  polls.RunAll(now);
  EXPECT_EQ(num_attempts, 3) << "answered ones are forgotten";
  ready = false;
  polls.Add(attempt, now + std::chrono::hours(1));
  polls.RunAll(now + std::chrono::hours(2));
  EXPECT_TRUE(was_last);
  polls.RunAll(now + std::chrono::hours(3));
  EXPECT_EQ(num_attempts, 5);
  polls.Add(attempt, now - std::chrono::hours(1));
  EXPECT_TRUE(was_last) << "without a wait the first time is the last";
  EXPECT_EQ(num_attempts, 6);
}

TEST(LongPolls, ClosingAnswersAllAndThoseToCome) {
  LongPolls polls;
  const MonotonicTime later = MonotonicNow() + std::chrono::hours(1);
  int num_last = 0;
  const auto attempt = [&](bool is_last) { return is_last && ++num_last > 0; };
  polls.Add(attempt, later);
  EXPECT_EQ(num_last, 0);
  polls.Close();
  EXPECT_EQ(num_last, 1);
  polls.Add(attempt, later);
  EXPECT_EQ(num_last, 2);
}

TEST(LongPolls, AnAttemptMayAddAnother) {
  LongPolls polls;
  const MonotonicTime later = MonotonicNow() + std::chrono::hours(1);
  int num_inner = 0;
  polls.Add(
      [&, first = true](bool) mutable {
        if (std::exchange(first, false)) return false;
        polls.Add([&](bool) { return ++num_inner == 2; }, later);
        return true;
      },
      later);
  polls.RunAll(MonotonicNow());
  EXPECT_EQ(num_inner, 1);
  polls.RunAll(MonotonicNow());
  EXPECT_EQ(num_inner, 2);
}

TEST(ViewRevisions, RiseWithTheContentOnly) {
  ViewRevisions revisions;
  EXPECT_EQ(revisions.Of("a", "one", 7), 7);
  EXPECT_EQ(revisions.Of("a", "one", 8), 7);
  EXPECT_EQ(revisions.Of("b", "one", 9), 9);
  EXPECT_EQ(revisions.Of("a", "two", 9), 9);
  EXPECT_EQ(revisions.Of("a", "three", 9), 10) << "never the same for other content";
  EXPECT_EQ(revisions.Of("a", "three", 9), 10);
}

TEST(LogBroker, AQuestionIsHandedOutOnceAndAnsweredOnce) {
  LogBroker broker;
  const MonotonicTime now = MonotonicNow();
  std::vector<std::string> answers;
  const auto ask = [&](const std::string& worker) {
    broker.Ask(worker, {.instance_id = "inst-1", .after = -1, .max_bytes = 10}, now,
               [&](const Result<LogAnswer>& answer) {
                 answers.push_back(answer.ok() ? answer->text : answer.status().ToString());
               });
  };
  ask("w1");
  ask("w2");
  EXPECT_FALSE(broker.HasQuestionsFor("w3"));
  EXPECT_TRUE(broker.HasQuestionsFor("w1"));
  const auto questions = broker.TakeQuestionsFor("w1");
  ASSERT_EQ(questions.size(), 1u);
  EXPECT_FALSE(broker.HasQuestionsFor("w1"));
  EXPECT_TRUE(broker.TakeQuestionsFor("w1").empty());
  EXPECT_TRUE(broker.Reply(questions[0].id, {"text", 4}).ok());
  EXPECT_EQ(broker.Reply(questions[0].id, {"text", 4}).code(), Code::kNotFound);
  broker.ExpireOld(now + std::chrono::seconds(9));
  EXPECT_EQ(answers, std::vector<std::string>{"text"});
  broker.ExpireOld(now + std::chrono::seconds(11));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_TRUE(answers[1].starts_with("deadline_exceeded"));
}

}  // namespace
}  // namespace redline::platform
