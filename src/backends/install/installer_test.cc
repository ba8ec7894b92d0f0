// Installs a tiny engine with the machine's own Python and pip, without a network.
#include "backends/install/installer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "backends/install/python.h"
#include "backends/install/tiny_engine_for_test.h"
#include "backends/launch/launch_files.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

template <typename Predicate>
bool WithinSeconds(double seconds, const Predicate& predicate) {
  const MonotonicTime begin = MonotonicNow();
  while (SecondsSince(begin) < seconds) {
    if (predicate()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return predicate();
}

// One environment, made once, serves most of the tests: each makes one anew in some seconds.
class InstallerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!WhyNoVirtualEnvironments().empty()) return;
    folder_ = new TestFolder;
    fs::create_directories(wheels());
    MakeTinyPackages(wheels());
    // Packages that are somebody's, not the environment's.
    fs::create_directories(folder_->path() / "foreign/tiny_dep-2.1.dist-info");
    std::ofstream(folder_->path() / "foreign/tiny_dep-2.1.dist-info/METADATA")
        << "Metadata-Version: 2.1\nName: tiny.dep\nVersion: 2.1\n";
    ::setenv("PYTHONPATH", (folder_->path() / "foreign").c_str(), 1);
    ::setenv("TINY_STARTED", started().c_str(), 1);
    ::setenv("TINY_GO", go().c_str(), 1);
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override {
    const std::string why = WhyNoVirtualEnvironments();
    if (!why.empty()) GTEST_SKIP() << "NOT TESTED: " << why;
  }

  static fs::path wheels() { return folder_->path() / "wheels"; }
  static fs::path cache() { return folder_->path() / "cache"; }
  static fs::path dir() { return EngineDir(cache(), "tiny", "1.0"); }
  static fs::path venv() { return dir() / "venv"; }
  static fs::path started() { return folder_->path() / "started"; }
  static fs::path go() { return folder_->path() / "go"; }

  static Result<Installation> Install(const InstallRecipe& recipe, InstallOptions options = {},
                                      const std::stop_token& stop = {}) {
    if (options.cache_dir.empty()) options.cache_dir = cache();
    return InstallEngine(
        recipe, options, [](const spec::Progress&) {}, stop);
  }
  // The shared one, as it should be.
  static Installation Installed() {
    auto installation = Install(TinyRecipe());
    EXPECT_TRUE(installation.ok()) << installation.status().ToString();
    return installation.ok() ? *installation : Installation();
  }
  static fs::path SitePackages() { return SitePackagesOf(venv()).value(); }
  static bool IsBuilding() { return fs::exists(started()); }
  static pid_t Builder() {
    return static_cast<pid_t>(ParseInt64(Trim(ReadFile(started()).value())).value_or(0));
  }
  static InstallRecipe SlowRecipe() {
    InstallRecipe recipe = TinyRecipe();
    recipe.packages.push_back("slow==1.0");
    return recipe;
  }
  // A process that is killed while it builds; what builds is the test's to end.
  static ProcessName KillAnInstaller() {
    fs::remove(started());
    const pid_t child = ::fork();
    if (child == 0) ::_exit(Install(SlowRecipe()).ok() ? 0 : 1);
    EXPECT_TRUE(WithinSeconds(60, IsBuilding));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const pid_t builder = Builder();
    return {builder, ProcessStartTime(builder).value_or(0)};
  }

  static TestFolder* folder_;
};
TestFolder* InstallerTest::folder_ = nullptr;

// First: it makes the environment that the others use.
TEST_F(InstallerTest, WhatWasInterruptedGoesOn) {
  std::stop_source stop;
  Status stopped;
  std::thread thread([&] { stopped = Install(SlowRecipe(), {}, stop.get_token()).status(); });
  EXPECT_TRUE(WithinSeconds(60, IsBuilding));
  const auto rival = Install(SlowRecipe());
  EXPECT_EQ(rival.status().code(), Code::kAlreadyExists);
  EXPECT_THAT(rival.status().message(), HasSubstr("tiny@1.0 is being installed already"));
  EXPECT_THAT(rival.status().message(), HasSubstr(std::to_string(::getpid())));
  stop.request_stop();
  thread.join();
  EXPECT_EQ(stopped.code(), Code::kCancelled);
  EXPECT_TRUE(WithinSeconds(5, [] { return !ProcessStartTime(Builder()); })) << "pip's children";
  EXPECT_THAT(FindInstallation(cache(), "tiny", "1.0").status().message(),
              HasSubstr("not installed to its end"));
  std::ofstream(venv() / "witness") << "the same environment";

  const ProcessName left = KillAnInstaller();
  EXPECT_FALSE(fs::exists(dir() / "install.json"));
  EXPECT_TRUE(ProcessAlive(left.pid, left.start_time)) << "what pip had started goes on";

  std::ofstream(go()) << "";
  const auto installation = Install(SlowRecipe());
  ASSERT_TRUE(installation.ok()) << installation.status().ToString();
  EXPECT_FALSE(ProcessAlive(left.pid, left.start_time)) << "until the next installation";
  EXPECT_TRUE(fs::exists(venv() / "witness"));
  EXPECT_TRUE(CheckInstallation(SlowRecipe(), *installation).ok());
}

