// Jobs of the lab over the API, done by a stand-in for the binary: what may be asked, one at a
// time, results, stopping, going on, restarts.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "embedded/catalog_files.h"
#include "platform/server/lab_command.h"
#include "platform/server/server_test_util.h"

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr char kJobs[] = "/api/v1/lab/jobs";

// Its folder is the working directory. It notes its arguments and environment, and then does as the
// file "plan" beside the jobs says.
constexpr char kStandIn[] = R"sh(#!/bin/sh
printf '%s\n' "$@" > argv.txt
env > env.txt
echo '{"state": "running", "phase": "run", "figures": {"ratio": 2.5, "bad": "x"},
  "flaws": ["too short"]}' > status.json
case "$(cat ../../plan)" in
  fail) echo "redline: out of luck: try another day" >&2; exit 7 ;;
  hang) echo '{}' > journal.jsonl
        trap 'echo "{\"stopped\": true}" > result.json; exit 10' INT
        while :; do sleep 0.02; done ;;
  deaf) trap '' INT; while :; do sleep 0.02; done ;;
esac
echo '{"answer": 42}' > result.json
echo '<!DOCTYPE html><p>report</p>' > report.html
)sh";

json Rehearsal(const json& more = json::object()) {
  json body = {{"kind", "tune"},       {"model", "Qwen/Qwen3-4B"}, {"virtual", true},
               {"hardware", "h200x2"}, {"workload", "short"},      {"scale", 0.05}};
  body.update(more);
  return body;
}

class LabTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    program_ = dir_ / "stand-in";
    std::ofstream(program_) << kStandIn;
    ASSERT_EQ(::chmod(program_.c_str(), 0755), 0);
    Plan("work");
    StopServer();
    StartServer();
  }
  void Plan(const std::string& what) { std::ofstream(dir_ / "data" / "plan") << what; }
  std::string Start(const json& body = Rehearsal()) {
    const Reply reply = Call("POST", kJobs, body);
    EXPECT_EQ(reply.status, 201) << reply.text;
    return reply.status == 201 ? reply.json.at("id").get<std::string>() : "";
  }
  std::string PathOf(const std::string& id) const { return std::string(kJobs) + "/" + id; }
  json WaitFor(const std::string& id, const std::function<bool(const json&)>& holds) {
    const MonotonicTime begin = MonotonicNow();
    json job;
    while (SecondsSince(begin) < 20) {
      job = Get(PathOf(id)).json;
      if (holds(job)) return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << job.dump();
    return job;
  }
  json WaitForState(const std::string& id, const std::string& state) {
    return WaitFor(id, [&](const json& job) { return job.at("state") == state; });
  }
  std::string FileOfJob(const std::string& id, const std::string& file) {
    const auto text = ReadFile(dir_ / "data" / "lab" / id / file);
    return text.ok() ? *text : "";
  }
  // It has set its traps.
  void WaitForFile(const std::string& id, const std::string& file) {
    WaitFor(id, [&](const json&) { return !FileOfJob(id, file).empty(); });
  }
  void Deploy() {
    FakeAgent agent([this](const std::string& method, const std::string& path,
                           const json& body) { return Call(method, path, body); },
                    "worker-1", int64_t{16} << 30);
    ASSERT_EQ(agent.Heartbeat().status, 200);
    ASSERT_EQ(Call("POST", "/api/v1/deployments", {{"model", "smollm2-135m-instruct"}}).status,
              201);
    for (int round = 0; round < 3; ++round) agent.Obey();
  }
};

