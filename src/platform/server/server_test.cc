// The whole server over its socket, with a fake agent.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "backends/install/engine_store.h"
#include "base/clock.h"
#include "base/version.h"
#include "platform/server/api.h"
#include "platform/server/server_test_util.h"

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr int64_t kGiB = int64_t{1} << 30;
constexpr char kModel[] = "smollm2-135m-instruct";
const std::string kDeployment = std::string("/api/v1/deployments/") + kModel;

class ClusterTest : public ServerTest {
 protected:
  FakeAgent Agent(const std::string& id = "worker-1", int64_t memory_bytes = 16 * kGiB) {
    return FakeAgent([this](const std::string& method, const std::string& path,
                            const json& body) { return Call(method, path, body); },
                     id, memory_bytes);
  }
  Reply Deploy(json body) { return Call("POST", "/api/v1/deployments", body); }
  json Snapshot() { return Get("/internal/v1/snapshot").json; }
  // States of a deployment's instances, in order of creation.
  std::vector<std::string> States() {
    std::vector<std::string> states;
    const json deployment = Get(kDeployment).json;
    for (const json& instance : deployment.at("instances")) states.push_back(instance.at("state"));
    return states;
  }
};

TEST_F(ClusterTest, DeployRunScaleAndDelete) {
  FakeAgent agent = Agent();
  EXPECT_EQ(agent.Heartbeat().json, json({{"heartbeat_seconds", 5}}));
  const Reply created = Deploy({{"model", kModel}});
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["name"], kModel);
  EXPECT_EQ(created.json["profile"], "cpu-default");
  EXPECT_EQ(created.json["phase"], "SCHEDULED");
  EXPECT_EQ(created.json["instances"].size(), 1u);
  EXPECT_EQ(created.json["engine"]["resolved"]["max_total_tokens"], 32768);
  EXPECT_FALSE(created.json["why"].empty());

  const json assignment = agent.Poll().at("assignments").at(0);
  EXPECT_EQ(assignment["model"], kModel);
  EXPECT_EQ(assignment["generation"], 1);
  EXPECT_TRUE(assignment["should_run"]);
  EXPECT_EQ(assignment["files"][0]["path"], "SmolLM2-135M-Instruct.Q4_1.gguf");
  EXPECT_EQ(assignment["sources"][0]["kind"], "pypi");
  EXPECT_EQ(Snapshot()["models"][0]["instances"].size(), 0u) << "nothing runs yet";

  agent.Obey();
  const json running = Get(kDeployment).json;
  EXPECT_EQ(running["phase"], "RUNNING");
  EXPECT_EQ(running["ready_replicas"], 1);
  EXPECT_EQ(running["instances"][0]["pid"], 4711);
  EXPECT_EQ(running["instances"][0]["ready_at"], "2026-01-02T03:04:06.000Z");
  const json route = Snapshot()["models"][0]["instances"][0];
  EXPECT_EQ(route["generation"], 1);
  EXPECT_TRUE(route["endpoint"].get<std::string>().starts_with("unix:/run/inst-"));

  const Reply scaled = Call("PATCH", kDeployment, {{"replicas", 2}});
  EXPECT_EQ(scaled.status, 200) << scaled.text;
  EXPECT_EQ(scaled.json["phase"], "SCHEDULED");
  EXPECT_EQ(scaled.json["ready_replicas"], 1);
  agent.Obey();
  EXPECT_EQ(States(), (std::vector<std::string>{"RUNNING", "RUNNING"}));

  Call("PATCH", kDeployment, {{"replicas", 0}});
  EXPECT_EQ(Get(kDeployment).json["phase"], "DRAINING");
  agent.Obey();
  EXPECT_EQ(Get(kDeployment).json["phase"], "STOPPED");
  EXPECT_EQ(Snapshot()["models"][0]["name"], kModel) << "a stopped deployment is still known";

  Call("PATCH", kDeployment, {{"replicas", 1}});
  agent.Obey();
  const Reply deleted = Call("DELETE", kDeployment);
  EXPECT_EQ(deleted.status, 202);
  EXPECT_TRUE(deleted.json["deleting"]);
  EXPECT_EQ(Call("DELETE", kDeployment).status, 202) << "again";
  EXPECT_EQ(Call("PATCH", kDeployment, {{"replicas", 1}}).status, 409);
  EXPECT_EQ(Deploy({{"model", kModel}}).status, 409);
  agent.Obey();
  EXPECT_EQ(Get(kDeployment).status, 404);
  EXPECT_TRUE(agent.Poll()["assignments"].empty());
  EXPECT_TRUE(Snapshot()["models"].empty());
}

