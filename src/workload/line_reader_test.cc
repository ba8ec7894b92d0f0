#include "workload/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "base/files.h"

namespace redline::workload {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LineReaderTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  // The lines, or the error as the last of them.
  std::vector<std::string> Lines(const std::string& bytes) {
    EXPECT_TRUE(WriteFileAtomic(path_, bytes).ok());
    auto reader = LineReader::Open(path_);
    EXPECT_TRUE(reader.ok());
    std::vector<std::string> lines;
    std::string_view line;
    while (true) {
      const auto more = reader->Next(line);
      if (!more.ok()) lines.push_back(more.status().message());
      if (!more.ok() || !*more) return lines;
      lines.emplace_back(line);
    }
  }

  const std::string path_ =
      (std::filesystem::temp_directory_path() / ("line_reader_test." + std::to_string(getpid())))
          .string();
};

TEST_F(LineReaderTest, EndsOfLines) {
  EXPECT_THAT(Lines(""), ElementsAre());
  EXPECT_THAT(Lines("\n\r\n  \n"), ElementsAre());
  EXPECT_THAT(Lines("a\nb"), ElementsAre("a", "b"));
  EXPECT_THAT(Lines("\xEF\xBB\xBF"
                    "a\r\n\r\nb\r\n"),
              ElementsAre("a", "b"));
  EXPECT_THAT(Lines(std::string("a\0b\nc", 5)), ElementsAre(std::string("a\0b", 3), "c"));
  // Longer than the buffer.
  const std::string line(100'000, 'x');
  EXPECT_THAT(Lines(line + "\n" + line), ElementsAre(line, line));
}

TEST_F(LineReaderTest, ALineWithoutEndIsRefused) {
  const auto lines = Lines("a\n" + std::string(LineReader::kMaxLineBytes + 1, 'x'));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr(":2: the line is longer than 4.0 MiB"));
}

TEST_F(LineReaderTest, AbsentFilesAndFolders) {
  EXPECT_EQ(LineReader::Open("/nowhere/file").status().code(), Code::kNotFound);
  auto folder = LineReader::Open("/");
  std::string_view line;
  if (folder.ok()) {
    EXPECT_FALSE(folder->Next(line).ok());
  }
}

}  // namespace
}  // namespace redline::workload
