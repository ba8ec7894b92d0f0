#include "platform/fetch/zip_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "base/files.h"
#include "base/ids.h"
#include "platform/fetch/zip_writer_for_test.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

class ZipReaderTest : public ::testing::Test {
 protected:
  void TearDown() override { fs::remove(path_); }

  // The member's bytes, or how it failed.
  Result<std::string> Extract(const std::string& archive, const std::string& member,
                              int64_t expected_bytes) {
    EXPECT_TRUE(WriteFileAtomic(path_, archive).ok());
    std::string bytes;
    const Status status =
        ExtractZipMember(path_, member, expected_bytes, [&](std::string_view piece) {
          bytes += piece;
          return OkStatus();
        });
    if (!status.ok()) return status;
    return bytes;
  }

  fs::path path_ = fs::temp_directory_path() / NewId("zip-test");
};

std::string Text(size_t num_bytes) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < num_bytes) text += "word" + std::to_string(random() % 1000) + " ";
  text.resize(num_bytes);
  return text;
}

TEST_F(ZipReaderTest, StoredAndDeflatedMembers) {
  const std::string large = Text(1'000'000);
  const std::string archive = MakeZip({{"a/first", "small"},
                                       {"a/stored", large, /*deflate=*/false},
                                       {"a/deflated", large},
                                       {"empty", "", false}});
  EXPECT_EQ(*Extract(archive, "a/first", 5), "small");
  EXPECT_EQ(*Extract(archive, "a/stored", 1'000'000), large);
  EXPECT_EQ(*Extract(archive, "a/deflated", 1'000'000), large);
  EXPECT_EQ(*Extract(archive, "empty", 0), "");
  EXPECT_EQ(Extract(archive, "a/other", 5).status().code(), Code::kNotFound);
}

TEST_F(ZipReaderTest, SizesAroundTheReadersBuffers) {
  for (const size_t num_bytes : {1u << 18, (1u << 18) - 1, (1u << 18) + 1, 1u << 19}) {
    const std::string zeros(num_bytes, '\0');
    const auto result = Extract(MakeZip({{"m", zeros}}), "m", static_cast<int64_t>(num_bytes));
    ASSERT_TRUE(result.ok()) << num_bytes << ": " << result.status().ToString();
    EXPECT_TRUE(*result == zeros);
  }
}

TEST_F(ZipReaderTest, HostileMembers) {
  const std::string zeros(1'000'000, '\0');
  const struct {
    const char* what;
    ZipEntry entry;
    int64_t expected_bytes;
    Code code;
  } cases[] = {
      {"another size than the catalog's", {"m", "data"}, 5, Code::kDataLoss},
      {"bomb: inflates to more than it declares",
       {"m", zeros, true, 0100644, 10},
       10,
       Code::kDataLoss},
      {"inflates to less than it declares", {"m", "data", true, 0100644, 10}, 10, Code::kDataLoss},
      {"stored with two sizes", {"m", "data", false, 0100644, 10}, 10, Code::kDataLoss},
      {"symbolic link", {"m", "/etc/passwd", false, 0120777}, 11, Code::kInvalidArgument},
      {"directory", {"m", "", false, 0040755}, 0, Code::kInvalidArgument},
      {"encrypted", {"m", "data", true, 0100644, -1, 1}, 4, Code::kUnimplemented},
      {"zip64", {"m", "data", true, 0100644, 0xffffffff}, 0xffffffff, Code::kUnimplemented},
  };
  for (const auto& each : cases) {
    const auto result = Extract(MakeZip({each.entry}), "m", each.expected_bytes);
    EXPECT_EQ(result.status().code(), each.code) << each.what << ": " << result.status().ToString();
  }
}

TEST_F(ZipReaderTest, NotAnArchive) {
  for (const std::string text : {"", "PK", "no zip at all, but longer than an end record"})
    EXPECT_EQ(Extract(text, "m", 1).status().code(), Code::kDataLoss) << text;
  EXPECT_EQ(Extract(std::string(200'000, 'P'), "m", 1).status().code(), Code::kDataLoss);
}

TEST_F(ZipReaderTest, AFailingSinkEndsIt) {
  ASSERT_TRUE(WriteFileAtomic(path_, MakeZip({{"m", Text(1000)}})).ok());
  const Status status = ExtractZipMember(
      path_, "m", 1000, [](std::string_view) { return ResourceExhausted("disk full"); });
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
}

// Damaged archives give the right bytes or an error: never a crash, never more than was declared.
TEST_F(ZipReaderTest, DamagedArchivesFailCleanly) {
  const std::string text = Text(2000);
  const std::string archive = MakeZip({{"x", "other"}, {"m", text}});
  std::mt19937 random(7);
  int num_failures = 0;
  for (int round = 0; round < 150; ++round) {
    std::string damaged = archive;
    for (int flips = 1 + round % 4; flips > 0; --flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    if (round % 5 == 0) damaged.resize(random() % damaged.size());
    ASSERT_TRUE(WriteFileAtomic(path_, damaged).ok());
    size_t num_bytes = 0;
    const Status status = ExtractZipMember(path_, "m", 2000, [&](std::string_view piece) {
      num_bytes += piece.size();
      return OkStatus();
    });
    EXPECT_LE(num_bytes, text.size());
    if (!status.ok()) ++num_failures;
  }
  EXPECT_GT(num_failures, 25);
}

}  // namespace
}  // namespace redline::platform
