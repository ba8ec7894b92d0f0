#include "platform/agent/node_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/devices/fake_node_for_test.h"
#include "base/files.h"
#include "base/ids.h"
#include "platform/agent/node_share.h"

namespace redline::platform {
namespace {

using backends::FakeNode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

spec::Worker Describe(const FakeNode& node) {
  return DescribeWorker("worker-x", backends::DeviceReader(node.options()).Read());
}

TEST(NodeFactsTest, WorkerIdIsKept) {
  const auto dir = std::filesystem::temp_directory_path() / NewId("facts-test");
  const auto path = dir / "agent" / "worker.json";
  const auto id = LoadOrCreateWorkerId(path);
  ASSERT_TRUE(id.ok()) << id.status().ToString();
  EXPECT_EQ(*LoadOrCreateWorkerId(path), *id);
  ASSERT_TRUE(WriteFileAtomic(path, "{\"id\": 7}").ok());
  EXPECT_EQ(LoadOrCreateWorkerId(path).status().code(), Code::kDataLoss);
  std::filesystem::remove_all(dir);
}

TEST(NodeFactsTest, ThisNode) {
  const spec::Worker worker = DescribeWorker("worker-x", backends::DeviceReader().Read());
  EXPECT_EQ(worker.id, "worker-x");
  EXPECT_GT(worker.num_devices, 0);
  EXPECT_GT(worker.memory_total_bytes, 0);
  EXPECT_LE(worker.memory_available_bytes, worker.memory_total_bytes);
  EXPECT_FALSE(worker.name.empty());
  EXPECT_TRUE(spec::ValidateWorker(worker).ok());
}

TEST(NodeFactsTest, ANodeWithoutGpusIsItsCpu) {
  FakeNode node;
  node.AddCpus(/*packages=*/2, /*cores_per_package=*/4, /*threads_per_core=*/2, /*gib_per_node=*/1);
  const spec::Worker worker = Describe(node);
  EXPECT_EQ(worker.device, "cpu");
  EXPECT_EQ(worker.device_model, "Fake CPU");
  EXPECT_EQ(worker.num_devices, 16);
  EXPECT_EQ(worker.cpu.sockets, 2);
  EXPECT_EQ(worker.cpu.cores, 8);
  EXPECT_EQ(worker.cpu.threads, 16);
  EXPECT_EQ(worker.cpu.numa_nodes, 2);
  EXPECT_THAT(worker.isa, ElementsAre("avx2"));
  EXPECT_THAT(worker.gpus, IsEmpty());
}

TEST(NodeFactsTest, ANodeWithGpusIsItsGpusAndItsCpu) {
  FakeNode node;
  node.AddCpus(1, 4, 2, 1);
  node.PretendNvml(FakeNode::H200s(8));
  const spec::Worker worker = Describe(node);
  EXPECT_EQ(worker.device, "nvidia");
  EXPECT_EQ(worker.device_model, "NVIDIA H200");
  EXPECT_EQ(worker.num_devices, 8);
  ASSERT_EQ(worker.gpus.size(), 8u);
  EXPECT_EQ(worker.gpus[7].index, 7);
  EXPECT_EQ(worker.gpus[7].memory_total_bytes, int64_t{143771} << 20);
  EXPECT_EQ(worker.gpus[7].memory_available_bytes, int64_t{143156} << 20);
  EXPECT_EQ(worker.gpus[7].compute_capability, 90);
  EXPECT_EQ(worker.gpus[7].uuid, "GPU-7");
  EXPECT_EQ(worker.cpu.model, "Fake CPU");
  EXPECT_EQ(worker.cpu.threads, 8);
  EXPECT_TRUE(spec::ValidateWorker(worker).ok());
}

TEST(NodeFactsTest, TheModelWithTheMostMemoryStandsForTheNode) {
  FakeNode node;
  node.AddAmdGpu(0, 1, 1);
  node.PretendNvml("gpu 15360 15360 75 0 0 0:1:0.0 GPU-t Tesla T4\n" + FakeNode::H200s(2));
  const spec::Worker worker = Describe(node);
  EXPECT_EQ(worker.device_model, "NVIDIA H200");
  EXPECT_EQ(worker.num_devices, 2);
  EXPECT_EQ(worker.gpus.size(), 4u);
}

TEST(NodeFactsTest, AnEngineSeesItsOwnGpus) {
  using Variables = std::map<std::string, std::string>;
  backends::EngineFacts engine;
  Variables built_in;
  ShareGpus({}, engine, built_in);
  EXPECT_TRUE(built_in.empty());
  engine.is_built_in = false;
  Variables on_cpu;
  ShareGpus({}, engine, on_cpu);
  EXPECT_EQ(on_cpu, (Variables{{"CUDA_VISIBLE_DEVICES", ""}}));
  Variables on_gpus = {{"A", "b"}};
  ShareGpus({2, 3}, engine, on_gpus);
  EXPECT_EQ(on_gpus,
            (Variables{
                {"A", "b"}, {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}, {"CUDA_VISIBLE_DEVICES", "2,3"}}));
}

TEST(NodeFactsTest, ProblemsAreSentences) {
  FakeNode node;
  node.PretendNvml("init 9\n");
  const spec::Worker worker = Describe(node);
  EXPECT_EQ(worker.device, "cpu");
  ASSERT_EQ(worker.device_problems.size(), 1u);
  EXPECT_THAT(worker.device_problems[0], HasSubstr("Driver Not Loaded; load the driver"));
}

}  // namespace
}  // namespace redline::platform
