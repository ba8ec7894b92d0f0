#include "platform/profiles/profile_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/strings.h"
#include "embedded/catalog_files.h"
#include "platform/catalog/choose.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

class ProfileStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/redline-profiles-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = fs::path(name) / "profiles";
  }
  void TearDown() override { fs::remove_all(root_.parent_path()); }

  const CatalogEntry& Entry() { return *catalog_.Find("smollm2-135m-instruct").value(); }
  static spec::Profile Named(const std::string& name, const std::string& date = "2026-11-26") {
    spec::Profile profile{.name = name, .goal = "throughput", .workload = "short"};
    profile.engine.engine = "native";
    profile.engine.requested = {{"max_running_requests", int64_t{8}},
                                {"kv_cache_dtype", std::string("bf16")}};
    profile.evidence = {.kind = spec::Evidence::Kind::kMeasured,
                        .summary = "x1.2 \"quoted\": 1.1 to 1.3",
                        .source = "here",
                        .date = date,
                        .engine = "native@1",
                        .figures = {{"ratio", 1.2}}};
    return profile;
  }
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories(root_ / Entry().name);
    std::ofstream(root_ / Entry().name / name) << text;
  }

  fs::path root_;
  Catalog catalog_ = Catalog::Parse(embedded::catalog_files()).value();
};

TEST_F(ProfileStoreTest, WhatIsWrittenIsReadAndChosenFirst) {
  const ProfileStore store(root_);
  EXPECT_TRUE(store.LoadInto(catalog_).empty()) << "there is no folder";
  EXPECT_FALSE(store.Put(Entry(), Named("old", "2026-01-01")).value());
  EXPECT_FALSE(store.Put(Entry(), Named("new")).value());
  EXPECT_TRUE(store.Put(Entry(), Named("new")).value()) << "it was there";
  const auto problems = store.LoadInto(catalog_);
  EXPECT_TRUE(problems.empty()) << Join(problems, "\n");
  ASSERT_EQ(Entry().num_user_profiles, 2U);
  EXPECT_EQ(Entry().profiles[0].name, "new") << "the newest evidence first";
  EXPECT_TRUE(Entry().IsUsers(Entry().profiles[1]));
  EXPECT_FALSE(Entry().IsUsers(Entry().profiles[2]));
  EXPECT_EQ(spec::FingerprintOf(Entry().profiles[0].engine),
            spec::FingerprintOf(Named("new").engine));
  EXPECT_EQ(Entry().profiles[0].evidence.summary, Named("new").evidence.summary);
  const Node node{
      .name = "host",
      .hardware = {.device = "cpu", .num_devices = 2, .memory_bytes = int64_t{8} << 30}};
  const auto choice = Assess(Entry(), node, {}).value().choice;
  EXPECT_EQ(choice->profile, "new");
  ASSERT_EQ(choice->alternatives.size(), 1U);
  EXPECT_EQ(choice->alternatives[0].profile, "old");
  EXPECT_TRUE(choice->alternatives[0].fits);
  EXPECT_TRUE(store.Remove(Entry(), "new").ok());
  EXPECT_TRUE(store.LoadInto(catalog_).empty());
  EXPECT_EQ(Entry().num_user_profiles, 1U);
}

