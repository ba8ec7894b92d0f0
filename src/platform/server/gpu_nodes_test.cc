// The library and deployments on nodes whose GPUs are pretended: no GPU is here.
#include <gtest/gtest.h>

#include "platform/server/server_test_util.h"

namespace redline::platform {
namespace {

using nlohmann::json;

class GpuNodesTest : public ServerTest {
 protected:
  static constexpr int64_t kGiB = int64_t{1} << 30;

  FakeAgent Agent(const std::string& id) {
    return FakeAgent([this](const std::string& method, const std::string& path,
                            const json& body) { return Call(method, path, body); },
                     id, 2000 * kGiB);
  }
  Reply Deploy(const json& body) { return Call("POST", "/api/v1/deployments", body); }
};

json GpuWorker(const std::string& name, int64_t memory_mib, int64_t count) {
  json gpus = json::array();
  for (int64_t index = 0; index < count; ++index)
    gpus.push_back({{"index", index},
                    {"vendor", "nvidia"},
                    {"name", name},
                    {"compute_capability", 90},
                    {"memory_total_bytes", memory_mib << 20},
                    {"memory_available_bytes", (memory_mib - 600) << 20}});
  return {{"id", "worker-1"},
          {"name", "host-1"},
          {"device", "nvidia"},
          {"device_model", name},
          {"num_devices", count},
          {"memory_total_bytes", int64_t{512} << 30},
          {"memory_available_bytes", int64_t{500} << 30},
          {"cpu", {{"threads", 64}}},
          {"gpus", gpus}};
}

TEST_F(GpuNodesTest, DeepSeekOnAPretendedNodeOfEightH200) {
  ASSERT_EQ(Call("POST", "/internal/v1/workers", GpuWorker("NVIDIA H200", 143771, 8)).status, 200);
  const json model = Get("/api/v1/models/deepseek-v3.2").json;
  EXPECT_TRUE(model["fit"]["fits"]) << model["fit"];
  EXPECT_EQ(model["chosen"]["profile"], "h200x8-throughput");
  std::string command;
  for (const json& word : model["chosen"]["command"]) command += word.get<std::string>() + " ";
  EXPECT_EQ(command,
            "sglang --model-path deepseek-v3.2 --served-model-name deepseek-v3.2 --host 127.0.0.1 "
            "--port PORT --enable-metrics --tp-size 8 --dp-size 8 --enable-dp-attention "
            "--nsa-prefill-backend fa3 --reasoning-parser deepseek-v3 --tool-call-parser "
            "deepseekv32 ");
  // Its files are nowhere to be had from.
  const Reply refused = Deploy({{"model", "deepseek-v3.2"}});
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json["error"]["param"], "model_path");
  EXPECT_NE(refused.text.find("does not fetch the files"), std::string::npos) << refused.text;
  EXPECT_EQ(Deploy({{"model", "deepseek-v3.2"}, {"dry_run", true}}).status, 200);
  EXPECT_EQ(Deploy({{"model", "deepseek-v3.2"}, {"model_path", "here"}}).json["error"]["param"],
            "model_path");
  const Reply created = Deploy(
      {{"model", "deepseek-v3.2"}, {"goal", "latency"}, {"model_path", "/nfs/DeepSeek-V3.2"}});
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["profile"], "h200x8-latency");
  EXPECT_EQ(created.json["gpus"]["count"], 8);
  EXPECT_EQ(created.json["instances"][0]["gpus"], json({0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(created.json["engine"]["resolved"]["tp_size"], 8);
  const json assignment = Agent("worker-1").Poll().at("assignments").at(0);
  EXPECT_EQ(assignment["gpus"].size(), 8u);
  EXPECT_EQ(assignment["gpu_bytes"], created.json["gpus"]["bytes_each"]);
  EXPECT_EQ(assignment["model_path"], "/nfs/DeepSeek-V3.2");
  EXPECT_TRUE(assignment["engine"]["resolved"].empty()) << "no part of its command line";
  const Reply second = Deploy({{"model", "qwen3-8b"}, {"model_path", "/nfs/Qwen3-8B"}});
  EXPECT_EQ(second.status, 409);
  EXPECT_NE(second.text.find("8 GPUs of host-1 taken by other deployments"), std::string::npos)
      << second.text;
  StopServer();
  StartServer();
  EXPECT_EQ(Get("/api/v1/deployments").json["items"][0]["instances"][0]["gpus"].size(), 8u);
}

TEST_F(GpuNodesTest, APretendedNodeOfEightH100) {
  Call("POST", "/internal/v1/workers", GpuWorker("NVIDIA H100 80GB HBM3", 81559, 8));
  const json large = Get("/api/v1/models/deepseek-v3.2").json;
  EXPECT_FALSE(large["fit"]["fits"]);
  EXPECT_NE(large["fit"]["message"].get<std::string>().find("8 x nvidia NVIDIA H100 80GB HBM3"),
            std::string::npos)
      << large["fit"]["message"];
  const json body = {{"model", "qwen3-8b"}, {"goal", "balanced"}, {"model_path", "/m"}};
  for (int number = 0; number < 8; ++number) {
    json named = body;
    named["name"] = "copy-" + std::to_string(number);
    const Reply created = Deploy(named);
    ASSERT_EQ(created.status, 201) << created.text;
    EXPECT_EQ(created.json["instances"][0]["gpus"], json::array({number}));
  }
  EXPECT_EQ(Deploy(body).status, 409);
}

json VirtualWorker() {
  json worker = GpuWorker("NVIDIA H200", 143771, 8);
  worker.update({{"id", "worker-v"},
                 {"name", "rehearsal"},
                 {"virtual", true},
                 {"cpu", json::object()},
                 {"memory_total_bytes", 0},
                 {"memory_available_bytes", 0}});
  return worker;
}

TEST_F(GpuNodesTest, AVirtualNodeIsTakenOnlyWhereNoRealOneFitsAndIsMarked) {
  Agent("worker-0").Heartbeat();
  ASSERT_EQ(Call("POST", "/internal/v1/workers", VirtualWorker()).status, 200);
  EXPECT_FALSE(Get("/api/v1/models/smollm2-135m-instruct").json["fit"]["virtual"]);
  const json model = Get("/api/v1/models/deepseek-v3.2").json;
  EXPECT_TRUE(model["fit"]["virtual"]) << model["fit"];
  EXPECT_TRUE(Get("/api/v1/models/qwen3-8b").json["fit"]["fits"]);
  // No weights are fetched, and so none are missed.
  const Reply created = Deploy({{"model", "deepseek-ai/DeepSeek-V3.2"}});
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["name"], "deepseek-v3.2");
  EXPECT_TRUE(created.json["virtual"]);
  EXPECT_EQ(created.json["instances"][0]["worker"], "worker-v");
  EXPECT_EQ(created.json["why"][0].get<std::string>().find("Virtual: rehearsal"), 0u);
  EXPECT_TRUE(Call("GET", "/internal/v1/snapshot").json["models"][0]["virtual"]);
  EXPECT_FALSE(Get("/api/v1/models/qwen3-8b").json["fit"]["fits"]) << "its GPUs are taken";
  const Reply refused =
      Deploy({{"model", "smollm2-135m-instruct"}, {"name", "x"}, {"worker", "rehearsal"}});
  EXPECT_EQ(refused.status, 409) << refused.text;
  EXPECT_EQ(
      Deploy({{"model", "smollm2-135m-instruct"}, {"worker", "rehersal"}}).json["error"]["param"],
      "worker");
}

TEST_F(GpuNodesTest, WhatWasOnANodeThatLeavesWaitsForAnother) {
  Agent("worker-0").Heartbeat();
  Call("POST", "/internal/v1/workers", VirtualWorker());
  ASSERT_EQ(Deploy({{"model", "deepseek-v3.2"}}).status, 201);
  EXPECT_EQ(Call("DELETE", "/internal/v1/workers/worker-v").status, 200);
  EXPECT_EQ(Call("DELETE", "/internal/v1/workers/worker-v").status, 404);
  const auto instance = [&] {
    return Get("/api/v1/deployments/deepseek-v3.2").json["instances"][0];
  };
  EXPECT_EQ(instance()["state"], "PENDING");
  EXPECT_EQ(instance()["worker"], "");
  EXPECT_TRUE(instance()["gpus"].empty());
  StopServer();
  StartServer();
  EXPECT_EQ(Get("/api/v1/workers").json["items"].size(), 1u) << "it is not forgotten that it left";
  Call("POST", "/internal/v1/workers", VirtualWorker());
  EXPECT_EQ(instance()["worker"], "worker-v");
  EXPECT_EQ(instance()["generation"], 2);
}

TEST_F(GpuNodesTest, TheNodeWhereAModelFitsIsTaken) {
  Agent("worker-0").Heartbeat();  // more memory than any, and no GPU
  Call("POST", "/internal/v1/workers", GpuWorker("NVIDIA H200", 143771, 1));
  const Reply created =
      Deploy({{"model", "qwen3-8b"}, {"model_path", "/nfs/Qwen3-8B"}, {"replicas", 1}});
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["instances"][0]["worker"], "worker-1");
  EXPECT_EQ(Deploy({{"model", "qwen3-8b"},
                    {"name", "x"},
                    {"engine", "sglang"},
                    {"arguments", {"--tp-sise", "1"}}})
                .json["error"]["param"],
            "--tp-sise");
}

}  // namespace
}  // namespace redline::platform