TEST_F(ClusterTest, EventsTellTheStory) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  Deploy({{"model", kModel}});
  const std::string id = agent.Poll()["assignments"][0]["instance_id"];
  for (const char* state : {"INITIALIZING", "DOWNLOADING", "DOWNLOADING", "STARTING", "RUNNING"})
    EXPECT_EQ(agent.Report(id, 1, state).status, 200);
  agent.Report(id, 1, "ERROR", "CRASH_LOOP: exit code 1: \x1b[31mbad");
  const json events = Get(kDeployment + "/events").json["items"];
  std::vector<std::string> states;
  for (const json& event : events) states.push_back(event.at("state"));
  EXPECT_EQ(states, (std::vector<std::string>{"PENDING", "SCHEDULED", "INITIALIZING", "DOWNLOADING",
                                              "STARTING", "RUNNING", "ERROR"}));
  const json failed = Get(kDeployment).json;
  EXPECT_EQ(failed["phase"], "ERROR");
  EXPECT_TRUE(failed["reason"].get<std::string>().starts_with("CRASH_LOOP"));
}

// While the server was away the engine crashed and came back: the routes never lose it.
TEST_F(ClusterTest, AReportOfManyStatusesIsOneChangeAndAllEvents) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  Deploy({{"model", kModel}});
  const std::string id = agent.Poll()["assignments"][0]["instance_id"];
  EXPECT_EQ(agent.Report(id, 1, "RUNNING").status, 200);
  const auto status = [](const char* state, int pid) {
    return json{{"generation", 1},
                {"state", state},
                {"reason", ""},
                {"pid", pid},
                {"endpoint", "unix:/run/same.sock"},
                {"restart_count", 1}};
  };
  const int64_t revision = Get("/api/v1/status").json["revision"];
  const json statuses = {status("STARTING", 0), status("RUNNING", 4712)};
  EXPECT_EQ(agent.ReportAll(id, statuses).status, 200);
  EXPECT_EQ(Get("/api/v1/status").json["revision"], revision + 1);
  const json events = Get(kDeployment + "/events").json["items"];
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events[events.size() - 2]["state"], "STARTING");
  EXPECT_EQ(events.back()["state"], "RUNNING");
  EXPECT_EQ(Get(kDeployment).json["instances"][0]["pid"], 4712);
  EXPECT_EQ(agent.ReportAll(id, json::array()).status, 400);
}

TEST_F(ClusterTest, ProgressIsShownWithoutBeingNews) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  Deploy({{"model", kModel}});
  const std::string id = agent.Poll()["assignments"][0]["instance_id"];
  agent.Report(id, 1, "STARTING", "loading 10%");
  const int64_t revision = Get("/api/v1/status").json["revision"];
  agent.Report(id, 1, "STARTING", "loading 60%");
  const json instance = Get(kDeployment).json["instances"][0];
  EXPECT_EQ(instance["reason"], "loading 60%");
  EXPECT_EQ(instance["progress"]["fraction"], 0.5);
  EXPECT_EQ(Get("/api/v1/status").json["revision"], revision);
}

TEST_F(ClusterTest, ADryRunChangesNothing) {
  Agent().Heartbeat();
  const Reply reply = Deploy({{"model", kModel},
                              {"name", "other"},
                              {"parameters", {{"max_total_tokens", 4096}}},
                              {"dry_run", true}});
  ASSERT_EQ(reply.status, 200) << reply.text;
  EXPECT_EQ(reply.json["name"], "other");
  EXPECT_EQ(reply.json["profile"], "custom");
  EXPECT_EQ(reply.json["engine"]["resolved"]["max_total_tokens"], 4096);
  EXPECT_TRUE(reply.json["fit"]["fits"]);
  EXPECT_EQ(reply.json["command"][0], "redline");
  EXPECT_FALSE(reply.json["why"].empty());
  EXPECT_TRUE(Get("/api/v1/deployments").json["items"].empty());
}

