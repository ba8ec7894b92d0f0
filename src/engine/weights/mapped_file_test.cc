#include "engine/weights/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include "engine/weights/test_files.h"

namespace redline::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFileBytes = 3 * 4096 + 100;

fs::path WriteOnes(const fs::path& directory) {
  const fs::path path = directory / "weights";
  std::ofstream(path) << std::string(kFileBytes, '\1');
  return path;
}

int64_t Sum(std::span<const std::byte> bytes) {
  int64_t sum = 0;
  for (const std::byte value : bytes) sum += std::to_integer<int>(value);
  return sum;
}

TEST(MappedFile, RangesLieWithinTheFile) {
  TemporaryDirectory directory;
  auto file = MappedFile::Open(WriteOnes(directory.path()));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(Sum((*file)->Range(0, kFileBytes).value()), static_cast<int64_t>(kFileBytes));
  EXPECT_TRUE((*file)->Range(kFileBytes, 0).ok());
  EXPECT_EQ((*file)->Range(kFileBytes + 1, 0).status().code(), Code::kDataLoss);
  EXPECT_EQ((*file)->Range(1, kFileBytes).status().code(), Code::kDataLoss);
  EXPECT_EQ((*file)->Range(1, ~uint64_t{0}).status().code(), Code::kDataLoss);
  EXPECT_TRUE((*file)->CheckIntact().ok());
}

// Of files, in this process's memory.
int64_t ResidentFilePages() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  int64_t shared = 0;
  statm >> size >> resident >> shared;
  return shared;
}

TEST(MappedFile, ReleasedMemoryIsReadAgain) {
  constexpr int64_t kNumPages = 4096;
  constexpr auto kBytes = static_cast<size_t>(kNumPages) * 4096;
  TemporaryDirectory directory;
  std::ofstream(directory.path() / "weights") << std::string(kBytes, '\1');
  auto file = MappedFile::Open(directory.path() / "weights");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(Sum((*file)->Range(0, kBytes).value()), static_cast<int64_t>(kBytes));
  const int64_t before = ResidentFilePages();
  (*file)->ReleaseMemory();
  EXPECT_LT(ResidentFilePages(), before - kNumPages / 2);
  EXPECT_EQ(Sum((*file)->Range(0, kBytes).value()), static_cast<int64_t>(kBytes));
  EXPECT_TRUE((*file)->CheckIntact().ok());
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  TemporaryDirectory directory;
  EXPECT_EQ(MappedFile::Open(directory.path() / "absent").status().code(), Code::kNotFound);
  EXPECT_EQ(MappedFile::Open(directory.path()).status().code(), Code::kInvalidArgument);
  std::ofstream(directory.path() / "empty").flush();
  EXPECT_EQ(MappedFile::Open(directory.path() / "empty").status().code(), Code::kDataLoss);
  ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::Open(directory.path() / "fifo").status().code(), Code::kInvalidArgument);
}

// Without the guard, touching the second page would end the process by SIGBUS.
TEST(MappedFile, AFileThatShrinksReadsAsZerosAndIsReported) {
  TemporaryDirectory directory;
  const fs::path path = WriteOnes(directory.path());
  auto file = MappedFile::Open(path);
  auto untouched = MappedFile::Open(path);
  ASSERT_TRUE(file.ok() && untouched.ok());
  fs::resize_file(path, 4096);
  EXPECT_EQ(Sum((*file)->Range(0, kFileBytes).value()), 4096);
  EXPECT_EQ((*file)->CheckIntact().code(), Code::kDataLoss);
  EXPECT_EQ((*untouched)->CheckIntact().code(), Code::kDataLoss);
  std::string bytes(10, '\0');
  EXPECT_EQ((*file)->ReadAt(5000, bytes).code(), Code::kDataLoss);
}

TEST(MappedFile, DamageStaysKnownAfterTheFileIsWholeAgain) {
  TemporaryDirectory directory;
  const fs::path path = WriteOnes(directory.path());
  auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  const auto modified = fs::last_write_time(path);
  fs::resize_file(path, 4096);
  EXPECT_EQ(Sum((*file)->Range(4096, 1).value()), 0);
  fs::resize_file(path, kFileBytes);
  fs::last_write_time(path, modified);
  EXPECT_EQ((*file)->CheckIntact().code(), Code::kDataLoss);
}

TEST(MappedFile, AFileReplacedByRenameStaysWhole) {
  TemporaryDirectory directory;
  const fs::path path = WriteOnes(directory.path());
  auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  std::ofstream(directory.path() / "new") << "short";
  fs::rename(directory.path() / "new", path);
  EXPECT_EQ(Sum((*file)->Range(0, kFileBytes).value()), static_cast<int64_t>(kFileBytes));
  EXPECT_TRUE((*file)->CheckIntact().ok());
}

}  // namespace
}  // namespace redline::engine
