#include "platform/layout.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

class LayoutTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/redline-layout-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
  }
  void TearDown() override { fs::remove_all(dir_); }

  fs::path dir_;
};

TEST_F(LayoutTest, CreatesPrivateDirectories) {
  const auto layout = PrepareDataDir(dir_ / "a" / "data");
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  for (const fs::path& path : {layout->root, layout->root / "run", layout->root / "logs"}) {
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 0777, 0700u) << path;
  }
  EXPECT_TRUE(PrepareDataDir(dir_ / "a" / "data").ok()) << "a second time";
}

TEST_F(LayoutTest, RelativePathsBecomeAbsolute) {
  const fs::path before = fs::current_path();
  fs::current_path(dir_);
  const auto layout = PrepareDataDir("data/../other/");
  fs::current_path(before);
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->database(), dir_ / "other" / "redline.db");
}

TEST_F(LayoutTest, ATooLongPathIsRefusedBeforeAnythingIsCreated) {
  const auto layout = PrepareDataDir(dir_ / std::string(90, 'x'));
  EXPECT_EQ(layout.status().code(), Code::kInvalidArgument);
  EXPECT_NE(layout.status().message().find("--data-dir"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(dir_));
}

TEST_F(LayoutTest, AFileInThePlaceIsRefused) { EXPECT_FALSE(PrepareDataDir("/dev/null").ok()); }

TEST_F(LayoutTest, TheVariableComesBeforeXdgBeforeHome) {
  ::setenv("HOME", "/h", 1);
  ::setenv("XDG_DATA_HOME", "/x", 1);
  ::setenv("REDLINE_DATA_DIR", "/r", 1);
  EXPECT_EQ(DefaultDataDir(), "/r");
  ::unsetenv("REDLINE_DATA_DIR");
  EXPECT_EQ(DefaultDataDir(), "/x/redline");
  ::setenv("XDG_DATA_HOME", "relative", 1);
  EXPECT_EQ(DefaultDataDir(), "/h/.local/share/redline");
  ::unsetenv("XDG_DATA_HOME");
  ::unsetenv("REDLINE_CACHE_DIR");
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(DefaultCacheDir(), "/h/.cache/redline");
}

}  // namespace
}  // namespace redline::platform
