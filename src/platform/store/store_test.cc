#include "platform/store/store.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "base/files.h"
#include "platform/store/store_test_util.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

class StoreTest : public StoreTestBase {};

WriteBatch OneOfEach() {
  WriteBatch batch = BatchNumber(1);
  batch.put_deployments[0].engine.requested["max_total_tokens"] = int64_t{4096};
  StoredInstance stored;
  stored.instance.id = "inst-1";
  stored.instance.state = spec::InstanceState::kRunning;
  stored.instance.reason = "it's \"quoted\"; drop table instances";
  batch.put_instances = {stored};
  spec::Worker worker;
  worker.id = "worker-1";
  worker.isa = {"avx2"};
  batch.put_workers = {worker};
  batch.put_keys = {{"admin", std::string(64, 'a'), {"admin", "inference"}}};
  return batch;
}

TEST_F(StoreTest, RemembersEverythingAcrossRestarts) {
  ASSERT_TRUE(Open()->Apply(OneOfEach()).ok());
  auto store = Open();
  const auto contents = store->Load().value();
  ASSERT_EQ(contents.deployments.size(), 1u);
  EXPECT_EQ(contents.deployments[0].name, "d1");
  EXPECT_EQ(std::get<int64_t>(contents.deployments[0].engine.requested.at("max_total_tokens")),
            4096);
  ASSERT_EQ(contents.instances.size(), 1u);
  EXPECT_TRUE(contents.instances[0].wanted);
  EXPECT_EQ(contents.instances[0].instance.state, spec::InstanceState::kRunning);
  EXPECT_EQ(contents.instances[0].instance.reason, "it's \"quoted\"; drop table instances");
  ASSERT_EQ(contents.workers.size(), 1u);
  EXPECT_EQ(contents.workers[0].isa, std::vector<std::string>{"avx2"});
  ASSERT_EQ(contents.keys.size(), 1u);
  EXPECT_EQ(contents.keys[0].scopes, (std::vector<std::string>{"admin", "inference"}));
  const auto events = store->EventsOf("d1").value();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].at_ms, 1);
  EXPECT_EQ(events[0].reason, "created");
}

TEST_F(StoreTest, TheRevisionRisesWithEveryBatchAndSurvives) {
  auto store = Open();
  const int64_t before = store->revision();
  ASSERT_TRUE(store->Apply(BatchNumber(1)).ok());
  ASSERT_TRUE(store->Apply({}).ok()) << "an empty batch changes nothing";
  EXPECT_EQ(store->revision(), before + 1);
  store.reset();
  EXPECT_EQ(Open()->revision(), before + 1);
}

TEST_F(StoreTest, ReplacingKeepsTheOrderOfCreation) {
  auto store = Open();
  for (int number : {1, 2, 3}) ASSERT_TRUE(store->Apply(BatchNumber(number)).ok());
  WriteBatch change = BatchNumber(1);
  change.put_deployments[0].replicas = 5;
  ASSERT_TRUE(store->Apply(change).ok());
  const auto deployments = store->Load().value().deployments;
  ASSERT_EQ(deployments.size(), 3u);
  EXPECT_EQ(deployments[0].name, "d1");
  EXPECT_EQ(deployments[0].replicas, 5);
}

TEST_F(StoreTest, DeletingADeploymentDeletesItsEvents) {
  auto store = Open();
  ASSERT_TRUE(store->Apply(OneOfEach()).ok());
  WriteBatch batch;
  batch.delete_deployments = {"d1"};
  batch.delete_instances = {"inst-1"};
  ASSERT_TRUE(store->Apply(batch).ok());
  EXPECT_TRUE(store->Load().value().deployments.empty());
  EXPECT_TRUE(store->Load().value().instances.empty());
  EXPECT_TRUE(store->EventsOf("d1").value().empty());
}

TEST_F(StoreTest, EventsAreBoundedPerDeployment) {
  auto store = Open();
  WriteBatch batch = BatchNumber(2);
  for (int number = 0; number < Store::kMaxEvents + 50; ++number)
    batch.events.push_back({.at_ms = 1000 + number, .deployment = "d1"});
  ASSERT_TRUE(store->Apply(batch).ok());
  const auto events = store->EventsOf("d1").value();
  ASSERT_EQ(events.size(), static_cast<size_t>(Store::kMaxEvents));
  EXPECT_EQ(events.front().at_ms, 1050);
  EXPECT_EQ(events.back().at_ms, 1000 + Store::kMaxEvents + 49);
  EXPECT_EQ(store->EventsOf("d2").value().size(), 1u);
}