TEST_F(ClusterTest, ADryRunOfAnEngineTellsWhatWasAskedFor) {
  Agent().Heartbeat();
  const Reply reply = Deploy({{"model", kModel},
                              {"engine", "vllm@0.13.0"},
                              {"arguments", {"--max-model-len", "2k"}},
                              {"environment", {{"VLLM_CPU_KVCACHE_SPACE", "2"}}},
                              {"dry_run", true}});
  ASSERT_EQ(reply.status, 200) << reply.text;
  std::map<std::string, json> rows;
  for (const json& row : reply.json["configuration"]) rows[row["name"]] = row;
  EXPECT_EQ(rows["max_model_len"]["requested"], "2000") << reply.text;
  EXPECT_EQ(rows["max_model_len"]["resolved"], "2000");
  EXPECT_EQ(rows["VLLM_CPU_KVCACHE_SPACE"]["requested"], "2");
  EXPECT_EQ(rows["disable_uvicorn_access_log"]["requested"], "");
  EXPECT_EQ(rows["disable_uvicorn_access_log"]["resolved"], "true");
  EXPECT_EQ(rows["disable_uvicorn_access_log"]["effective"], "");

  const Reply refused = Deploy({{"model", kModel},
                                {"engine", "vllm@0.13.0"},
                                {"arguments", {"--max-model-length", "2048"}},
                                {"dry_run", true}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json["error"]["param"], "--max-model-length") << refused.text;
}

TEST_F(ClusterTest, WhatCannotBeDeployedSaysWhy) {
  Agent().Heartbeat();
  ASSERT_EQ(Deploy({{"model", kModel}, {"name", "taken"}}).status, 201);
  const struct {
    json body;
    int status;
    const char* param;
    const char* message;
  } cases[] = {
      {{{"model", "smolm2-135m-instruct"}}, 404, "model", "did you mean \"smollm2-135m-instruct\""},
      {json::object(), 400, "model", "missing"},
      {{{"modle", kModel}}, 400, "modle", "did you mean \"model\""},
      {{{"model", 5}}, 400, "model", "a string"},
      {{{"model", kModel}, {"name", "Bad Name"}}, 400, "name", "not a name"},
      {{{"model", kModel}, {"name", "taken"}}, 409, "name", "there is a deployment"},
      {{{"model", kModel}, {"profile", "cpu-defaul"}}, 404, "profile", "cpu-default"},
      {{{"model", kModel}, {"replicas", 65}}, 400, "replicas", "from 0 to 64"},
      {{{"model", kModel}, {"replicas", -1}}, 400, "replicas", "from 0 to 64"},
      {{{"model", kModel}, {"replicas", 1.5}}, 400, "replicas", "an integer"},
      {{{"model", kModel}, {"parameters", {{"max_totl_tokens", 1}}}},
       400,
       "max_totl_tokens",
       "max_total_tokens"},
      {{{"model", kModel}, {"parameters", {{"page_size", json::array()}}}},
       400,
       "parameters.page_size",
       ""},
      {{{"model", kModel}, {"replicas", 64}}, 409, "", "64 replicas need"},
      {{{"model", kModel}, {"parameters", {{"max_total_tokens", 1 << 20}}}}, 409, "", "GiB"},
      {{{"model", "deepseek-v3.2"}}, 409, "", "needs 654.1 GiB"},
  };
  for (const auto& test : cases) {
    const Reply reply = Deploy(test.body);
    const json error = reply.json.value("error", json::object());
    EXPECT_EQ(reply.status, test.status) << test.body << reply.text;
    EXPECT_EQ(error.value("param", json()), *test.param ? json(test.param) : json()) << test.body;
    EXPECT_NE(error.value("message", "").find(test.message), std::string::npos) << reply.text;
  }
  EXPECT_EQ(Get("/api/v1/deployments").json["items"].size(), 1u);
}

TEST_F(ClusterTest, HostileBodies) {
  const net::Headers headers = {{"Authorization", std::string("Bearer ") + kKey}};
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("\"x\""),
        std::string(100000, '['), std::string("{\"model\": \"\\ud800\"}"),
        std::string("{\"model\": \"a\", \"model\": \"b\"}"), std::string("{\"replicas\": NaN}"),
        std::string("{\"replicas\": 1e400}"), std::string("{\"replicas\": 99999999999999999999}"),
        std::string("{\"model\": \"\xff\"}")}) {
    const Reply reply = Send("POST", "/api/v1/deployments", body, headers);
    EXPECT_EQ(reply.status, 400) << body.substr(0, 40) << reply.text;
    EXPECT_TRUE(reply.json["error"]["message"].is_string());
  }
  EXPECT_EQ(Send("POST", "/api/v1/deployments", std::string(2 << 20, ' '), headers).status, 413);
  EXPECT_EQ(Get("/api/v1/version").status, 200);
}