TEST_F(LabTest, ATuneIsRunAndItsResultAndReportAreServed) {
  const std::string id = Start(Rehearsal({{"engines", {"vllm", "sglang"}},
                                          {"max_time_seconds", 7200},
                                          {"goal", "latency"},
                                          {"truth_seed", 7}}));
  const json job = WaitForState(id, "finished");
  EXPECT_EQ(job.at("virtual"), true);
  EXPECT_EQ(job.at("progress").at("phase"), "run");
  EXPECT_EQ(job.at("figures"), json({{"ratio", 2.5}}));
  EXPECT_EQ(job.at("flaws"), json({"too short"}));
  EXPECT_EQ(job.at("request").at("engines").size(), 2);
  EXPECT_FALSE(job.at("ended_at").get<std::string>().empty());
  EXPECT_TRUE(job.at("has_result"));
  EXPECT_FALSE(job.at("can_resume"));
  const std::string folder = (dir_ / "data" / "lab" / id).string();
  EXPECT_EQ(FileOfJob(id, "argv.txt"),
            "tune\nQwen/Qwen3-4B\n--report\n" + folder +
                "\n--engines\nvllm,sglang\n--goal\nlatency\n--max-time\n7200s\n--truth-seed\n7\n"
                "--virtual\n--hardware\nh200x2\n--workload\nshort\n--scale\n0.05\n");
  EXPECT_EQ(Get(PathOf(id) + "/result").json.at("answer"), 42);
  const Reply report = Get(PathOf(id) + "/report");
  EXPECT_EQ(report.status, 200);
  EXPECT_NE(report.text.find("<p>report</p>"), std::string::npos);
  const std::string policy(net::FindHeader(report.headers, "Content-Security-Policy"));
  EXPECT_TRUE(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'")) << policy;
  EXPECT_NE(policy.find("sandbox"), std::string::npos);
  EXPECT_EQ(Get(kJobs).json.at("items").size(), 1);
}

TEST_F(LabTest, ABenchGoesThroughTheGatewayWithoutAKeyInItsArguments) {
  EXPECT_EQ(Call("POST", kJobs, {{"kind", "bench"}, {"deployment", "nonesuch"}})
                .json.at("error")
                .at("param"),
            "deployment");
  ASSERT_NO_FATAL_FAILURE(Deploy());
  const std::string id =
      Start({{"kind", "bench"}, {"deployment", "smollm2-135m-instruct"}, {"repeats", 3}});
  WaitForState(id, "finished");
  const json job = Get(PathOf(id)).json;
  const auto seed = job.at("request").at("seed").get<int64_t>();
  EXPECT_GT(seed, 1);  // none was given: prompts that no run before has sent
  EXPECT_EQ(FileOfJob(id, "argv.txt"), "bench\n--data-dir\n" + (dir_ / "data").string() +
                                           "\n--model\nsmollm2-135m-instruct\n--report-dir\n" +
                                           (dir_ / "data" / "lab" / id).string() +
                                           "\n--workload\nsharegpt\n--repeats\n3\n--seed\n" +
                                           std::to_string(seed) + "\n");
  EXPECT_EQ(FileOfJob(id, "env.txt").find(kKey), std::string::npos);
}

TEST_F(LabTest, OneRunsAtATime) {
  Plan("hang");
  const std::string id = Start();
  const Reply second = Call("POST", kJobs, Rehearsal());
  EXPECT_EQ(second.status, 409);
  EXPECT_NE(second.text.find(PathOf(id) + "/stop"), std::string::npos) << second.text;
  EXPECT_EQ(Call("DELETE", PathOf(id)).status, 409);
  EXPECT_EQ(Call("POST", PathOf(id) + "/resume").status, 409);
}

TEST_F(LabTest, AStoppedTuneKeepsWhatItHasAndGoesOn) {
  Plan("hang");
  const std::string id = Start();
  WaitForFile(id, "journal.jsonl");
  EXPECT_EQ(Get(PathOf(id) + "/result").status, 404);
  EXPECT_EQ(Call("POST", PathOf(id) + "/stop").status, 202);
  const json stopped = WaitForState(id, "stopped");
  EXPECT_TRUE(stopped.at("can_resume"));
  EXPECT_TRUE(Get(PathOf(id) + "/result").json.at("stopped"));
  EXPECT_EQ(Call("POST", PathOf(id) + "/stop").status, 409);
  Plan("work");
  EXPECT_EQ(Call("POST", PathOf(id) + "/resume").status, 202);
  WaitForState(id, "finished");
  EXPECT_NE(FileOfJob(id, "argv.txt").find("--resume\n"), std::string::npos);
  EXPECT_EQ(Call("POST", PathOf(id) + "/resume").status, 409);
  EXPECT_EQ(Call("DELETE", PathOf(id)).status, 200);
  EXPECT_EQ(Get(PathOf(id)).status, 404);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "data" / "lab" / id));
}

