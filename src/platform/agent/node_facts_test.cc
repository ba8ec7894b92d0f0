#include "platform/agent/node_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/ids.h"

namespace redline::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NodeFactsTest, CpuInfo) {
  constexpr char kCpuInfo[] =
      "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\n"
      "flags\t\t: fpu avx2 fma f16c avx512f avx512bw avx512vl avx512dq avx512_vnni amx_tile\n"
      "\nprocessor\t: 1\nmodel name\t: Other\nflags\t\t: fpu\n";
  EXPECT_EQ(CpuModelIn(kCpuInfo), "Some CPU @ 2.0GHz");
  EXPECT_THAT(IsaIn(kCpuInfo), ElementsAre("avx2", "avx512", "avx512_vnni"));
  EXPECT_EQ(CpuModelIn(""), "unknown CPU");
  EXPECT_THAT(IsaIn("flags : avx2x notavx2"), IsEmpty());
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
  const spec::Worker worker = DescribeWorker("worker-x");
  EXPECT_EQ(worker.id, "worker-x");
  EXPECT_GT(worker.num_devices, 0);
  EXPECT_GT(worker.memory_total_bytes, 0);
  EXPECT_LE(worker.memory_available_bytes, worker.memory_total_bytes);
  EXPECT_FALSE(worker.name.empty());
}

}  // namespace
}  // namespace redline::platform
