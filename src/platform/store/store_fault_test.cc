// Faults F17 and F18: a full disk and a failed fsync.
#include <gtest/gtest.h>

#include "platform/store/faulty_vfs.h"
#include "platform/store/store_test_util.h"

namespace redline::platform {
namespace {

class StoreFaultTest : public StoreTestBase {
 protected:
  void SetUp() override {
    StoreTestBase::SetUp();
    InstallFaultyVfs();
  }
  void TearDown() override {
    SetDiskFault(DiskFault::kNone);
    StoreTestBase::TearDown();
  }
};

std::vector<std::string> NamesIn(Store& store) {
  const auto contents = store.Load();
  EXPECT_TRUE(contents.ok()) << contents.status().message();
  std::vector<std::string> names;
  if (!contents.ok()) return names;
  for (const auto& deployment : contents->deployments) names.push_back(deployment.name);
  return names;
}

TEST_F(StoreFaultTest, AFullDiskFailsTheWriteAndNothingElse) {
  auto store = Open();
  ASSERT_TRUE(store->Apply(BatchNumber(1)).ok());
  const int64_t revision = store->revision();
  SetDiskFault(DiskFault::kFull);
  const Status failed = store->Apply(BatchNumber(2));
  EXPECT_EQ(failed.code(), Code::kResourceExhausted) << failed.message();
  EXPECT_EQ(store->revision(), revision);
  EXPECT_EQ(NamesIn(*store).size(), 1u) << "reads go on, no partial row";
  SetDiskFault(DiskFault::kNone);
  EXPECT_TRUE(store->Apply(BatchNumber(3)).ok()) << "recovers without a restart";
  store.reset();
  EXPECT_EQ(NamesIn(*Open()).size(), 2u);
}

TEST_F(StoreFaultTest, AFullDiskIsNoReasonNotToStart) {
  ASSERT_TRUE(Open()->Apply(BatchNumber(1)).ok());
  SetDiskFault(DiskFault::kFull);
  auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(NamesIn(*store).size(), 1u);
  SetDiskFault(DiskFault::kNone);
  EXPECT_TRUE(store->Apply(BatchNumber(2)).ok());
}

TEST_F(StoreFaultTest, AFailedFsyncIsReportedAndTheFileRecovered) {
  auto store = Open();
  ASSERT_TRUE(store->Apply(BatchNumber(1)).ok());
  SetDiskFault(DiskFault::kSyncFails);
  const Status failed = store->Apply(BatchNumber(2));
  EXPECT_EQ(failed.code(), Code::kUnavailable) << failed.message();
  ASSERT_TRUE(store->Apply(BatchNumber(3)).ok());
  const int64_t revision = store->revision();
  store.reset();
  store = Open();
  EXPECT_EQ(store->revision(), revision);
  EXPECT_EQ(NamesIn(*store), (std::vector<std::string>{"d1", "d3"}));
}

}  // namespace
}  // namespace redline::platform
