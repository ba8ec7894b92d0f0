#include "workload/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"

namespace redline::workload {
namespace {

using ::testing::HasSubstr;
using Format = spec::DatasetSpec::Format;

constexpr const char* kAzureHeader = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";

class DatasetTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  Result<Dataset> Read(Format format, const std::string& bytes, int64_t max_rows = 0) {
    EXPECT_TRUE(WriteFileAtomic(path_, bytes).ok());
    return ReadDataset({format, path_}, max_rows);
  }

  const std::string path_ =
      (std::filesystem::temp_directory_path() / ("dataset_test." + std::to_string(getpid())))
          .string();
};

TEST_F(DatasetTest, Azure) {
  const auto dataset = Read(Format::kAzure, std::string("\xEF\xBB\xBF") + kAzureHeader +
                                                "2023-11-16 18:17:03.9799600,4808,10\r\n"
                                                "2023-11-17 00:00:00,3180,0\r\n"
                                                "2024-05-10 00:00:00.009930+00:00, 7 ,8");
  ASSERT_TRUE(dataset.ok()) << dataset.status().ToString();
  ASSERT_EQ(dataset->rows.size(), 3u);
  EXPECT_NEAR(dataset->rows[0].timestamp_s, 1700158623.97996, 1e-6);
  EXPECT_NEAR(dataset->rows[1].timestamp_s, 1700179200, 1e-6);
  EXPECT_NEAR(dataset->rows[2].timestamp_s, 1715299200.00993, 1e-6);
  EXPECT_EQ(dataset->rows[0].input_tokens, 4808);
  EXPECT_EQ(dataset->rows[1].output_tokens, 0);
  EXPECT_EQ(dataset->rows[2].input_tokens, 7);
}

TEST_F(DatasetTest, AzureColumnsByName) {
  const auto dataset = Read(Format::kAzure,
                            "GeneratedTokens,Extra,TIMESTAMP,ContextTokens\n"
                            "1,x,2023-11-16 18:17:03,2\n");
  ASSERT_TRUE(dataset.ok()) << dataset.status().ToString();
  EXPECT_EQ(dataset->rows[0].output_tokens, 1);
  EXPECT_EQ(dataset->rows[0].input_tokens, 2);
}

TEST_F(DatasetTest, Mooncake) {
  const auto dataset =
      Read(Format::kMooncake,
           R"({"timestamp": 1500, "input_length": 700, "output_length": 5, "hash_ids": [0, 46]})"
           "\n"
           R"({"timestamp": 27482, "input_length": 3, "output_length": 52})");
  ASSERT_TRUE(dataset.ok()) << dataset.status().ToString();
  ASSERT_EQ(dataset->rows.size(), 2u);
  EXPECT_EQ(dataset->rows[0].timestamp_s, 1.5);
  EXPECT_EQ(dataset->rows[0].payload_size, 2u);
  EXPECT_EQ(dataset->block_ids, (std::vector<uint64_t>{0, 46}));
  EXPECT_EQ(dataset->rows[1].payload_size, 0u);
}

TEST_F(DatasetTest, JsonLines) {
  const auto dataset =
      Read(Format::kJsonl, R"({"prompt": "h\u00e9llo", "max_tokens": 7, "id": "x"})"
                           "\r\n\n"
                           R"({"prompt_tokens": 12, "timestamp": 0.5})");
  ASSERT_TRUE(dataset.ok()) << dataset.status().ToString();
  ASSERT_EQ(dataset->rows.size(), 2u);
  EXPECT_EQ(dataset->text, "h\u00e9llo");
  EXPECT_EQ(dataset->rows[0].input_tokens, -1);
  EXPECT_EQ(dataset->rows[0].output_tokens, 7);
  EXPECT_EQ(dataset->rows[0].timestamp_s, -1);
  EXPECT_EQ(dataset->rows[1].input_tokens, 12);
  EXPECT_EQ(dataset->rows[1].timestamp_s, 0.5);
}

TEST_F(DatasetTest, StopsAtTheWantedNumber) {
  // What comes after is not looked at.
  const auto dataset = Read(Format::kJsonl, "{\"prompt_tokens\":1}\n{\"prompt_tokens\":2}\n???", 2);
  ASSERT_TRUE(dataset.ok()) << dataset.status().ToString();
  EXPECT_EQ(dataset->rows.size(), 2u);
}

TEST_F(DatasetTest, HostileFilesAreRefusedByLine) {
  const std::string azure = kAzureHeader;
  const std::string second = "2023-11-16 18:17:03,";
  const struct {
    Format format;
    std::string bytes;
    const char* message;
  } kCases[] = {
      {Format::kAzure, "", "the file has no requests"},
      {Format::kAzure, azure, "the file has no requests"},
      {Format::kAzure, "a,b,c\n", ":1: there is no column TIMESTAMP"},
      {Format::kAzure, "TIMESTAMP,ContextTokens\n", "no column GeneratedTokens"},
      {Format::kAzure, azure + second + "5\n", ":2: 2 columns where the first line names 3"},
      {Format::kAzure, azure + second + "5,6,7\n", ":2: 4 columns"},
      {Format::kAzure, azure + std::string(1000, ',') + "\n", ":2: 1001 columns; at most 64"},
      {Format::kAzure, azure + second + "-5,6\n", "ContextTokens is -5; expected 0 to 2097152"},
      {Format::kAzure, azure + second + "5,2097153\n", "GeneratedTokens is 2097153"},
      {Format::kAzure, azure + second + "5,99999999999999999999\n", "GeneratedTokens is \"99999"},
      {Format::kAzure, azure + second + "nan,6\n", "ContextTokens is \"nan\""},
      {Format::kAzure, azure + second + "5,6.5\n", "GeneratedTokens is \"6.5\""},
      {Format::kAzure, azure + "yesterday,5,6\n", "TIMESTAMP is \"yesterday\""},
      {Format::kAzure, azure + "2023-13-16 18:17:03,5,6\n", "TIMESTAMP is"},
      {Format::kAzure, azure + "2023-11-16 18:17:nan,5,6\n", "TIMESTAMP is"},
      {Format::kAzure, azure + "2023-11-16 18:17:1e9,5,6\n", "TIMESTAMP is"},
      {Format::kAzure, azure + "+023-11-16 18:17:03,5,6\n", "TIMESTAMP is"},
      {Format::kMooncake, "{", ":1: "},
      {Format::kMooncake, "[1]", ":1: "},
      {Format::kMooncake, R"({"timestamp": 1, "input_length": 5})", "\"output_length\" are needed"},
      {Format::kMooncake, R"({"timestamp": -1, "input_length": 5, "output_length": 1})",
       "\"timestamp\" is -1"},
      {Format::kMooncake, R"({"timestamp": 1, "input_length": 1e9, "output_length": 1})",
       "\"input_length\" is 1000000000.0; expected a whole number"},
      {Format::kMooncake, R"({"timestamp": 1, "input_length": 5, "output_length": -1})",
       "output_length is -1"},
      {Format::kMooncake,
       R"({"timestamp": 1, "input_length": 18446744073709551615, "output_length": 1})",
       "\"input_length\" is 18446744073709551615"},
      {Format::kMooncake,
       R"({"timestamp": 1, "input_length": 5, "output_length": 1, "hash_ids": 3})",
       "\"hash_ids\" is 3; expected a list"},
      {Format::kMooncake,
       R"({"timestamp": 1, "input_length": 5, "output_length": 1, "hash_ids": [1, -2]})",
       "\"hash_ids\" is -2"},
      {Format::kJsonl, "{\"prompt_tokens\": 1}\n{\"max_tokens\": 1}", ":2: there is neither"},
      {Format::kJsonl, "{\"prompt\": 5}", "\"prompt\" is 5; expected a text"},
      {Format::kJsonl, "{\"prompt\": \"\"}", "expected a text that is not empty"},
      {Format::kJsonl, "{\"prompt\": \"a", ":1: "},
      {Format::kJsonl, "{\"prompt\": \"\xFF\"}", ":1: "},
      {Format::kJsonl, "{\"prompt_tokens\": 1, \"timestamp\": NaN}", ":1: "},
      {Format::kJsonl, "{\"prompt_tokens\": 1, \"timestamp\": \"1\"}", "\"timestamp\" is"},
      {Format::kJsonl, "{\"prompt_tokens\": 1, \"timestamp\": 1e300}", "\"timestamp\" is"},
      {Format::kJsonl, "{\"prompt_tokens\": \"many\"}", "\"prompt_tokens\" is"},
  };
  for (const auto& c : kCases) {
    const auto dataset = Read(c.format, c.bytes);
    ASSERT_FALSE(dataset.ok()) << c.bytes.substr(0, 100);
    EXPECT_THAT(dataset.status().message(), HasSubstr(c.message)) << c.bytes.substr(0, 100);
    EXPECT_THAT(dataset.status().message(), HasSubstr(path_));
  }
}

TEST_F(DatasetTest, PublishedTraces) {
  const struct {
    Format format;
    const char* path;
    size_t num_rows;
    double mean_input;
    double mean_output;
  } kCases[] = {
      {Format::kAzure, "AzureLLMInferenceTrace_code.csv", 8819, 2048, 28},
      {Format::kAzure, "AzureLLMInferenceTrace_conv.csv", 19366, 1155, 211},
      {Format::kMooncake, "mooncake/conversation_trace.jsonl", 12031, 12035, 343},
      {Format::kMooncake, "mooncake/synthetic_trace.jsonl", 3993, 15325, 149},
  };
  for (const auto& c : kCases) {
    const std::string path = std::string("../shared/data/traces/") + c.path;
    if (!std::filesystem::exists(path))
      GTEST_SKIP() << "NOT TESTED: " << path << " is absent; it is a published trace";
    const auto dataset = ReadDataset({c.format, path}, 0);
    ASSERT_TRUE(dataset.ok()) << dataset.status().ToString();
    EXPECT_EQ(dataset->rows.size(), c.num_rows) << path;
    double input = 0;
    double output = 0;
    for (const auto& row : dataset->rows) {
      input += row.input_tokens;
      output += row.output_tokens;
    }
    EXPECT_NEAR(input / static_cast<double>(c.num_rows), c.mean_input, 1) << path;
    EXPECT_NEAR(output / static_cast<double>(c.num_rows), c.mean_output, 1) << path;
  }
}

}  // namespace
}  // namespace redline::workload
