#include "workload/text_prompt_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "net/json_body.h"
#include "nlohmann/json.hpp"
#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"

namespace redline::workload {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<RequestPlan> Plan(const std::string& yaml) {
  const auto spec = spec::WorkloadFromYaml("name: w\noutput_tokens: 1\n" + yaml);
  EXPECT_TRUE(spec.ok()) << spec.status().ToString();
  auto plan = MakePlan(*spec, 7);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return std::move(*plan);
}

// A tokenizer, and what an API adds to each prompt. Counts the texts it was asked for.
class Counter {
 public:
  Counter(const text::Tokenizer& tokenizer, int64_t overhead_tokens)
      : tokenizer_(tokenizer), overhead_tokens_(overhead_tokens) {}

  TokenCounter Function() {
    return [this](const std::vector<std::string>& texts) -> Result<std::vector<int64_t>> {
      std::vector<int64_t> counts;
      for (const std::string& text : texts) {
        RL_ASSIGN_OR_RETURN(const auto ids, tokenizer_.Encode(text, text::SpecialTokens::kAsText));
        counts.push_back(static_cast<int64_t>(ids.size()) + overhead_tokens_);
        ++num_texts_;
      }
      return counts;
    };
  }
  int num_texts() const { return num_texts_; }

 private:
  const text::Tokenizer& tokenizer_;
  const int64_t overhead_tokens_;
  int num_texts_ = 0;
};

int64_t CountOfPrompt(const text::Tokenizer& tokenizer, const TextPromptWriter& writer,
                      const RequestPlan& plan, size_t index) {
  std::string json;
  writer.AppendJson(plan, index, json);
  const auto value = net::ParseJson(json);
  EXPECT_TRUE(value.ok()) << json;
  const auto ids =
      tokenizer.Encode(value->get_ref<const std::string&>(), text::SpecialTokens::kAsText);
  return ids.ok() ? static_cast<int64_t>(ids->size()) : -1;
}

class PublishedTokenizerPrompts : public ::testing::TestWithParam<const char*> {};

TEST_P(PublishedTokenizerPrompts, AreExact) {
  const auto path = std::filesystem::path(text::kTestDataDir) / GetParam() / "tokenizer.json";
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "NOT TESTED: " << path << " is absent; scripts/fetch_test_data.sh gets "
                 << "published tokenizers";
  const auto tokenizer = text::LoadHfTokenizer(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  Counter counter(**tokenizer, 0);
  const auto writer = TextPromptWriter::Make(counter.Function());
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  EXPECT_GE((*writer)->num_words(), 300u);
  EXPECT_LE(counter.num_texts(), 200);
  // Each length up to 300, then some up to 4,000.
  for (int length = 1; length <= 4000; length += length < 300 ? 1 : 37) {
    const auto plan = Plan("num_requests: 1\ninput_tokens: " + std::to_string(length));
    ASSERT_EQ(CountOfPrompt(**tokenizer, **writer, *plan, 0), length);
  }
  const auto longest = Plan("num_requests: 1\ninput_tokens: 4000");
  EXPECT_EQ(CountOfPrompt(**tokenizer, **writer, *longest, 0), 4000);
}

INSTANTIATE_TEST_SUITE_P(TextPromptWriter, PublishedTokenizerPrompts,
                         ::testing::Values("gpt2", "qwen2_5", "deepseek_v3"));

std::unique_ptr<text::Tokenizer> TinyTokenizer() {
  auto made = text::MakeHfTokenizer(text::TinyTokenizerJson(), {});
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return std::move(*made);
}

// No word is one token, and "he" and "ll" are one where "h", "e" and "l" stand beside each other.
TEST(TextPromptWriter, LettersWhereNoWordIsOneToken) {
  const auto tokenizer = TinyTokenizer();
  Counter counter(*tokenizer, 0);
  const auto writer = TextPromptWriter::Make(counter.Function());
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  EXPECT_GE((*writer)->num_words(), 45u);
  const auto plan = Plan("input_tokens: {distribution: uniform, min: 1, max: 500}");
  for (size_t index = 0; index < plan->size(); ++index)
    EXPECT_EQ(CountOfPrompt(*tokenizer, **writer, *plan, index), plan->At(index).input_tokens);
  EXPECT_TRUE((*writer)->Verify(*plan, 10).ok());
}

TEST(TextPromptWriter, OverheadIsPartOfThePrompt) {
  const auto tokenizer = TinyTokenizer();
  Counter counter(*tokenizer, 11);
  const auto plan = Plan("input_tokens: {distribution: uniform, min: 12, max: 99}");
  const auto same_api = TextPromptWriter::Make(counter.Function());
  ASSERT_TRUE(same_api.ok()) << same_api.status().ToString();
  EXPECT_EQ((*same_api)->overhead_tokens(), 11);
  EXPECT_TRUE((*same_api)->Verify(*plan, 10).ok());
  const auto other_api = TextPromptWriter::Make(counter.Function(), 5);
  ASSERT_TRUE(other_api.ok());
  EXPECT_TRUE((*other_api)->Verify(*plan, 10).ok());
  for (size_t index = 0; index < 10; ++index) {
    const int32_t wanted = plan->At(index).input_tokens;
    EXPECT_EQ(CountOfPrompt(*tokenizer, **same_api, *plan, index), wanted - 11);
    EXPECT_EQ(CountOfPrompt(*tokenizer, **other_api, *plan, index), wanted - 5);
  }
}

TEST(TextPromptWriter, VerifyFindsWhatIsNotExact) {
  const auto tokenizer = TinyTokenizer();
  Counter counter(*tokenizer, 3);
  int64_t lie = 0;
  const TokenCounter honest = counter.Function();
  const auto writer = TextPromptWriter::Make(
      [&](const std::vector<std::string>& texts) -> Result<std::vector<int64_t>> {
        auto counts = honest(texts);
        for (int64_t& count : *counts) count += lie;
        return counts;
      });
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  EXPECT_THAT((*writer)->Verify(*Plan("input_tokens: 3"), 4).message(), HasSubstr("ask for 4"));
  lie = 1;
  EXPECT_THAT((*writer)->Verify(*Plan("input_tokens: 50"), 4).message(),
              HasSubstr("has 51 tokens where the workload asks for 50"));
}

TEST(TextPromptWriter, SharedNumbersAreSharedText) {
  const auto tokenizer = TinyTokenizer();
  Counter counter(*tokenizer, 0);
  const auto writer = TextPromptWriter::Make(counter.Function());
  ASSERT_TRUE(writer.ok());
  const auto plan = Plan("input_tokens: 100\nprefix: {groups: 1, tokens: 60}");
  std::string left;
  std::string right;
  (*writer)->AppendJson(*plan, 0, left);
  (*writer)->AppendJson(*plan, 1, right);
  EXPECT_EQ(left.substr(0, 61), right.substr(0, 61));
  EXPECT_NE(left, right);
}

TEST(TextPromptWriter, CountersThatCannotServe) {
  const struct {
    TokenCounter counter;
    const char* message;
  } kCases[] = {
      {[](const auto&) -> Result<std::vector<int64_t>> { return Unavailable("no server"); },
       "no server"},
      {[](const auto&) -> Result<std::vector<int64_t>> { return std::vector<int64_t>{1}; },
       "1 counts came for 8 texts"},
      {[](const auto& texts) -> Result<std::vector<int64_t>> {
         return std::vector<int64_t>(texts.size(), 0);
       },
       "no tokens"},
      {[](const auto& texts) -> Result<std::vector<int64_t>> {
         return std::vector<int64_t>(texts.size(), 5);
       },
       "too few words"},
  };
  for (const auto& c : kCases) {
    const auto writer = TextPromptWriter::Make(c.counter);
    ASSERT_FALSE(writer.ok());
    EXPECT_THAT(writer.status().message(), HasSubstr(c.message));
  }
}

TEST(TextPromptWriter, TextsOfADatasetStay) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("text_prompt_writer_test." + std::to_string(getpid()));
  ASSERT_TRUE(WriteFileAtomic(path, "{\"prompt\": \"say \\\"hi\\\"\", \"max_tokens\": 1}").ok());
  const auto plan =
      Plan("input_tokens: dataset\ndataset: {format: jsonl, path: " + path.string() + "}");
  std::filesystem::remove(path);
  const auto tokenizer = TinyTokenizer();
  Counter counter(*tokenizer, 0);
  const auto writer = TextPromptWriter::Make(counter.Function());
  ASSERT_TRUE(writer.ok());
  std::string json;
  (*writer)->AppendJson(*plan, 0, json);
  EXPECT_EQ(json, R"("say \"hi\"")");
  EXPECT_TRUE((*writer)->Verify(*plan, 4).ok());
}

}  // namespace
}  // namespace redline::workload