TEST_F(ProfileStoreTest, ABadFileIsLeftOutWithItsReason) {
  const std::string good = "name: bad\nhardware: {device: cpu}\nengine: {engine: native}\n";
  const struct {
    const char* what;
    std::string text;
    const char* says;
  } cases[] = {
      {"no YAML", "name: [", "line 1"},
      {"nothing", "", "no mapping"},
      {"a list", "[1, 2]", "no mapping"},
      {"an unknown field", good + "godl: latency\n", "did you mean \"goal\""},
      {"a wrong type", good + "goal: [a]\n", "goal"},
      {"another name", "name: other\nengine: {engine: native}\n", "must be the file's, bad"},
      {"an unknown engine", "name: bad\nengine: {engine: nativ}\n", "nativ"},
      {"a value that is refused",
       "name: bad\nengine: {engine: native, requested: {max_running_requests: -4}}\n",
       "max_running_requests"},
      {"no device", "name: bad\nhardware: {device: abacus}\nengine: {engine: native}\n",
       "hardware.device \"abacus\""},
      {"a count", "name: bad\nhardware: {min_devices: 0}\nengine: {engine: native}\n",
       "min_devices 0"},
      {"a goal", good + "goal: speed\n", "goals are"},
      {"figures of nobody", good + "evidence: {figures: {total_tps: 3}}\n", "no kind of evidence"},
      {"stale in a file",
       good + "evidence: {kind: measured, summary: a, source: b, workload: '{}'}\n",
       "evidence.workload"},
      {"a bomb", good + "evidence: {flaws: [" + std::string(9000, ',') + "]}\n", "line"},
      {"a large file", std::string(300 << 10, '#'), "larger"},
  };
  const ProfileStore store(root_);
  for (const auto& test : cases) {
    Write("bad.yaml", test.text);
    const auto problems = store.LoadInto(catalog_);
    ASSERT_EQ(problems.size(), 1U) << test.what;
    EXPECT_NE(problems[0].find("bad.yaml"), std::string::npos) << problems[0];
    EXPECT_NE(problems[0].find(test.says), std::string::npos) << test.what << ": " << problems[0];
    EXPECT_EQ(Entry().num_user_profiles, 0U) << test.what;
  }
}

TEST_F(ProfileStoreTest, NothingOutsideItsFolderIsTouched) {
  const ProfileStore store(root_);
  for (const char* name : {"../x", "a/b", "", ".", "..", "A", "x.", "cpu-default"}) {
    EXPECT_FALSE(store.Put(Entry(), Named(name)).ok()) << name;
    EXPECT_FALSE(store.Remove(Entry(), name).ok()) << name;
  }
  EXPECT_FALSE(fs::exists(root_));
  // A link in the place of the model's folder.
  fs::create_directories(root_);
  fs::create_directories(root_.parent_path() / "elsewhere");
  fs::create_symlink(root_.parent_path() / "elsewhere", root_ / Entry().name);
  EXPECT_FALSE(store.Put(Entry(), Named("mine")).ok());
  EXPECT_TRUE(fs::is_empty(root_.parent_path() / "elsewhere"));
}

TEST_F(ProfileStoreTest, ThereIsAMost) {
  const ProfileStore store(root_);
  for (size_t index = 0; index < ProfileStore::kMostProfiles; ++index)
    ASSERT_TRUE(store.Put(Entry(), Named("p" + std::to_string(index))).ok());
  const auto more = store.Put(Entry(), Named("one-more"));
  ASSERT_FALSE(more.ok());
  EXPECT_NE(more.status().message().find("delete one first"), std::string::npos);
  EXPECT_TRUE(store.Put(Entry(), Named("p3")).ok()) << "one that is there is replaced";
}

TEST_F(ProfileStoreTest, AFailedWriteLeavesTheOldProfile) {
  const ProfileStore store(root_);
  ASSERT_TRUE(store.Put(Entry(), Named("mine", "2026-01-01")).ok());
  // Where no new file can be made; nobody else's rights stop root, so a folder stands in the way.
  fs::create_directories(root_ / Entry().name / ("mine.yaml.tmp." + std::to_string(::getpid())) /
                         "in-the-way");
  EXPECT_FALSE(store.Put(Entry(), Named("mine")).ok());
  EXPECT_TRUE(store.LoadInto(catalog_).empty());
  ASSERT_EQ(Entry().num_user_profiles, 1U);
  EXPECT_EQ(Entry().profiles[0].evidence.date, "2026-01-01");
}

}  // namespace
}  // namespace redline::platform