TEST_F(LabTest, OneThatDoesNotListenIsKilledTheSecondTime) {
  Plan("deaf");
  const std::string id = Start();
  WaitForFile(id, "status.json");
  EXPECT_EQ(Call("POST", PathOf(id) + "/stop").json.at("state"), "stopping");
  Call("POST", PathOf(id) + "/stop");
  WaitForState(id, "stopped");
}

TEST_F(LabTest, AFailureTellsItsLastWords) {
  Plan("fail");
  const std::string id = Start();
  const json job = WaitForState(id, "failed");
  EXPECT_EQ(job.at("error"), "out of luck: try another day");
  EXPECT_EQ(Get(PathOf(id) + "/result").status, 404);
}

TEST_F(LabTest, JobsSurviveARestart) {
  const std::string finished = Start();
  WaitForState(finished, "finished");
  Plan("hang");
  const std::string running = Start();
  WaitForFile(running, "journal.jsonl");
  std::filesystem::create_directories(dir_ / "data" / "lab" / "lab-broken");
  std::ofstream(dir_ / "data" / "lab" / "lab-broken" / "job.json") << "{\"id\": 5";
  StopServer();
  StartServer();
  EXPECT_EQ(Get(kJobs).json.at("items").size(), 2);
  EXPECT_EQ(Get(PathOf(finished)).json.at("state"), "finished");
  const json interrupted = Get(PathOf(running)).json;
  EXPECT_EQ(interrupted.at("state"), "interrupted");
  EXPECT_TRUE(interrupted.at("can_resume"));
  Plan("work");
  EXPECT_EQ(Call("POST", PathOf(running) + "/resume").status, 202);
  WaitForState(running, "finished");
}

TEST_F(LabTest, WhatIsWrongIsNamed) {
  const std::vector<std::pair<json, std::string>> cases = {
      {{{"kind", "race"}}, "kind"},
      {{{"kind", ""}}, "kind"},
      {{{"kind", "bench"}}, "deployment"},
      {{{"kind", "bench"}, {"deployment", "--url"}}, "deployment"},
      {{{"kind", "bench"}, {"deployment", "a"}, {"model", "b"}}, "model"},
      {{{"kind", "bench"}, {"deployment", "a"}, {"virtual", true}}, "virtual"},
      {Rehearsal({{"deployment", "a"}}), "deployment"},
      {Rehearsal({{"virtual", false}}), "hardware"},
      {Rehearsal({{"hardware", ""}}), "hardware"},
      {Rehearsal({{"hardware", "h2000x2"}}), "hardware"},
      {Rehearsal({{"model", "--virtual"}}), "model"},
      {Rehearsal({{"model", ""}}), "model"},
      {Rehearsal({{"model", std::string(5000, 'm')}}), "model"},
      {Rehearsal({{"workload", "/etc/passwd"}}), "workload"},
      {Rehearsal({{"scale", 0}}), "scale"},
      {Rehearsal({{"scale", 1e9}}), "scale"},
      {Rehearsal({{"scale", "1"}}), "scale"},
      {Rehearsal({{"concurrency", 4}, {"rate", 2}}), "rate"},
      {Rehearsal({{"requests", -1}}), "requests"},
      {Rehearsal({{"repeats", 1}}), "repeats"},
      {Rehearsal({{"strategy", "guess"}}), "strategy"},
      {Rehearsal({{"goal", "glory"}}), "goal"},
      {Rehearsal({{"engines", {"vllm,sglang"}}}), "engines"},
      {Rehearsal({{"engines", {"native"}}}), "engines"},
      {Rehearsal({{"engines", json::array_t(17, "vllm")}}), "engines"},
      {Rehearsal({{"max_time_seconds", 0}}), "max_time_seconds"},
      {Rehearsal({{"max_trials", 1'000'000}}), "max_trials"},
      {Rehearsal({{"truth_seed", 0}}), "truth_seed"},
      {Rehearsal({{"report", "/etc"}}), "report"},
      {{{"kind", "tune"}, {"model", "smollm2-135m-instruct"}, {"engines", {"sglang"}}}, "engines"},
      {{{"kind", "tune"}, {"model", "nonesuch"}}, "model"}};
  for (const auto& [body, param] : cases) {
    const Reply reply = Call("POST", kJobs, body);
    EXPECT_EQ(reply.status, 400) << body.dump().substr(0, 200) << reply.text;
    if (reply.status != 400) continue;
    EXPECT_EQ(reply.json.at("error").at("param"), param) << reply.text;
    EXPECT_LT(reply.text.size(), 2000);
  }
  for (const char* id : {"lab-nonesuch", "..", "%2e%2e%2flab"}) {
    EXPECT_EQ(Get(PathOf(id) + "/result").status, 404) << id;
    EXPECT_NE(Call("DELETE", PathOf(id)).status, 200) << id;
  }
  EXPECT_TRUE(Get(kJobs).json.at("items").empty());
}

