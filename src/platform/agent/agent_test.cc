// The real agent process with real shims, a fake engine and a fake server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <thread>

#include "backends/launch/launch_files.h"
#include "backends/launch/process_tree.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/strings.h"
#include "platform/agent/fake_server_for_test.h"
#include "platform/layout.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kInstance[] = "inst-a";

bool Eventually(const std::function<bool()>& condition, double seconds = 30) {
  const MonotonicTime start = MonotonicNow();
  while (!condition()) {
    if (SecondsSince(start) > seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class AgentTest : public ::testing::Test {
 protected:
  AgentTest()
      : root_((fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()) / NewId("agt")),
        layout_{root_ / "d"},
        server_(layout_.server_socket()) {}

  void SetUp() override {
    for (const char* name : {"run", "agent", "instances"})
      ASSERT_TRUE(MakeDirectories(layout_.root / name).ok());
    ASSERT_TRUE(MakeDirectories(root_ / "c" / "models" / "tiny").ok());
    ASSERT_TRUE(WriteFileAtomic(root_ / "c" / "models" / "tiny" / "m.gguf", "weights").ok());
    Behave("ok");
    server_.Start();
  }
  void TearDown() override {
    if (agent_ > 0) {
      ::kill(agent_, SIGKILL);
      ::waitpid(agent_, nullptr, 0);
    }
    for (const pid_t pid : EnginePids()) ::kill(pid, SIGKILL);
    if (HasFailure())
      std::fputs(ReadFile(root_ / "agent.log").ok() ? ReadFile(root_ / "agent.log")->c_str() : "",
                 stderr);
    Eventually([&] { return EnginePids().empty(); });
    std::error_code error;
    fs::remove_all(root_, error);
  }

  void Behave(const std::string& behaviour) {
    ASSERT_TRUE(WriteFileAtomic(root_ / "behaviour", behaviour).ok());
  }
  void StartAgent() {
    SpawnOptions options;
    options.argv = {REDLINE_TEST_NODE, "agent",
                    "--data-dir",      layout_.root.string(),
                    "--cache-dir",     (root_ / "c").string(),
                    "--stop-grace",    stop_grace_seconds_};
    options.env = {{"FAKE_ENGINE_BEHAVIOUR", (root_ / "behaviour").string()}, {"PATH", "/nowhere"}};
    options.stdout_path = options.stderr_path = root_ / "agent.log";
    auto pid = Spawn(options);
    ASSERT_TRUE(pid.ok()) << pid.status().ToString();
    agent_ = *pid;
  }
  // The agent's wait status, once it has ended after `signal_number`.
  int EndAgent(int signal_number) {
    ::kill(agent_, signal_number);
    int wait_status = -1;
    EXPECT_TRUE(Eventually([&] { return ::waitpid(agent_, &wait_status, WNOHANG) == agent_; }));
    agent_ = 0;
    return wait_status;
  }

  static spec::Assignment AssignmentOf(const std::string& id, int64_t generation = 1) {
    spec::Assignment assignment;
    assignment.instance_id = id;
    assignment.deployment = "tiny-chat";
    assignment.generation = generation;
    assignment.model = "tiny";
    assignment.files = {{"m.gguf", 7, Sha256Hex("weights")}};
    assignment.engine.engine = "native";
    return assignment;
  }
  bool Reaches(const std::string& state, const std::string& id = kInstance) {
    return Eventually([&] { return server_.Last(id).state == state; });
  }
  // Whether some status of the instance had these words in its reason, however soon it passed.
  bool Said(const std::string& words) {
    return Eventually([&] { return !ReasonWith(words).empty(); });
  }
  std::string ReasonWith(const std::string& words) const {
    for (const ReportedStatus& each : server_.statuses()) {
      if (each.instance_id == kInstance && each.reason.find(words) != std::string::npos)
        return each.reason;
    }
    return "";
  }
  // An instance that runs, under an agent that runs.
  void Run() {
    server_.SetAssignments({AssignmentOf(kInstance)});
    StartAgent();
    ASSERT_TRUE(Reaches("RUNNING"));
  }
  pid_t ReportedPid() const { return server_.Last(kInstance).body.value("pid", 0); }
  int64_t RestartCount() const { return server_.Last(kInstance).body.value("restart_count", -1); }

  // Every process that serves on a socket of this test's data directory.
  std::vector<pid_t> EnginePids() const {
    std::vector<pid_t> pids;
    std::error_code error;
    for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
         entry.increment(error)) {
      const auto pid = ParseInt64(entry->path().filename().string());
      auto command = pid ? ReadFile(entry->path() / "cmdline") : Result<std::string>(Internal(""));
      if (command.ok() && command->find(std::string("serve\0", 6)) != std::string::npos &&
          command->find(layout_.root.string()) != std::string::npos)
        pids.push_back(static_cast<pid_t>(*pid));
    }
    return pids;
  }
  // The one engine that serves, when there is exactly one and it is not `pid`; else 0.
  pid_t OnlyEngineOtherThan(pid_t pid) const {
    const std::vector<pid_t> pids = EnginePids();
    return pids.size() == 1 && pids[0] != pid ? pids[0] : 0;
  }
  // Without DOWNLOADING, which is there or not depending on how fast the cached file is hashed.
  std::vector<std::string> StatesOf(const std::string& id) const {
    std::vector<std::string> states;
    for (const ReportedStatus& each : server_.statuses()) {
      const bool is_new = states.empty() || states.back() != each.state;
      if (each.instance_id == id && is_new && each.state != "DOWNLOADING")
        states.push_back(each.state);
    }
    return states;
  }

  const fs::path root_;
  const DataLayout layout_;
  FakeServer server_;
  pid_t agent_ = 0;
  std::string stop_grace_seconds_ = "1";
};

TEST_F(AgentTest, RunsWhatItIsAssigned) {
  Behave("load");
  server_.SetAssignments({AssignmentOf(kInstance)});
  StartAgent();
  EXPECT_TRUE(Eventually([&] {
    const ReportedStatus last = server_.Last(kInstance);
    return last.state == "STARTING" && last.body.at("progress").at("fraction") == 0.4;
  }));
  Behave("ok");
  ASSERT_TRUE(Reaches("RUNNING"));
  EXPECT_THAT(StatesOf(kInstance), ElementsAre("INITIALIZING", "STARTING", "RUNNING"));
  const nlohmann::json status = server_.Last(kInstance).body;
  EXPECT_EQ(status.at("generation"), 1);
  EXPECT_EQ(status.at("endpoint"), "unix:" + layout_.engine_socket(kInstance).string());
  EXPECT_EQ(status.at("restart_count"), 0);
  EXPECT_THAT(EnginePids(), ElementsAre(ReportedPid()));
  EXPECT_THAT(status.at("ready_at").get<std::string>(), HasSubstr("T"));
  EXPECT_THAT(server_.worker().at("id").get<std::string>(), HasSubstr("worker-"));
  EXPECT_GT(server_.worker().at("memory_total_bytes"), 0);
}

TEST_F(AgentTest, KilledEngineServesAgainAtOnce) {
  Run();
  for (int count = 1; count <= 3; ++count) {
    const pid_t pid = ReportedPid();
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_TRUE(Eventually([&] {
      return RestartCount() == count && ReportedPid() != pid &&
             server_.Last(kInstance).state == "RUNNING";
    })) << count;
  }
  EXPECT_THAT(StatesOf(kInstance),
              ElementsAre("INITIALIZING", "STARTING", "RUNNING", "ERROR", "INITIALIZING",
                          "STARTING", "RUNNING", "ERROR", "INITIALIZING", "STARTING", "RUNNING",
                          "ERROR", "INITIALIZING", "STARTING", "RUNNING"));
  EXPECT_EQ(EnginePids().size(), 1u);
}

TEST_F(AgentTest, KilledShimIsReplacedToo) {
  Run();
  const auto state = backends::ReadLaunchState({layout_.instance_dir(kInstance)});
  ASSERT_TRUE(state.ok());
  ASSERT_EQ(::kill(state->shim.pid, SIGKILL), 0);
  ASSERT_TRUE(Eventually(
      [&] { return RestartCount() == 1 && server_.Last(kInstance).state == "RUNNING"; }));
  EXPECT_THAT(EnginePids(), ElementsAre(ReportedPid()));
}

TEST_F(AgentTest, CrashLoopBacksOffAndSaysWhy) {
  Behave("crash");
  server_.SetAssignments({AssignmentOf(kInstance)});
  StartAgent();
  ASSERT_TRUE(Said("3 in a row), next start in 800ms"));
  const std::string reason = ReasonWith("3 in a row)");
  EXPECT_THAT(reason, HasSubstr("CRASH_LOOP: the engine ended: exit code 3; OUT_OF_MEMORY: "
                                "\"resource_exhausted: need 9 GiB, have 2 GiB\""));
  EXPECT_THAT(reason, HasSubstr("last lines:\nengine "));
  Behave("ok");
  EXPECT_TRUE(Reaches("RUNNING"));
}

TEST_F(AgentTest, SilentEngineIsKilledAndReplaced) {
  Run();
  const pid_t pid = ReportedPid();
  Behave("hang");
  ASSERT_TRUE(Eventually([&] { return !ProcessStartTime(pid).has_value(); }));
  Behave("ok");
  ASSERT_TRUE(Eventually(
      [&] { return RestartCount() == 1 && server_.Last(kInstance).state == "RUNNING"; }));
  EXPECT_TRUE(Said("did not answer for"));

  const pid_t stopped = ReportedPid();
  ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
  EXPECT_TRUE(Eventually(
      [&] { return RestartCount() == 2 && server_.Last(kInstance).state == "RUNNING"; }));
  EXPECT_FALSE(ProcessStartTime(stopped).has_value());
}

TEST_F(AgentTest, AnotherAgentAdoptsTheEngine) {
  Run();
  const pid_t pid = ReportedPid();
  for (const int number : {SIGKILL, SIGHUP}) {
    const int wait_status = EndAgent(number);
    const size_t num_statuses = server_.statuses().size();
    EXPECT_EQ(DescribeWaitStatus(wait_status),
              number == SIGHUP ? "exit code 0" : "killed by signal 9 (Killed)");
    EXPECT_THAT(EnginePids(), ElementsAre(pid)) << "engines go on without an agent";
    StartAgent();
    ASSERT_TRUE(Eventually([&] { return server_.statuses().size() > num_statuses; }));
    ASSERT_TRUE(Reaches("RUNNING"));
    EXPECT_EQ(ReportedPid(), pid);
    EXPECT_EQ(RestartCount(), 0);
    EXPECT_THAT(EnginePids(), ElementsAre(pid));
  }
}

TEST_F(AgentTest, EngineThatDiedWithoutAnAgentIsStartedAgain) {
  Run();
  EndAgent(SIGKILL);
  for (const pid_t pid : EnginePids()) ::kill(pid, SIGKILL);
  ASSERT_TRUE(Eventually([&] { return EnginePids().empty(); }));
  StartAgent();
  ASSERT_TRUE(Eventually(
      [&] { return RestartCount() == 1 && server_.Last(kInstance).state == "RUNNING"; }));
}

TEST_F(AgentTest, TerminateStopsEnginesAndTheNextAgentStartsThem) {
  Run();
  const int wait_status = EndAgent(SIGTERM);
  EXPECT_TRUE(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
  EXPECT_TRUE(EnginePids().empty());
  const auto states = StatesOf(kInstance);
  ASSERT_GE(states.size(), 2u);
  EXPECT_EQ(states[states.size() - 2], "DRAINING");
  EXPECT_EQ(states.back(), "STOPPED");
  server_.Stop();
  StartAgent();
  EXPECT_TRUE(Eventually([&] { return EnginePids().size() == 1; })) << "from what it last knew";
  server_.Start();
  EXPECT_TRUE(Reaches("RUNNING"));
  EXPECT_EQ(RestartCount(), 0) << "a wanted stop is no restart";
  EXPECT_THAT(StatesOf(kInstance), ::testing::Not(Contains("ERROR")));
}

TEST_F(AgentTest, StubbornEngineIsKilledAfterTheGrace) {
  Behave("stubborn");
  Run();
  const MonotonicTime start = MonotonicNow();
  EndAgent(SIGTERM);
  EXPECT_GE(SecondsSince(start), 0.9);
  EXPECT_TRUE(EnginePids().empty());
}

TEST_F(AgentTest, SecondSignalHurries) {
  Behave("stubborn");
  stop_grace_seconds_ = "600";  // longer than EndAgent waits
  Run();
  ::kill(agent_, SIGTERM);
  ASSERT_TRUE(Reaches("DRAINING"));
  EndAgent(SIGTERM);
  EXPECT_TRUE(EnginePids().empty());
}

TEST_F(AgentTest, WhatIsNotListedIsStoppedAndRemoved) {
  Run();
  server_.SetAssignments({});
  EXPECT_TRUE(Eventually([&] { return EnginePids().empty(); }));
  EXPECT_TRUE(Reaches("STOPPED"));
  EXPECT_TRUE(Eventually([&] { return !fs::exists(layout_.instance_dir(kInstance)); }));
  EXPECT_THAT(StatesOf(kInstance), Contains("DRAINING"));
}

TEST_F(AgentTest, ShouldNotRunIsStopped) {
  Run();
  spec::Assignment assignment = AssignmentOf(kInstance);
  assignment.should_run = false;
  server_.SetAssignments({assignment});
  ASSERT_TRUE(Reaches("STOPPED"));
  EXPECT_EQ(server_.Last(kInstance).body.at("generation"), 1);
  EXPECT_TRUE(EnginePids().empty());
  server_.SetAssignments({AssignmentOf(kInstance, 2)});
  EXPECT_TRUE(Reaches("RUNNING"));
}

TEST_F(AgentTest, OldGenerationIsGoneBeforeTheNewOneComes) {
  Behave("stubborn");  // the old one takes its time
  Run();
  const pid_t old = ReportedPid();
  Behave("ok");
  server_.SetAssignments({AssignmentOf(kInstance, 2)});
  size_t most = 0;
  ASSERT_TRUE(Eventually([&] {
    most = std::max(most, EnginePids().size());
    const auto last = server_.Last(kInstance);
    return last.state == "RUNNING" && last.body.at("generation") == 2;
  }));
  EXPECT_EQ(most, 1u);
  EXPECT_NE(ReportedPid(), old);
  for (const ReportedStatus& each : server_.statuses()) {
    const bool is_new = each.body.at("generation") == 2 && each.state == "RUNNING";
    EXPECT_FALSE(is_new && each.body.at("pid") == old);
  }
}

TEST_F(AgentTest, OldGenerationThatEndedWithoutAnAgentIsNoFailure) {
  Run();
  EndAgent(SIGKILL);
  for (const pid_t pid : EnginePids()) ::kill(pid, SIGKILL);
  const size_t num_before = server_.statuses().size();
  server_.SetAssignments({AssignmentOf(kInstance, 2)});
  fs::remove(layout_.root / "agent" / "assignments.json");
  StartAgent();
  ASSERT_TRUE(Eventually([&] {
    const auto last = server_.Last(kInstance);
    return last.state == "RUNNING" && last.body.at("generation") == 2;
  }));
  const auto statuses = server_.statuses();
  for (size_t index = num_before; index < statuses.size(); ++index)
    EXPECT_NE(statuses[index].state, "ERROR") << statuses[index].reason;
  EXPECT_EQ(RestartCount(), 0);
}

TEST_F(AgentTest, WorksOnWithoutTheServer) {
  Run();
  server_.Stop();
  const pid_t pid = ReportedPid();
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  pid_t second = 0;
  ASSERT_TRUE(Eventually([&] { return (second = OnlyEngineOtherThan(pid)) != 0; }));
  // Also an agent that has never seen the server in its life.
  EndAgent(SIGKILL);
  StartAgent();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_EQ(::kill(second, SIGKILL), 0);
  pid_t third = 0;
  ASSERT_TRUE(Eventually([&] { return (third = OnlyEngineOtherThan(second)) != 0; }));
  server_.Start();
  ASSERT_TRUE(Eventually([&] { return ReportedPid() == third; }));
  EXPECT_TRUE(Reaches("RUNNING"));
  EXPECT_EQ(RestartCount(), 2);
  EXPECT_THAT(EnginePids(), ElementsAre(third));
}

TEST_F(AgentTest, UnknownInstancesWaitForTheServersWord) {
  Run();
  EndAgent(SIGKILL);
  server_.Stop();
  fs::remove(layout_.root / "agent" / "assignments.json");
  const auto pids = EnginePids();
  StartAgent();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(EnginePids(), pids) << "nobody has said that it should stop";
  server_.SetAssignments({});
  server_.Start();
  EXPECT_TRUE(Eventually([&] { return EnginePids().empty(); }));
}

TEST_F(AgentTest, ServerRestartIsToldEverythingAgain) {
  Run();
  server_.Stop();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const size_t num_statuses = server_.statuses().size();
  server_.Start();
  ASSERT_TRUE(Eventually([&] { return server_.statuses().size() > num_statuses; }));
  EXPECT_EQ(server_.Last(kInstance).state, "RUNNING");
  EXPECT_EQ(RestartCount(), 0);
}

TEST_F(AgentTest, AModelThatCannotBeHadIsAnError) {
  spec::Assignment assignment = AssignmentOf(kInstance);
  assignment.files[0].sha256 = std::string(64, 'a');
  assignment.sources = {{.kind = "pypi", .package = "tiny", .version = "1"}};
  server_.SetAssignments({assignment, AssignmentOf("inst-b")});
  StartAgent();
  ASSERT_TRUE(Said("next try in 200ms"));
  EXPECT_THAT(ReasonWith("next try in 200ms"),
              HasSubstr("cannot fetch tiny:\npypi tiny==1: pip was not found"));
  EXPECT_TRUE(Reaches("RUNNING", "inst-b")) << "the others are not affected";
}

TEST_F(AgentTest, WhatCannotStartIsAnErrorAndNoCrash) {
  spec::Assignment assignment = AssignmentOf(kInstance);
  assignment.gpus = {999};
  spec::Assignment greedy = AssignmentOf("inst-b");
  greedy.memory_bytes = int64_t{1} << 50;
  server_.SetAssignments({assignment, greedy});
  StartAgent();
  ASSERT_TRUE(Said("PREFLIGHT: GPU 999 is not there"));
  EXPECT_TRUE(Said("next try in 400ms")) << "with growing pauses";
  EXPECT_TRUE(Eventually([&] {
    const auto last = server_.Last("inst-b");  // between two tries it is INITIALIZING
    return last.state == "ERROR" &&
           last.reason.find("PREFLIGHT: the engine takes 1.0 PiB of memory") == 0;
  }));
  EXPECT_EQ(RestartCount(), 0);
  EXPECT_TRUE(EnginePids().empty());
}

TEST_F(AgentTest, AModelThatIsOnTheNodeIsUsedAndNotFetched) {
  spec::Assignment assignment = AssignmentOf(kInstance);
  assignment.files.clear();
  assignment.model_path = (root_ / "own.gguf").string();
  server_.SetAssignments({assignment});
  StartAgent();
  const std::string missing = "PREFLIGHT: there is no " + assignment.model_path + " on this node";
  ASSERT_TRUE(Said(missing));
  EXPECT_THAT(ReasonWith(missing), HasSubstr("it is not tried again"));
  ASSERT_TRUE(WriteFileAtomic(root_ / "own.gguf", "weights").ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(server_.Last(kInstance).state, "ERROR") << "the first pause would be 200 ms";
  ++assignment.generation;
  server_.SetAssignments({assignment});
  ASSERT_TRUE(Reaches("RUNNING"));
  const auto log = ReadFile(layout_.instance_dir(kInstance) / "engine.log");
  EXPECT_THAT(*log, HasSubstr(" with " + assignment.model_path + " as tiny-chat"));
}

TEST_F(AgentTest, ADamagedAssignmentLeavesItsInstanceAlone) {
  Run();
  spec::Assignment damaged = AssignmentOf(kInstance);
  damaged.sources = {{.kind = "a kind that a later version has"}};
  server_.SetAssignments({damaged, AssignmentOf("inst-b")});
  ASSERT_TRUE(Reaches("RUNNING", "inst-b"));
  EXPECT_EQ(server_.Last(kInstance).state, "RUNNING");
  EXPECT_EQ(EnginePids().size(), 2u);
}

TEST_F(AgentTest, UnknownEngineIsAnError) {
  spec::Assignment assignment = AssignmentOf(kInstance);
  assignment.engine.engine = "nativ";
  server_.SetAssignments({assignment});
  StartAgent();
  EXPECT_TRUE(Eventually([&] {
    return server_.Last(kInstance).reason.find("did you mean \"native\"?") != std::string::npos;
  }));
}

TEST_F(AgentTest, LogsOnRequest) {
  Run();
  server_.AskForLog("req-1", kInstance, -1);
  ASSERT_TRUE(Eventually([&] { return server_.log_replies().contains("req-1"); }));
  const nlohmann::json reply = server_.log_replies().at("req-1");
  EXPECT_THAT(reply.at("text").get<std::string>(), HasSubstr(" as tiny-chat\nready: listening on"));
  EXPECT_EQ(reply.at("next"), reply.at("text").get<std::string>().size());
  server_.AskForLog("req-2", kInstance, reply.at("next"));
  ASSERT_TRUE(Eventually([&] { return server_.log_replies().contains("req-2"); }));
  EXPECT_EQ(server_.log_replies().at("req-2").at("text"), "");
}

TEST_F(AgentTest, DamagedFilesDoNotStopTheAgent) {
  const fs::path dir = layout_.instance_dir(kInstance);
  ASSERT_TRUE(MakeDirectories(dir).ok());
  for (const char* name : {"state.json", "spec.json", "record.json"})
    ASSERT_TRUE(WriteFileAtomic(dir / name, "{]").ok());
  ASSERT_TRUE(WriteFileAtomic(layout_.root / "agent" / "assignments.json", "nonsense").ok());
  Run();
  EXPECT_EQ(EnginePids().size(), 1u);
}

TEST_F(AgentTest, OneAgentPerDataDirectory) {
  Run();
  const pid_t first = agent_;
  StartAgent();
  int wait_status = 0;
  ASSERT_TRUE(Eventually([&] { return ::waitpid(agent_, &wait_status, WNOHANG) == agent_; }));
  EXPECT_TRUE(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) != 0);
  agent_ = first;
}

}  // namespace
}  // namespace redline::platform