TEST_F(ClusterTest, UnknownQueryParametersAreRefused) {
  const Reply reply = Get("/api/v1/deployments/x/logs?max_byte=5");
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.text.find("did you mean"), std::string::npos) << reply.text;
  EXPECT_EQ(Get("/internal/v1/snapshot?wait_seconds=999").status, 400);
}

TEST_F(ClusterTest, TheLibraryShowsWhatWouldRunHere) {
  EXPECT_EQ(Get(std::string("/api/v1/models/") + kModel).json["fit"]["message"],
            "no worker is reachable");
  Agent().Heartbeat();
  const json models = Get("/api/v1/models").json["items"];
  ASSERT_GE(models.size(), 2u);
  EXPECT_EQ(models[0]["name"], kModel) << "what fits comes first";
  const json model = Get(std::string("/api/v1/models/") + kModel).json;
  EXPECT_EQ(model["display_name"], "SmolLM2 135M Instruct");
  EXPECT_FALSE(model["summary"]["zh"].get<std::string>().empty());
  EXPECT_EQ(model["cached"], false);
  EXPECT_EQ(model["download_bytes"], 98362432);
  EXPECT_TRUE(model["fit"]["fits"]);
  int64_t sum = 0;
  for (const json& term : model["fit"]["terms"]) sum += term["bytes"].get<int64_t>();
  EXPECT_EQ(model["fit"]["needed_bytes"], sum);
  EXPECT_EQ(model["fit"]["worker"], "host-worker-1");
  EXPECT_EQ(model["chosen"]["profile"], "cpu-default");
  EXPECT_EQ(model["chosen"]["command"][1], "serve");
  EXPECT_EQ(model["chosen"]["evidence"]["kind"], "none");
  EXPECT_EQ(model["deployments"], json::array());
  Deploy({{"model", kModel}, {"name", "mine"}});
  EXPECT_EQ(Get(std::string("/api/v1/models/") + kModel).json["deployments"],
            json::array({"mine"}));
  const json large = Get("/api/v1/models/deepseek-v3.2").json;
  EXPECT_FALSE(large["fit"]["fits"]);
  EXPECT_TRUE(large["chosen"].is_null());
  EXPECT_EQ(Get("/api/v1/models/nope").status, 404);
}

TEST_F(ClusterTest, TheEnginesAreListedWithWhatIsInstalled) {
  const backends::Installation installation{.engine = "vllm",
                                            .version = "0.13.0",
                                            .device = "cpu",
                                            .origin = "path",
                                            .root = "/",
                                            .program = {"/bin/sh"}};
  ASSERT_TRUE(backends::RecordInstallation(dir_ / "cache", installation).ok());
  std::map<std::string, json> engines;
  const json list = Get("/api/v1/engines").json;
  for (const json& engine : list.at("items"))
    engines[engine.at("name").get<std::string>() + "@" + engine.at("version").get<std::string>()] =
        engine;
  const std::string native = std::string("native@") + kVersion;
  for (const std::string& name :
       {native, std::string("vllm@0.13.0"), std::string("vllm@0.32.0"),
        std::string("sglang@0.5.6.post2"), std::string("llama_cpp@11434")}) {
    ASSERT_TRUE(engines.contains(name)) << name;
    const json& engine = engines[name];
    EXPECT_EQ(engine["is_built_in"], name == native) << name;
    EXPECT_EQ(engine["can_be_installed"], name != native) << name;
    EXPECT_EQ(engine["installed"], name == native || name == "vllm@0.13.0") << name;
  }
}

TEST_F(ClusterTest, OldGenerationsAndStrangersAreFencedOff) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  FakeAgent other = Agent("worker-2", kGiB);
  other.Heartbeat();
  Deploy({{"model", kModel}});
  const std::string id = agent.Poll()["assignments"][0]["instance_id"];
  EXPECT_EQ(agent.Report(id, 0, "RUNNING").status, 409);
  EXPECT_EQ(agent.Report(id, 2, "RUNNING").status, 409);
  EXPECT_EQ(other.Report(id, 1, "RUNNING").status, 404);
  EXPECT_EQ(agent.Report("inst-none", 1, "RUNNING").status, 404);
  EXPECT_EQ(agent.Report(id, 1, "UNREACHABLE").status, 400);
  EXPECT_EQ(agent.Report(id, 1, "running").status, 400);
  EXPECT_EQ(States(), std::vector<std::string>{"SCHEDULED"});
  EXPECT_EQ(Call("POST", "/internal/v1/workers", {{"id", "../x"}}).status, 400);
  EXPECT_EQ(Get("/internal/v1/workers/unknown/assignments").status, 404);
}

