// Engines that are there already, and installing with a full disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>

#include "backends/install/installer.h"
#include "backends/install/python.h"
#include "backends/install/tiny_engine_for_test.h"
#include "base/files.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RegisterTest : public testing::Test {
 protected:
  fs::path Write(const std::string& name, const std::string& text) {
    const fs::path file = folder() / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    EXPECT_EQ(::chmod(file.c_str(), 0755), 0);
    return file;
  }
  fs::path Saying(const std::string& name, const std::string& words) {
    return Write(name, "#!/bin/sh\n[ \"$1\" = --version ] && echo '" + words + "'\n");
  }
  // A virtual environment as far as it is asked: it has these distributions.
  fs::path Environment(const std::string& name, const std::string& distributions) {
    Write(name + "/bin/python", "#!/bin/sh\nprintf '" + distributions + "'\n");
    Saying(name + "/bin/tiny-engine", "tiny 1.0");
    return folder() / name;
  }
  Result<Installation> Register(const fs::path& path) {
    return RegisterEngine(TinyRecipe(), path, folder() / "cache");
  }
  const fs::path& folder() const { return folder_.path(); }

 private:
  TestFolder folder_;
};

TEST_F(RegisterTest, ProgramsOfThatVersionAreTaken) {
  const struct {
    const char* words;
    bool is_it;
  } cases[] = {
      {"tiny 1.0", true},    {"1.0", true},          {"version: 1.0 (abc1234)", true},
      {"tiny v1.0", true},   {"tiny-1.0+cpu", true}, {"It is 1.0.", true},
      {"tiny 11.0", false},  {"tiny 1.0.1", false},  {"tiny 1.01", false},
      {"tiny 2.1.0", false}, {"tiny 1.0rc1", false}, {"tiny 1.1, not 1.0", true},
      {"", false},           {"dev1.0", false},
  };
  for (const auto& each : cases) {
    const fs::path program = Saying("tool", each.words);
    const auto installation = Register(program);
    EXPECT_EQ(installation.ok(), each.is_it) << each.words;
    if (!installation.ok()) {
      EXPECT_EQ(installation.status().code(), Code::kInvalidArgument);
      EXPECT_EQ(installation.status().param(), "path");
      EXPECT_THAT(installation.status().message(), HasSubstr("--version does not say 1.0"));
      continue;
    }
    EXPECT_EQ(installation->origin, "path");
    EXPECT_EQ(installation->program, std::vector<std::string>{program.string()});
    const auto found = FindInstallation(folder() / "cache", "tiny", "1.0");
    ASSERT_TRUE(found.ok()) << found.status().ToString();
    EXPECT_EQ(found->program, installation->program);
    EXPECT_TRUE(CheckInstallation(TinyRecipe(), *found).ok());
    fs::remove_all(folder() / "cache");
  }
}

TEST_F(RegisterTest, EnvironmentsOfThatVersionAreTaken) {
  const struct {
    fs::path path;
    std::string message;  // "": it is one
  } cases[] = {
      {Environment("good", "tiny==1.0\\n"), ""},
      {Environment("local", "other==3\\nTiny==1.0+cpu\\n"), ""},
      {Environment("newer", "tiny==1.0.1\\n"), "has tiny 1.0.1, not 1.0"},
      {Environment("without", "other==1.0\\n"), "has no tiny"},
      {Environment("empty", ""), "has no tiny"},
      {Write("file", "#!/bin/sh\nexit 1\n"), "exit code 1"},
      {Write("dir/file", "").parent_path(), "is no virtual environment of Python"},
      {folder() / "absent", "absent"},
      {"", "--path is empty"},
      {"/dev/null", "/dev/null"},
  };
  for (const auto& each : cases) {
    const auto installation = Register(each.path);
    const bool is_one = each.message.empty();
    EXPECT_EQ(installation.ok(), is_one) << each.path << installation.status().ToString();
    if (installation.ok()) {
      EXPECT_EQ(installation->root, each.path);
      EXPECT_EQ(installation->program.front(), (each.path / "bin/tiny-engine").string());
      continue;
    }
    EXPECT_EQ(installation.status().code(), Code::kInvalidArgument) << each.path;
    EXPECT_THAT(installation.status().message(), HasSubstr(each.message));
  }
}

TEST_F(RegisterTest, AnEnvironmentWithoutTheProgramIsNone) {
  const fs::path root = Environment("bare", "tiny==1.0\\n");
  fs::remove(root / "bin/tiny-engine");
  const auto installation = Register(root);
  EXPECT_EQ(installation.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(installation.status().message(), HasSubstr("has no bin/tiny-*"));
  EXPECT_FALSE(fs::exists(folder() / "cache")) << "nothing half made";
}

TEST_F(RegisterTest, WhileItIsInstalledNothingIsRegistered) {
  const fs::path dir = EngineDir(folder() / "cache", "tiny", "1.0");
  fs::create_directories(dir);
  const auto lock = FileLock::Acquire(dir / "install.lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(Register(Saying("tool", "1.0")).status().code(), Code::kAlreadyExists);
}

// In a mount namespace of this process; gone with it.
bool MountTmpfs(const fs::path& folder, const std::string& size) {
  static const bool is_alone = ::unshare(CLONE_NEWNS) == 0 &&
                               ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  fs::create_directories(folder);
  return is_alone && ::mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
}

TEST_F(RegisterTest, AFullDiskIsToldSo) {
  const std::string why = WhyNoVirtualEnvironments();
  if (!why.empty()) GTEST_SKIP() << "NOT TESTED: " << why;
  const fs::path small = folder() / "small";
  const fs::path smallest = folder() / "smallest";
  if (!MountTmpfs(small, "64m") || !MountTmpfs(smallest, "3m"))
    GTEST_SKIP() << "NOT TESTED: no tmpfs can be mounted here";
  fs::create_directories(folder() / "wheels");
  MakeTinyPackages(folder() / "wheels");
  InstallRecipe bulky = TinyRecipe();
  bulky.packages.emplace_back("bulky==1.0");
  const struct {
    fs::path cache;
    std::string message;
  } cases[] = {{smallest, "no virtual environment can be made"}, {small, "the disk is full"}};
  for (const auto& each : cases) {
    const auto full =
        InstallEngine(bulky, {.cache_dir = each.cache}, [](const spec::Progress&) {}, {});
    EXPECT_EQ(full.status().code(), Code::kResourceExhausted) << full.status().ToString();
    EXPECT_THAT(full.status().message(), HasSubstr(each.message));
    EXPECT_FALSE(FindInstallation(each.cache, "tiny", "1.0").ok());
    ::umount(each.cache.c_str());
  }
}

}  // namespace
}  // namespace redline::backends