TEST_F(InstallerTest, AnInstalledEngineRuns) {
  const Installation installation = Installed();
  EXPECT_EQ(installation.engine, "tiny");
  EXPECT_EQ(installation.version, "1.0");
  EXPECT_EQ(installation.origin, "pip");
  EXPECT_EQ(installation.root, venv());
  EXPECT_EQ(installation.python, FindPython(TinyRecipe(), "")->version);
  EXPECT_GT(installation.installed_at_ms, 0);
  ASSERT_EQ(installation.program.size(), 2u);
  EXPECT_EQ(installation.program[0], (venv() / "bin/tiny-engine").string());
  EXPECT_EQ(OutputOf(installation.program, 20).value(), "tiny 1.0\n");
  const auto there = DistributionsOf(venv());
  ASSERT_TRUE(there.ok());
  EXPECT_EQ(there->at("tiny-engine"), "1.0");
  EXPECT_EQ(there->at("tiny-dep"), "2.1") << "PYTHONPATH has it, too";
  EXPECT_TRUE(fs::exists(SitePackages() / "tiny_dep.py"));
  EXPECT_EQ(there->at("tiny"), "1.0+cpu") << "the name that it looks itself up by";
}

TEST_F(InstallerTest, WhatIsInstalledIsNotInstalledAgain) {
  const Installation first = Installed();
  InstallRecipe recipe = TinyRecipe();
  recipe.tools = {"no-such-compiler"};  // nothing of it is looked at
  const auto second = Install(recipe);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->installed_at_ms, first.installed_at_ms);
}

TEST_F(InstallerTest, ARefusedReinstallKeepsWhatIsThere) {
  Installed();
  InstallRecipe with_tool = TinyRecipe();
  with_tool.tools = {"no-such-compiler"};
  InstallRecipe other_python = TinyRecipe();
  other_python.python_from = "3.97";
  InstallRecipe huge = TinyRecipe();
  huge.disk_bytes = int64_t{1} << 60;
  const struct {
    InstallRecipe recipe;
    std::string python;
    Code code;
    std::string message;
  } cases[] = {
      {with_tool, "", Code::kFailedPrecondition, "needs no-such-compiler; install it with"},
      {TinyRecipe(), "/bin/false", Code::kFailedPrecondition, "found: /bin/false ("},
      {other_python, "", Code::kFailedPrecondition, "needs Python 3.97 or later, before 3.99"},
      {huge, "", Code::kResourceExhausted, "tiny@1.0 takes 1024.0 PiB of disk"},
  };
  for (const auto& each : cases) {
    const auto refused = Install(each.recipe, {.python = each.python, .reinstall = true});
    EXPECT_EQ(refused.status().code(), each.code) << refused.status().ToString();
    EXPECT_THAT(refused.status().message(), HasSubstr(each.message));
    EXPECT_TRUE(FindInstallation(cache(), "tiny", "1.0").ok()) << each.message;
  }
}

TEST_F(InstallerTest, WhatPipCannotDoIsExplained) {
  Installed();
  const struct {
    const char* package;
    const char* index;
    Code code;
    std::string message;
  } cases[] = {
      {"absent==1.0", "", Code::kNotFound, "absent==1.0"},
      {"bulky==9.9", "", Code::kNotFound, "bulky==9.9"},
      {"broken==1.0", "", Code::kInternal, "fatal: no such header: tiny.h"},
      {"absent==1.0", "http://127.0.0.1:9/simple", Code::kUnavailable, "PIP_INDEX_URL"},
  };
  for (const auto& each : cases) {
    fs::remove(dir() / "install.json");
    if (*each.index != '\0') ::unsetenv("PIP_NO_INDEX");
    ::setenv("PIP_INDEX_URL", each.index, 1);
    InstallRecipe recipe = TinyRecipe();
    recipe.packages.emplace_back(each.package);
    const auto failed = Install(recipe);
    ::setenv("PIP_NO_INDEX", "1", 1);
    ::unsetenv("PIP_INDEX_URL");
    EXPECT_EQ(failed.status().code(), each.code) << failed.status().ToString();
    EXPECT_THAT(failed.status().message(), HasSubstr(each.message));
    EXPECT_THAT(failed.status().message(), HasSubstr((dir() / "install.log").string()));
    EXPECT_FALSE(fs::exists(dir() / "install.json"));
  }
}

TEST_F(InstallerTest, DamageIsFoundAndMended) {
  const Installation installation = Installed();
  const fs::path packages = SitePackages();
  const auto problem = [&] { return CheckInstallation(TinyRecipe(), installation).message(); };
  EXPECT_EQ(problem(), "");
  fs::create_directories(packages / "left_behind-1.0.dist-info");  // by a pip that was killed
  EXPECT_EQ(problem(), "");
  fs::remove_all(packages / "tiny-1.0+cpu.dist-info");
  EXPECT_EQ(problem(), "tiny==1.0+cpu is missing");
  for (const auto& entry : fs::directory_iterator(packages)) {
    if (entry.path().filename().string().starts_with("tiny.dep")) fs::remove_all(entry.path());
  }
  EXPECT_EQ(problem(), "tiny.dep==2.1 is missing, tiny==1.0+cpu is missing");
  fs::create_directories(packages / "tiny_dep-3.0.dist-info");
  std::ofstream(packages / "tiny_dep-3.0.dist-info/METADATA") << "Name: tiny.dep\nVersion: 3.0\n";
  EXPECT_THAT(problem(), HasSubstr("tiny.dep==2.1 is there as 3.0"));

  const auto mended = Install(TinyRecipe(), {.reinstall = true});
  ASSERT_TRUE(mended.ok()) << mended.status().ToString();
  EXPECT_EQ(problem(), "");
  fs::remove(packages / "tiny_engine.py");
  EXPECT_THAT(problem(), HasSubstr("No module named 'tiny_engine'"));
  fs::remove_all(venv() / "bin");
  EXPECT_EQ(CheckInstallation(TinyRecipe(), installation).code(), Code::kFailedPrecondition);
  fs::remove_all(dir());
}

}  // namespace
}  // namespace redline::backends
