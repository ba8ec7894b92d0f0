// Launches small shell programs under a real shim process.
#include "backends/launch/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "backends/launch/process_tree.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

bool Eventually(const std::function<bool()>& condition, double seconds = 30) {
  const MonotonicTime start = MonotonicNow();
  while (!condition()) {
    if (SecondsSince(start) > seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

class LaunchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = (fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()) / NewId("launch-test");
    ASSERT_TRUE(MakeDirectories(dir_).ok());
  }
  void TearDown() override {
    if (auto launch = Launch::Adopt(dir_); launch.ok()) launch->Kill();
    std::error_code error;
    fs::remove_all(dir_, error);
  }

  // Runs `script` with sh as the engine.
  Launch Start(const std::string& script, int64_t generation = 1) {
    LaunchSpec spec{.argv = {"sh", "-c", script},
                    .env = {{"GREETING", "hello"}},
                    .generation = generation,
                    .log_path = dir_ / "engine.log"};
    auto launch = Launch::Start(dir_, spec, {REDLINE_TEST_SHIM});
    EXPECT_TRUE(launch.ok()) << launch.status().ToString();
    return std::move(launch).value();
  }

  static bool Ended(Launch& launch) {
    return Eventually([&] {
      launch.Refresh();
      return !launch.alive();
    });
  }
  static bool Started(Launch& launch) {
    return Eventually([&] {
      launch.Refresh();
      return launch.engine_pid() > 0;
    });
  }
  // The number that the engine wrote to a file of its directory.
  pid_t PidIn(const std::string& name) {
    std::optional<int64_t> pid;
    EXPECT_TRUE(Eventually([&] {
      auto text = ReadFile(dir_ / name);
      if (text.ok()) pid = ParseInt64(Trim(*text));
      return pid.has_value();
    }));
    return static_cast<pid_t>(pid.value_or(0));
  }
  std::string Log() {
    return ReadFile(dir_ / "engine.log").ok() ? *ReadFile(dir_ / "engine.log") : "";
  }
  std::string PathOf(const std::string& name) { return (dir_ / name).string(); }
  static bool Gone(pid_t pid) {
    return Eventually([&] { return !ProcessStartTime(pid).has_value(); });
  }

  fs::path dir_;
};

TEST_F(LaunchTest, RecordsHowTheEngineEnded) {
  const struct {
    std::string script;
    std::string description;
    std::optional<int> code;
  } cases[] = {
      {"exit 0", "exit code 0", 0},
      {"exit 7", "exit code 7", 7},
      {"kill -SEGV $$", "killed by signal 11 (Segmentation fault)", std::nullopt},
      {"sleep 30 & exit 3", "exit code 3", 3},
  };
  for (const auto& each : cases) {
    Launch launch = Start(each.script);
    ASSERT_TRUE(Ended(launch)) << each.script;
    ASSERT_TRUE(launch.exit().has_value());
    EXPECT_EQ(launch.exit()->description, each.description);
    EXPECT_EQ(launch.exit()->code, each.code);
    EXPECT_FALSE(launch.exit()->requested);
    EXPECT_FALSE(launch.exit()->out_of_memory);
  }
}

TEST_F(LaunchTest, OutputAndEnvironmentReachTheEngine) {
  Launch launch = Start("echo $GREETING; echo problem >&2");
  ASSERT_TRUE(Ended(launch));
  EXPECT_EQ(Log(), "hello\nproblem\n");
  Launch again = Start("echo more");
  ASSERT_TRUE(Ended(again));
  EXPECT_EQ(Log(), "hello\nproblem\nmore\n") << "the log is appended to";
}

TEST_F(LaunchTest, AProgramThatDoesNotExistIsAnExit) {
  LaunchSpec spec{.argv = {"/no/such/engine"}, .generation = 1, .log_path = dir_ / "engine.log"};
  auto launch = Launch::Start(dir_, spec, {REDLINE_TEST_SHIM});
  ASSERT_TRUE(launch.ok());
  ASSERT_TRUE(Ended(*launch));
  EXPECT_THAT(launch->exit()->description, HasSubstr("cannot start /no/such/engine"));
  EXPECT_THAT(Log(), HasSubstr("cannot start /no/such/engine"));
}

TEST_F(LaunchTest, KilledEngineTakesItsChildrenAlong) {
  // The second child leaves session and process group.
  Launch launch = Start("sleep 60 & echo $! > " + PathOf("child") + "; setsid sh -c 'echo $$ > " +
                        PathOf("stray") + "; exec sleep 60' & wait");
  ASSERT_TRUE(Started(launch));
  const pid_t child = PidIn("child");
  const pid_t stray = PidIn("stray");
  ASSERT_TRUE(ProcessStartTime(child) && ProcessStartTime(stray));
  ASSERT_EQ(::kill(launch.engine_pid(), SIGKILL), 0);
  ASSERT_TRUE(Ended(launch));
  EXPECT_EQ(launch.exit()->description, "killed by signal 9 (Killed)");
  EXPECT_TRUE(Gone(child));
  EXPECT_TRUE(Gone(stray));
}

TEST_F(LaunchTest, KilledShimTakesEverythingAlong) {
  Launch launch = Start("setsid sh -c 'echo $$ > " + PathOf("stray") + "; exec sleep 60' & wait");
  ASSERT_TRUE(Started(launch));
  const pid_t stray = PidIn("stray");
  const pid_t engine = launch.engine_pid();
  const auto state = ReadLaunchState(LaunchFiles{dir_});
  ASSERT_TRUE(state.ok());
  ASSERT_EQ(::kill(state->shim.pid, SIGKILL), 0);
  EXPECT_TRUE(Gone(engine)) << "the engine dies with its shim, without the agent";
  ASSERT_TRUE(Ended(launch));
  EXPECT_EQ(launch.exit()->description, "its shim was killed");
  EXPECT_TRUE(Gone(stray));
}

TEST_F(LaunchTest, StopIsGracefulThenNot) {
  Launch polite = Start("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
  ASSERT_TRUE(Eventually([&] { return Log() == "up\n"; }));
  ASSERT_TRUE(Started(polite));
  polite.RequestStop(30);
  ASSERT_TRUE(Ended(polite));
  EXPECT_EQ(polite.exit()->description, "exit code 0");
  EXPECT_TRUE(polite.exit()->requested);

  Launch stubborn = Start("trap '' TERM; echo stubborn; while :; do sleep 0.01; done");
  ASSERT_TRUE(Eventually([&] { return Log().ends_with("stubborn\n"); }));
  ASSERT_TRUE(Started(stubborn));
  const MonotonicTime start = MonotonicNow();
  stubborn.RequestStop(0.3);
  ASSERT_TRUE(Ended(stubborn));
  EXPECT_GE(SecondsSince(start), 0.3);
  EXPECT_EQ(stubborn.exit()->description, "killed by signal 9 (Killed)");
  EXPECT_TRUE(stubborn.exit()->requested);
}

TEST_F(LaunchTest, KillEndsAStoppedEngine) {
  Launch launch = Start("exec sleep 60");
  ASSERT_TRUE(Started(launch));
  ASSERT_EQ(::kill(launch.engine_pid(), SIGSTOP), 0);
  launch.Kill();
  EXPECT_TRUE(Ended(launch));
}

TEST_F(LaunchTest, AnotherAgentAdoptsARunningEngine) {
  Launch launch = Start("exec sleep 60", /*generation=*/3);
  auto adopted = Launch::Adopt(dir_);  // at once: the shim may not have written its state yet
  ASSERT_TRUE(adopted.ok()) << adopted.status().ToString();
  EXPECT_TRUE(adopted->alive());
  EXPECT_EQ(adopted->generation(), 3);
  ASSERT_TRUE(Started(launch));
  EXPECT_EQ(adopted->engine_pid(), launch.engine_pid());
  adopted->RequestStop(30);
  EXPECT_TRUE(Ended(launch));  // also reaps the shim, which is this process's child
  adopted->Refresh();
  EXPECT_FALSE(adopted->alive());
  EXPECT_EQ(adopted->exit()->description, "killed by signal 15 (Terminated)");
}

TEST_F(LaunchTest, AdoptionAfterTheEngineEndedTellsHow) {
  Launch launch = Start("exit 9");
  ASSERT_TRUE(Ended(launch));
  auto adopted = Launch::Adopt(dir_);
  ASSERT_TRUE(adopted.ok());
  EXPECT_FALSE(adopted->alive());
  EXPECT_EQ(adopted->exit()->description, "exit code 9");
}

TEST_F(LaunchTest, AReusedPidIsNotTheShim) {
  LaunchState state;
  state.boot_id = BootId();
  state.shim = {::getpid(),
                *ProcessStartTime(::getpid()) + 1};  // this test stands for the stranger
  state.engine = {::getpid(), *ProcessStartTime(::getpid()) + 1};
  state.generation = 2;
  ASSERT_TRUE(WriteLaunchState(LaunchFiles{dir_}, state).ok());
  auto adopted = Launch::Adopt(dir_);
  ASSERT_TRUE(adopted.ok());
  EXPECT_FALSE(adopted->alive());
  EXPECT_TRUE(adopted->exit().has_value());
  adopted->Kill();  // must not hit this process
  adopted->RequestStop(0);

  state.shim.start_time -= 1;  // right process, another boot
  state.boot_id = "another";
  ASSERT_TRUE(WriteLaunchState(LaunchFiles{dir_}, state).ok());
  adopted = Launch::Adopt(dir_);
  ASSERT_TRUE(adopted.ok());
  EXPECT_FALSE(adopted->alive());
  EXPECT_EQ(adopted->exit()->description, "the machine was restarted");
}

TEST_F(LaunchTest, DamagedFilesAreNoLaunch) {
  EXPECT_EQ(Launch::Adopt(dir_ / "missing").status().code(), Code::kNotFound);
  for (const std::string text :
       {"", "not json", "[]", "{}", R"({"boot_id": 1})",
        R"({"boot_id":"b","shim":{"pid":"x","start_time":-1},"engine":{},"generation":1})"}) {
    ASSERT_TRUE(WriteFileAtomic(dir_ / "state.json", text).ok());
    ASSERT_TRUE(WriteFileAtomic(dir_ / "spec.json", text).ok());
    EXPECT_EQ(Launch::Adopt(dir_).status().code(), Code::kNotFound) << text;
  }
}

TEST_F(LaunchTest, ASecondShimIsRefused) {
  Launch launch = Start("exec sleep 60");
  ASSERT_TRUE(Started(launch));
  LaunchSpec spec{.argv = {"true"}, .generation = 2, .log_path = dir_ / "engine.log"};
  EXPECT_EQ(Launch::Start(dir_, spec, {REDLINE_TEST_SHIM}).status().code(), Code::kAlreadyExists);
  launch.Refresh();
  EXPECT_TRUE(launch.alive());
}

TEST_F(LaunchTest, LargeLogIsRotated) {
  const fs::path log = dir_ / "engine.log";
  ASSERT_TRUE(WriteFileAtomic(log, std::string(100, 'x')).ok());
  RotateLog(log, 100);
  EXPECT_TRUE(fs::exists(log));
  RotateLog(log, 99);
  EXPECT_FALSE(fs::exists(log));
  EXPECT_EQ(fs::file_size(log.string() + ".1"), 100u);
}

}  // namespace
}  // namespace redline::backends
