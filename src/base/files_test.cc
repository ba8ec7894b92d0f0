#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ids.h"

namespace redline {
namespace {

class FilesTest : public testing::Test {
 protected:
  FilesTest() : root_(std::filesystem::path(testing::TempDir()) / NewId("files")) {
    EXPECT_TRUE(MakeDirectories(root_, 0700).ok());
  }
  ~FilesTest() override { std::filesystem::remove_all(root_); }
  std::filesystem::path root_;
};

TEST_F(FilesTest, AtomicWriteReplacesAndSetsMode) {
  const auto path = root_ / "key";
  ASSERT_TRUE(WriteFileAtomic(path, "one", 0600).ok());
  ASSERT_TRUE(WriteFileAtomic(path, "two", 0600).ok());
  EXPECT_EQ(*ReadFile(path), "two");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(FilesTest, OutputGoesThroughLinksAndIntoDevices) {
  std::filesystem::create_symlink("target", root_ / "link");
  ASSERT_TRUE(WriteFileAtomic(root_ / "target", "old").ok());
  ASSERT_TRUE(WriteOutputFile(root_ / "link", "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(root_ / "link"));
  EXPECT_EQ(*ReadFile(root_ / "target"), "new");
  EXPECT_TRUE(WriteOutputFile("/dev/null", "gone").ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_FALSE(WriteOutputFile("/dev/full", "no room").ok());
}

TEST_F(FilesTest, ReadFileRefusesWhatIsTooLarge) {
  ASSERT_TRUE(WriteFileAtomic(root_ / "big", std::string(100, 'x')).ok());
  EXPECT_EQ(ReadFile(root_ / "big", 99).status().code(), Code::kTooLarge);
  EXPECT_EQ(ReadFile(root_ / "absent").status().code(), Code::kNotFound);
}

TEST_F(FilesTest, TailStartsAtALine) {
  ASSERT_TRUE(WriteFileAtomic(root_ / "log", "first\nsecond\nthird\n").ok());
  EXPECT_EQ(*ReadTail(root_ / "log", 9), "third\n");
  EXPECT_EQ(*ReadTail(root_ / "log", 100), "first\nsecond\nthird\n");
}

TEST_F(FilesTest, LockNamesItsHolder) {
  const auto path = root_ / "lock";
  const pid_t child = fork();
  if (child == 0) {
    for (;;) {  // this test's own attempts may be in the way
      const auto lock = FileLock::Acquire(path);
      if (lock.ok()) pause();
      usleep(1000);
    }
  }
  // The holder takes the lock first and writes its pid next: ask until both are done.
  Status status;
  for (int attempt = 0; attempt < 2000; ++attempt) {
    status = FileLock::Acquire(path).status();
    if (status.message().find(std::to_string(child)) != std::string::npos) break;
    usleep(2000);
  }
  EXPECT_EQ(status.code(), Code::kAlreadyExists);
  EXPECT_NE(status.message().find(std::to_string(child)), std::string::npos) << status.message();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::Acquire(path).ok());
}

}  // namespace
}  // namespace redline