TEST_F(ClusterTest, HeartbeatsRenewTheOneWorker) {
  FakeAgent agent = Agent();
  for (int count = 0; count < 3; ++count) agent.Heartbeat();
  const json workers = Get("/api/v1/workers").json["items"];
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0]["id"], "worker-1");
  EXPECT_EQ(workers[0]["state"], "READY");
  EXPECT_FALSE(workers[0]["heartbeat_at"].get<std::string>().empty());
}

TEST_F(ClusterTest, AWorkerWithGpusIsShownAndRunsEnginesForItsCpu) {
  const json gpu = {{"vendor", "nvidia"},
                    {"name", "NVIDIA H200"},
                    {"memory_total_bytes", 140 * kGiB},
                    {"memory_available_bytes", 139 * kGiB}};
  const Reply reply = Call("POST", "/internal/v1/workers",
                           {{"id", "worker-1"},
                            {"name", "host-1"},
                            {"device", "nvidia"},
                            {"device_model", "NVIDIA H200"},
                            {"num_devices", 2},
                            {"memory_total_bytes", 16 * kGiB},
                            {"memory_available_bytes", 16 * kGiB},
                            {"cpu", {{"model", "Some CPU"}, {"threads", 6}}},
                            {"gpus", {gpu, gpu}}});
  ASSERT_EQ(reply.status, 200) << reply.text;
  const Reply created = Deploy({{"model", kModel}});
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["profile"], "cpu-default");
  EXPECT_EQ(created.json["engine"]["resolved"]["num_threads"], 6);
  StopServer();
  StartServer();
  const json worker = Get("/api/v1/workers").json["items"].at(0);
  EXPECT_EQ(worker["gpus"].size(), 2u);
  EXPECT_EQ(worker["gpus"][1]["memory_total_bytes"], 140 * kGiB);
  EXPECT_EQ(worker["cpu"]["model"], "Some CPU");
}

TEST_F(ClusterTest, LongPollsWakeUpAtOnceAndOnlyForTheirOwn) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  agent.Poll();
  const int64_t revision = Snapshot()["revision"];
  auto assignments = std::async(std::launch::async, [&] { return agent.Poll(30); });
  auto snapshot = std::async(std::launch::async, [&] {
    return Get("/internal/v1/snapshot?wait_seconds=30&revision=" + std::to_string(revision)).json;
  });
  EXPECT_EQ(assignments.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  const MonotonicTime begin = MonotonicNow();
  Deploy({{"model", kModel}});
  EXPECT_EQ(assignments.get()["assignments"].size(), 1u);
  EXPECT_EQ(snapshot.get()["models"].size(), 1u);
  EXPECT_LT(SecondsSince(begin), 15) << "far below the 30 s they would have waited";
  // A worker's states do not wake the worker itself.
  const int64_t before = agent.Poll()["revision"];
  agent.Obey();
  EXPECT_EQ(agent.Poll()["revision"], before);
}

TEST_F(ClusterTest, WhatIsToldIsWhatTheGatewayKnows) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  Deploy({{"model", kModel}});
  const auto poll = [this](int64_t revision) {
    return std::async(std::launch::async, [this, revision] {
      return Get("/internal/v1/snapshot?wait_seconds=30&revision=" + std::to_string(revision)).json;
    });
  };
  auto first = poll(Snapshot()["revision"]);
  agent.Obey();  // RUNNING
  const json news = first.get();
  ASSERT_EQ(news["models"][0]["instances"].size(), 1u);
  // The gateway has the news, and the server does not know it yet.
  auto told = std::async(std::launch::async, [this] { return Get(kDeployment); });
  EXPECT_EQ(told.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  auto second = poll(news["revision"]);
  EXPECT_EQ(told.get().json["phase"], "RUNNING");
  // A gateway that does not come back holds nobody up for long.
  Deploy({{"model", kModel}, {"name", "other"}});
  EXPECT_EQ(second.get()["models"].size(), 2u);
  const MonotonicTime begin = MonotonicNow();
  EXPECT_EQ(Get(kDeployment).status, 200);
  EXPECT_LT(SecondsSince(begin), 15);
}