TEST_F(StoreTest, ASecondServerIsRefused) {
  auto first = Open();
  const auto second = Store::Open(path_);
  EXPECT_EQ(second.status().code(), Code::kUnavailable) << second.status().message();
  EXPECT_TRUE(first->Apply(BatchNumber(1)).ok());
}

constexpr std::string_view kNextMigration = "create table extra (name varchar(8) not null)";

TEST_F(StoreTest, MigratesForwardWithABackupFirst) {
  ASSERT_TRUE(Open()->Apply(BatchNumber(1)).ok());
  const std::array<std::string_view, 2> next = {AllMigrations()[0], kNextMigration};
  ASSERT_TRUE(Open(next)->Apply(BatchNumber(2)).ok());
  EXPECT_EQ(Open(next)->Load().value().deployments.size(), 2u);
  // The backup of schema 1 is what version 1 can go back to.
  fs::rename(Store::BackupPath(path_, 1), path_);
  EXPECT_EQ(Open()->Load().value().deployments.size(), 1u);
}

TEST_F(StoreTest, RefusesANewerSchemaWithoutWriting) {
  const std::array<std::string_view, 2> next = {AllMigrations()[0], kNextMigration};
  Open(next);
  const std::string before = ReadFile(path_).value();
  const auto opened = Store::Open(path_);
  EXPECT_EQ(opened.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(opened.status().message().find("newer Redline (schema 2, this one knows 1)"),
            std::string::npos)
      << opened.status().message();
  EXPECT_EQ(ReadFile(path_).value(), before);
}

TEST_F(StoreTest, AFailedMigrationChangesNothing) {
  ASSERT_TRUE(Open()->Apply(BatchNumber(1)).ok());
  const std::array<std::string_view, 2> broken = {AllMigrations()[0],
                                                  "create table extra (a integer); nonsense"};
  EXPECT_FALSE(Store::Open(path_, broken).ok());
  EXPECT_EQ(Open()->Load().value().deployments.size(), 1u);
}

class DamagedStoreTest : public StoreTest {
 protected:
  // A database of several pages, closed.
  void Fill() {
    auto store = Open();
    for (int number = 0; number < 40; ++number) ASSERT_TRUE(store->Apply(BatchNumber(number)).ok());
    store.reset();
    Open();  // a start in good order leaves a backup
  }
  void ExpectRefused() {
    const std::string before = fs::exists(path_) ? ReadFile(path_).value() : "";
    const auto opened = Store::Open(path_);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.status().code(), Code::kDataLoss) << opened.status().message();
    for (const std::string& part : {path_.string(), Store::BackupPath(path_, 1).string()})
      EXPECT_NE(opened.status().message().find(part), std::string::npos)
          << opened.status().message();
    EXPECT_EQ(fs::exists(path_) ? ReadFile(path_).value() : "", before);
  }
  void ExpectBackupWorks() {
    fs::copy_file(Store::BackupPath(path_, 1), path_, fs::copy_options::overwrite_existing);
    EXPECT_EQ(Open()->Load().value().deployments.size(), 40u);
  }
};

TEST_F(DamagedStoreTest, TruncatedToHalf) {
  Fill();
  fs::resize_file(path_, fs::file_size(path_) / 2 / 4096 * 4096);
  ExpectRefused();
  ExpectBackupWorks();
}

TEST_F(DamagedStoreTest, TruncatedToNothing) {
  Fill();
  fs::resize_file(path_, 0);
  ExpectRefused();
  ExpectBackupWorks();
}

TEST_F(DamagedStoreTest, Missing) {
  Fill();
  fs::remove(path_);
  ExpectRefused();
}

TEST_F(DamagedStoreTest, OverwrittenHeader) {
  Fill();
  std::fstream(path_, std::ios::in | std::ios::out) << "not a database at all";
  ExpectRefused();
  ExpectBackupWorks();
}

TEST_F(DamagedStoreTest, OverwrittenPage) {
  Fill();
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(4096, '\x5a');
  file.close();
  ExpectRefused();
  ExpectBackupWorks();
}

TEST_F(DamagedStoreTest, ARowThatIsNoJson) {
  Fill();
  std::string data = ReadFile(path_).value();
  const size_t at = data.find("\"created_at\"");
  ASSERT_NE(at, std::string::npos);
  data[at] = 'x';
  ASSERT_TRUE(WriteFileAtomic(path_, data).ok());
  auto store = Open();
  EXPECT_EQ(store->Load().status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace redline::platform
