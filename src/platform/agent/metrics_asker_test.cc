#include "platform/agent/metrics_asker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace redline::platform {
namespace {

using namespace std::chrono_literals;

// Answers with the instance's id; instances that begin with "hung" do not answer until Release.
class MetricsAskerTest : public testing::Test {
 protected:
  LogRequest Request(const std::string& id, const std::string& instance) {
    return {.id = id, .instance_id = instance};
  }
  std::string Fetch(const LogRequest& request, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    ++num_fetches_;
    changed_.notify_all();
    if (request.instance_id.starts_with("hung"))
      changed_.wait(lock, stop, [&] { return released_; });
    return request.instance_id;
  }
  void Reply(const std::string& id, const std::string& text) {
    const std::lock_guard lock(mutex_);
    replies_.insert(id + "=" + text);
    changed_.notify_all();
  }
  bool Eventually(const std::function<bool()>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, holds);
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool released_ = false;
  size_t num_fetches_ = 0;
  std::multiset<std::string> replies_;
  MetricsAsker asker_{[this](const LogRequest& request, const std::stop_token& stop) {
                        return Fetch(request, stop);
                      },
                      [this](const std::string& id, const std::string& text,
                             const std::stop_token&) { Reply(id, text); }};
};

TEST_F(MetricsAskerTest, AHungEngineDelaysNobodyElse) {
  asker_.Ask(Request("q1", "hung"));
  asker_.Ask(Request("q2", "fine"));
  EXPECT_TRUE(Eventually([&] { return replies_.count("q2=fine") == 1; }));
  EXPECT_EQ(replies_.size(), 1u);
  Release();
  EXPECT_TRUE(Eventually([&] { return replies_.count("q1=hung") == 1; }));
}

TEST_F(MetricsAskerTest, WhoAsksMeanwhileGetsTheSameAnswer) {
  asker_.Ask(Request("q0", "hung"));
  ASSERT_TRUE(Eventually([&] { return num_fetches_ == 1; }));
  for (size_t i = 1; i < 2 * MetricsAsker::kMostWaiting; ++i)
    asker_.Ask(Request("q" + std::to_string(i), "hung"));
  Release();
  EXPECT_TRUE(Eventually([&] { return replies_.size() == MetricsAsker::kMostWaiting; }));
  EXPECT_EQ(num_fetches_, 1u);
  asker_.Ask(Request("later", "hung"));
  EXPECT_TRUE(Eventually([&] { return replies_.count("later=hung") == 1; }));
  EXPECT_EQ(num_fetches_, 2u);
}

TEST_F(MetricsAskerTest, AsManyAtOnceAsThereMayBe) {
  for (size_t i = 0; i < MetricsAsker::kMostAtOnce + 2; ++i)
    asker_.Ask(Request(std::to_string(i), "hung" + std::to_string(i)));
  ASSERT_TRUE(Eventually([&] { return num_fetches_ == MetricsAsker::kMostAtOnce; }));
  Release();
  EXPECT_TRUE(Eventually([&] { return replies_.size() == MetricsAsker::kMostAtOnce + 2; }));
}

TEST_F(MetricsAskerTest, TheEndWaitsForNoEngine) {
  asker_.Ask(Request("q", "hung"));
  EXPECT_TRUE(Eventually([&] { return num_fetches_ == 1; }));
}

}  // namespace
}  // namespace redline::platform