TEST_F(ClusterTest, APollWithoutNewsEndsInTime) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  const int64_t revision = agent.Poll()["revision"];
  EXPECT_EQ(agent.Poll(1)["revision"], revision);
}

TEST_F(ClusterTest, LogsTravelOverTheWaitingPoll) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  EXPECT_EQ(Get("/api/v1/deployments/none/logs").status, 404);
  Deploy({{"model", kModel}});
  agent.Obey();
  agent.Poll();
  auto poll = std::async(std::launch::async, [&] { return agent.Poll(30); });
  auto logs = std::async(std::launch::async,
                         [&] { return Get(kDeployment + "/logs?after=7&max_bytes=100"); });
  const json question = poll.get().at("log_requests").at(0);
  EXPECT_EQ(question["after"], 7);
  EXPECT_EQ(question["max_bytes"], 100);
  const std::string path = "/internal/v1/log-replies/" + question["id"].get<std::string>();
  EXPECT_TRUE(agent.Poll()["log_requests"].empty()) << "handed out once";
  EXPECT_EQ(Call("POST", path, {{"text", "ready\n"}, {"next", 13}}).status, 200);
  const Reply reply = logs.get();
  EXPECT_EQ(reply.json,
            json({{"instance_id", question["instance_id"]}, {"text", "ready\n"}, {"next", 13}}));
  EXPECT_EQ(Call("POST", path, {{"text", ""}, {"next", 0}}).status, 404) << "nobody waits";
  EXPECT_EQ(Get(kDeployment + "/logs?instance=inst-x").status, 404);
  EXPECT_EQ(Get(kDeployment + "/logs?max_bytes=0").json["error"]["param"], "max_bytes");
}

TEST_F(ClusterTest, MetricsTravelOverTheWaitingPoll) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  Deploy({{"model", kModel}});
  EXPECT_EQ(Get(kDeployment + "/metrics").status, 409) << "nothing runs yet";
  agent.Obey();
  agent.Poll();
  for (const std::string text : {R"({"num_running_requests": 2.0})", "", "[1]"}) {
    auto poll = std::async(std::launch::async, [&] { return agent.Poll(30); });
    auto metrics = std::async(std::launch::async, [&] { return Get(kDeployment + "/metrics"); });
    const json question = poll.get().at("log_requests").at(0);
    EXPECT_EQ(question["engine"], "native");
    EXPECT_TRUE(question["metrics_of"].get<std::string>().starts_with("unix:"));
    const std::string path = "/internal/v1/log-replies/" + question["id"].get<std::string>();
    EXPECT_EQ(Call("POST", path, {{"text", text}, {"next", 0}}).status, 200);
    const Reply reply = metrics.get();
    EXPECT_EQ(reply.status, text.starts_with("{") ? 200 : 503) << text;
    if (reply.status == 200) {
      EXPECT_EQ(reply.json["metrics"]["num_running_requests"], 2.0);
    }
  }
}

TEST_F(ClusterTest, DeployingWaitsForTheFirstWorker) {
  auto created = std::async(std::launch::async, [&] { return Deploy({{"model", kModel}}); });
  EXPECT_EQ(created.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  Agent().Heartbeat();
  EXPECT_EQ(created.get().status, 201);
}

TEST_F(ClusterTest, EverythingIsThereAfterARestart) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  Deploy({{"model", kModel}});
  agent.Obey();
  const json before = Get("/api/v1/deployments").json;
  const json events = Get(kDeployment + "/events").json;
  const json snapshot = Snapshot();
  StopServer();
  StartServer();
  EXPECT_EQ(Get("/api/v1/deployments").json, before);
  EXPECT_EQ(Get(kDeployment + "/events").json, events);
  EXPECT_EQ(Snapshot()["models"], snapshot["models"]);
  EXPECT_EQ(Get("/api/v1/workers").json["items"][0]["state"], "READY");
}

TEST_F(ClusterTest, StoppingAnswersWhatWaits) {
  FakeAgent agent = Agent();
  agent.Heartbeat();
  agent.Poll();
  auto poll = std::async(std::launch::async, [&] { return agent.Poll(60); });
  EXPECT_EQ(poll.wait_for(std::chrono::seconds(1)), std::future_status::timeout);  // it is there
  const MonotonicTime begin = MonotonicNow();
  StopServer();
  EXPECT_TRUE(poll.get().contains("revision"));
  EXPECT_LT(SecondsSince(begin), 30);
}

}  // namespace
}  // namespace redline::platform
