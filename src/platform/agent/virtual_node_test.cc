#include "platform/agent/virtual_node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::platform {
namespace {

using ::testing::ElementsAre;

VirtualNode Node() {
  VirtualNode node{.device = "H200", .flags = {"--truth-seed", "7"}};
  node.worker.name = "rehearsal";
  node.worker.gpus.resize(8);
  return node;
}

TEST(VirtualNodeTest, IsToldOfAsOne) {
  const spec::Worker worker = DescribeVirtualWorker(Node(), "worker-v");
  EXPECT_EQ(worker.id, "worker-v");
  EXPECT_TRUE(worker.is_virtual);
  EXPECT_EQ(worker.gpus.size(), 8u);
  EXPECT_GT(worker.heartbeat_at_ms, 0);
  EXPECT_TRUE(spec::ValidateWorker(worker).ok());
}

TEST(VirtualNodeTest, AnEngineIsASimulationOnItsOwnGpus) {
  spec::Assignment assignment{.model = "deepseek-v3.2"};
  assignment.engine = {.engine = "vllm", .version = "0.13.0"};
  assignment.engine.environment = {{"VLLM_X", "a b"}};
  assignment.gpus = {0, 1, 2, 3};
  const Prepared prepared = PrepareVirtual(Node(), assignment, "/bin/redline");
  EXPECT_THAT(prepared.program, ElementsAre("/bin/redline", "simulate", "--as", "vllm@0.13.0",
                                            "--model", "deepseek-v3.2", "--hardware", "H200x4",
                                            "--truth-seed", "7", "--env", "VLLM_X=a b", "--"));
  EXPECT_EQ(prepared.model_path, "deepseek-v3.2");
  assignment.model_path = "/nfs/DeepSeek";
  EXPECT_EQ(PrepareVirtual(Node(), assignment, "r").model_path, "/nfs/DeepSeek");
}

}  // namespace
}  // namespace redline::platform
