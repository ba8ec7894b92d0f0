// For the store's tests: a directory of its own, and batches to write.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "platform/store/store.h"

namespace redline::platform {

class StoreTestBase : public testing::Test {
 protected:
  void SetUp() override {
    // In memory where possible: what is tested are crashes of processes, not of disks.
    const bool has_shm = ::access("/dev/shm", W_OK) == 0;
    std::string name = std::string(has_shm ? "/dev/shm" : "/tmp") + "/redline-store-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    path_ = dir_ / "redline.db";
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::unique_ptr<Store> Open(Migrations migrations = AllMigrations()) {
    auto store = Store::Open(path_, migrations);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return store.ok() ? std::move(store).value() : nullptr;
  }

  std::filesystem::path dir_;
  std::filesystem::path path_;
};

// A deployment and an event that belong together.
inline WriteBatch BatchNumber(int number) {
  WriteBatch batch;
  spec::Deployment deployment;
  deployment.name = "d" + std::to_string(number);
  deployment.model = "model";
  batch.put_deployments.push_back(deployment);
  batch.events.push_back(
      {.at_ms = number, .deployment = deployment.name, .state = "PENDING", .reason = "created"});
  return batch;
}

}  // namespace redline::platform
