#include "backends/install/engine_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "backends/install/tiny_engine_for_test.h"
#include "base/files.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EngineStoreTest : public testing::Test {
 protected:
  void Write(const fs::path& file, const std::string& text, mode_t mode = 0644) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
  }
  fs::path Program(const std::string& name) {
    Write(cache() / name, "#!/bin/sh\n", 0755);
    return cache() / name;
  }
  Installation Tiny() {
    return {.engine = "tiny",
            .version = "1.0",
            .device = "cpu",
            .origin = "pip",
            .root = cache() / "venv",
            .program = {Program("tiny").string(), "serve"},
            .python = "3.11.2",
            .installed_at_ms = 1'700'000'000'123};
  }
  const fs::path& cache() const { return folder_.path(); }
  fs::path record() const { return EngineDir(cache(), "tiny", "1.0") / "install.json"; }

 private:
  TestFolder folder_;
};

TEST_F(EngineStoreTest, WhatIsRecordedIsFound) {
  const Installation tiny = Tiny();
  ASSERT_TRUE(RecordInstallation(cache(), tiny).ok());
  const auto found = FindInstallation(cache(), "tiny", "1.0");
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(found->engine, "tiny");
  EXPECT_EQ(found->version, "1.0");
  EXPECT_EQ(found->device, "cpu");
  EXPECT_EQ(found->origin, "pip");
  EXPECT_EQ(found->root, tiny.root);
  EXPECT_EQ(found->program, tiny.program);
  EXPECT_EQ(found->python, "3.11.2");
  EXPECT_EQ(found->installed_at_ms, 1'700'000'000'123);
}

TEST_F(EngineStoreTest, WhatIsNotThereIsToldWithTheCommand) {
  const auto missing = FindInstallation(cache(), "tiny", "1.0");
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_EQ(missing.status().message(),
            "tiny@1.0 is not installed; run: redline engine install tiny@1.0");
  fs::create_directories(record().parent_path() / "venv");
  const auto half = FindInstallation(cache(), "tiny", "1.0");
  EXPECT_EQ(half.status().code(), Code::kNotFound);
  EXPECT_EQ(half.status().message(),
            "tiny@1.0 is not installed to its end; run: redline engine install tiny@1.0");
}

TEST_F(EngineStoreTest, WhatIsBeingInstalledIsKnownByItsLock) {
  EXPECT_FALSE(IsBeingInstalled(cache(), "tiny@1.0")) << "no folder";
  fs::create_directories(record().parent_path());
  EXPECT_FALSE(IsBeingInstalled(cache(), "tiny@1.0")) << "no lock";
  {
    const auto lock = FileLock::Acquire(record().parent_path() / kInstallLock);
    ASSERT_TRUE(lock.ok());
    EXPECT_TRUE(IsBeingInstalled(cache(), "tiny@1.0"));
  }
  EXPECT_FALSE(IsBeingInstalled(cache(), "tiny@1.0")) << "its installer has ended";
}

TEST_F(EngineStoreTest, DamagedRecordsAreToldApart) {
  ASSERT_TRUE(RecordInstallation(cache(), Tiny()).ok());
  const json good = json::parse(ReadFile(record()).value());
  const auto with = [&](const char* patch) {
    json changed = good;
    changed.merge_patch(json::parse(patch));
    return changed.dump();
  };
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"", "is damaged"},
      {"{", "is damaged"},
      {"[]", "is damaged"},
      {"{}", "key 'engine' not found"},
      {good.dump().substr(0, 60), "is damaged"},
      {with(R"({"program": null})"), "key 'program' not found"},
      {with(R"({"program": []})"), "names no program"},
      {with(R"({"program": "/bin/sh"})"), "must be array"},
      {with(R"({"version": 1.0})"), "must be string"},
      {with(R"({"version": "2.0"})"), "it is of tiny@2.0"},
      {std::string(5000, '['), "is damaged"},
      {std::string(2 << 20, ' '), "is damaged"},
  };
  for (const auto& each : cases) {
    Write(record(), each.text);
    const auto found = FindInstallation(cache(), "tiny", "1.0");
    EXPECT_EQ(found.status().code(), Code::kDataLoss) << each.message;
    EXPECT_THAT(found.status().message(), HasSubstr(each.message));
    EXPECT_THAT(found.status().message(), HasSubstr("run: redline engine install tiny@1.0"));
  }
}

TEST_F(EngineStoreTest, AProgramThatIsGoneIsNamed) {
  const Installation tiny = Tiny();
  ASSERT_TRUE(RecordInstallation(cache(), tiny).ok());
  ASSERT_EQ(::chmod(tiny.program.front().c_str(), 0644), 0);
  EXPECT_EQ(FindInstallation(cache(), "tiny", "1.0").status().code(), Code::kFailedPrecondition);
  fs::remove(tiny.program.front());
  fs::create_directory(tiny.program.front());  // a folder is no program
  const auto found = FindInstallation(cache(), "tiny", "1.0");
  EXPECT_EQ(found.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(found.status().message(), HasSubstr(tiny.program.front() + " is gone"));
}

TEST_F(EngineStoreTest, EveryFolderIsListed) {
  EXPECT_TRUE(ListInstallations(cache() / "nothing").empty());
  EXPECT_TRUE(ListInstallations(cache()).empty());
  ASSERT_TRUE(RecordInstallation(cache(), Tiny()).ok());
  fs::create_directories(EngineDir(cache(), "half", "2.0"));
  fs::create_directories(cache() / "engines/lost+found");
  Write(cache() / "engines/file@1", "not a folder");
  const auto stored = ListInstallations(cache());
  ASSERT_EQ(stored.size(), 3u);
  EXPECT_EQ(stored[0].name, "file@1");
  EXPECT_EQ(stored[1].name, "half@2.0");
  EXPECT_EQ(stored[2].name, "tiny@1.0");
  EXPECT_FALSE(stored[0].installation.ok());
  EXPECT_FALSE(stored[1].installation.ok());
  EXPECT_TRUE(stored[2].installation.ok());
}

TEST_F(EngineStoreTest, ProgramsAreLocated) {
  Program("bin/tool");
  Program("lib/python3.12/site-packages/tool/bin/server");
  Program("lib/python3.11/site-packages/tool/bin/server");
  Program("lib/python3/site-packages/tool/bin/server");
  Write(cache() / "lib/python3.10/site-packages/tool/bin/server", "no program", 0644);
  Write(cache() / "bin/plain", "no program", 0644);
  const struct {
    std::string program;
    std::string located;  // "": not found
  } cases[] = {
      {"bin/tool", "bin/tool"},
      {"bin/t*l", "bin/tool"},
      {"bin/*", "bin/tool"},
      {"bin/tool*tool", ""},
      {"lib/python3.*/site-packages/tool/bin/server",
       "lib/python3.11/site-packages/tool/bin/server"},
      {"*/python3.12/*/tool/bin/server", "lib/python3.12/site-packages/tool/bin/server"},
      {"lib/python2.*/site-packages/tool/bin/server", ""},
      {"bin/plain", ""},
      {"bin", ""},
      {"bin/absent", ""},
      {"absent*/tool", ""},
      {"", ""},
  };
  for (const auto& each : cases) {
    const auto located = LocateProgram(cache(), {each.program, "--flag", "*"});
    if (each.located.empty()) {
      EXPECT_EQ(located.status().code(), Code::kNotFound) << each.program;
    } else {
      ASSERT_TRUE(located.ok()) << each.program;
      EXPECT_THAT(*located, ElementsAre((cache() / each.located).string(), "--flag", "*"));
    }
  }
}

}  // namespace
}  // namespace redline::backends