TEST_F(LabTest, TwoBenchesAreCompared) {
  ASSERT_NO_FATAL_FAILURE(Deploy());
  std::vector<std::string> ids;
  for (int index = 0; index < 2; ++index) {
    ids.push_back(Start({{"kind", "bench"}, {"deployment", "smollm2-135m-instruct"}}));
    WaitForState(ids.back(), "finished");
    // Of another tool, as the lab reads it.
    std::ofstream(dir_ / "data" / "lab" / ids.back() / "result.json")
        << json{{"date", "20260102-030405"},
                {"backend", "vllm"},
                {"model_id", "m"},
                {"num_prompts", 10},
                {"duration", 10 + index},
                {"completed", 10},
                {"total_input_tokens", 100},
                {"total_output_tokens", 100},
                {"request_throughput", 1.0},
                {"output_throughput", 10.0 + index},
                {"total_token_throughput", 20.0},
                {"mean_ttft_ms", 5.0},
                {"mean_tpot_ms", 1.0}};
  }
  const Reply reply = Get(PathOf(ids[0]) + "/comparison?with=" + ids[1]);
  ASSERT_EQ(reply.status, 200) << reply.text;
  EXPECT_TRUE(reply.json.at("metrics").contains("output_tps")) << reply.text;
  EXPECT_EQ(reply.json.at("a"), ids[0]);
  const std::string tune = Start();
  WaitForState(tune, "finished");
  const std::vector<std::tuple<std::string, int, std::string>> wrong = {
      {PathOf(ids[0]) + "/comparison", 400, "with"},
      {PathOf(ids[0]) + "/comparison?with=" + tune, 400, "with"},
      {PathOf(ids[0]) + "/comparison?with=nonesuch", 404, "with"},
      {PathOf(tune) + "/comparison?with=" + ids[0], 400, "id"}};
  for (const auto& [path, status, param] : wrong) {
    const Reply refused = Get(path);
    EXPECT_EQ(refused.status, status) << refused.text;
    EXPECT_EQ(refused.json.at("error").at("param"), param);
  }
}

TEST(LabCommandTest, ATuneOfThisMachineUsesItsCache) {
  const LabJobBody body{.kind = "tune", .model = "smollm2-135m-instruct", .engines = {"native"}};
  const auto catalog = Catalog::Parse(embedded::catalog_files());
  ASSERT_TRUE(catalog.ok());
  ASSERT_TRUE(CheckLabJob(body, *catalog).ok());
  const std::vector<std::string> expected = {"redline",    "tune",        "smollm2-135m-instruct",
                                             "--report",   "/jobs/lab-1", "--engines",
                                             "native",     "--cache-dir", "/cache",
                                             "--workload", "sharegpt"};
  EXPECT_EQ(LabCommand(body, {.program = "redline", .data_dir = "/data", .cache_dir = "/cache"},
                       "/jobs/lab-1", Sitting::kFirst),
            expected);
}

}  // namespace
}  // namespace redline::platform
