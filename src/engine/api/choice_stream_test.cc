#include "engine/api/choice_stream.h"

#include <gtest/gtest.h>

#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

// A choice made of the tokens of `text`, each with a log-prob that is the negative of its index.
class ChoiceStreamTest : public testing::Test {
 protected:
  // `finish` comes with the last token, as the engine tells it.
  openai::Choice Run(const std::vector<TokenId>& tokens,
                     FinishReason finish = FinishReason::kLength) {
    ChoiceStream stream(format_, prompt_, 3, &tokenizer_);
    openai::Choice whole;
    for (size_t index = 0; index < tokens.size(); ++index) {
      TokenEvent event{.token = tokens[index]};
      if (format_.num_logprobs >= 0) event.logprobs = {{tokens[index], -float(index)}};
      if (index + 1 == tokens.size()) event.finish = finish;
      openai::Choice delta = stream.OnEvent(event);
      EXPECT_EQ(delta.index, 3);
      EXPECT_EQ(delta.first, index == 0);
      ++num_events_;
      Append(whole, std::move(delta));
      if (stream.done()) break;
    }
    ended_early_ = stream.ended_early();
    num_completion_tokens_ = stream.num_completion_tokens();
    return whole;
  }
  openai::Choice Say(std::string_view text, FinishReason finish = FinishReason::kLength) {
    return Run(tokenizer_.Spell(text), finish);
  }

  static std::string TextOfTokens(const openai::Choice& choice) {
    std::string text;
    for (const auto& token : *choice.logprobs) text += token.chosen.bytes;
    return text;
  }

  TestingTokenizer tokenizer_;
  ChoiceFormat format_;
  PromptTokens prompt_;
  int num_events_ = 0;
  bool ended_early_ = false;
  int64_t num_completion_tokens_ = 0;
};

TEST_F(ChoiceStreamTest, TextAndEnd) {
  const openai::Choice choice = Say("hello 日 abc");
  EXPECT_EQ(choice.content, "hello 日 abc");
  EXPECT_EQ(choice.finish_reason, "length");
  EXPECT_EQ(choice.stop_reason.index(), 0u);
  EXPECT_FALSE(choice.logprobs.has_value());
  EXPECT_EQ(num_completion_tokens_, num_events_);
}

TEST_F(ChoiceStreamTest, StopStringIsNamedAndLeftOut) {
  format_.stop = {"lo w", "zz"};
  openai::Choice choice = Say("hello world");
  EXPECT_EQ(choice.content, "hel");
  EXPECT_EQ(choice.finish_reason, "stop");
  EXPECT_EQ(std::get<std::string>(choice.stop_reason), "lo w");
  EXPECT_TRUE(ended_early_);
  format_.include_stop = true;
  choice = Say("hello world");
  EXPECT_EQ(choice.content, "hello w");
}

// What the log-probs tell is the text, or its beginning where a stop string cut a token in two.
TEST_F(ChoiceStreamTest, LogprobsAreThoseOfTheText) {
  format_.num_logprobs = 0;
  struct Case {
    std::string said;
    std::string stop;
    std::string content;
    std::string tokens;
  };
  const std::vector<Case> cases = {
      {"hello", "zz", "hello", "hello"}, {"hello", "lo", "hel", "hel"},
      {"x abc y", "c", "x ab", "x "},  // "abc" is one token
      {"x日y", "y", "x日", "x日"},       {"x日y", "日", "x", "x"},
      {"ab", "q", "ab", "ab"},
  };
  for (const Case& test_case : cases) {
    format_.stop = {test_case.stop};
    const openai::Choice choice = Say(test_case.said);
    EXPECT_EQ(choice.content, test_case.content) << test_case.said;
    EXPECT_EQ(TextOfTokens(choice), test_case.tokens) << test_case.said << " " << test_case.stop;
  }
}

TEST_F(ChoiceStreamTest, TokensOfOneCharacterGoTogether) {
  format_.num_logprobs = 0;
  format_.tells_token_ids = true;
  // E6 97 A5 in two and three tokens; then a sequence that never ends.
  const std::vector<TokenId> tokens = {30, 31, 32, 33, 34, 30, 31};
  const openai::Choice choice = Run(tokens);
  EXPECT_EQ(choice.content, "日日x\xEF\xBF\xBD");
  EXPECT_EQ(choice.token_ids, tokens);
  EXPECT_EQ((*choice.logprobs)[3].text_offset, 1);
  EXPECT_EQ((*choice.logprobs)[5].text_offset, 3);
  format_.stop = {"日x"};
  const openai::Choice cut = Run(tokens);
  EXPECT_EQ(cut.content, "日");
  EXPECT_EQ(cut.token_ids, (std::vector<TokenId>{30, 31, 32}));
}

TEST_F(ChoiceStreamTest, StopTokensAreToldWhenTheRequestNamedThem) {
  const auto end_with = [&](TokenId stop) {
    ChoiceStream stream(format_, prompt_, 0, &tokenizer_);
    openai::Choice whole = stream.OnEvent({.token = 2});
    Append(whole, stream.OnEvent({.finish = FinishReason::kStop, .stop_token = stop}));
    EXPECT_EQ(stream.num_completion_tokens(), 2);
    EXPECT_FALSE(stream.ended_early());
    return whole;
  };
  format_.stop_token_ids = {5};
  EXPECT_EQ(std::get<TokenId>(end_with(5).stop_reason), 5);
  EXPECT_EQ(end_with(TestingModel::kEos).stop_reason.index(), 0u);
  EXPECT_EQ(end_with(5).content, "a");
  format_.include_stop = true;
  EXPECT_EQ(end_with(5).content, "ad");
  EXPECT_EQ(end_with(TestingModel::kEos).content, "a");  // special tokens are no text
}

TEST_F(ChoiceStreamTest, SpecialTokensAreTextWhereAskedForSaveTheEnd) {
  const std::vector<TokenId> tokens = {2, 0, 1, 3};
  EXPECT_EQ(Run(tokens).content, "ab");
  format_.skip_special_tokens = false;
  EXPECT_EQ(Run(tokens).content, "a<pad><eos>b");
  format_.hidden_tokens = {1};
  EXPECT_EQ(Run(tokens).content, "a<pad>b");
}

TEST_F(ChoiceStreamTest, EchoComesFirst) {
  format_.kind = openai::AnswerKind::kCompletion;
  format_.echo = true;
  format_.num_logprobs = 1;
  prompt_ = {{2, 3, 35}, "ab日"};
  ChoiceStream stream(format_, prompt_, 0, &tokenizer_);
  const openai::Choice choice = stream.OnEvent(
      {.token = 4,
       .logprobs = {{4, -0.5F}, {5, -0.25F}},
       .prompt_logprobs = {{{3, -1.F}, {9, -0.125F}, {8, -0.75F}}, {{35, -2.F}, {35, -2.F}}},
       .finish = FinishReason::kLength});
  EXPECT_EQ(choice.content, "ab日c");
  ASSERT_EQ(choice.logprobs->size(), 4u);
  const auto& logprobs = *choice.logprobs;
  EXPECT_FALSE(logprobs[0].chosen.logprob.has_value());
  EXPECT_TRUE(logprobs[0].top.empty());
  EXPECT_EQ(logprobs[1].chosen.token, "b");
  EXPECT_DOUBLE_EQ(*logprobs[1].chosen.logprob, -1);
  ASSERT_EQ(logprobs[1].top.size(), 1u);
  EXPECT_EQ(logprobs[1].top[0].token, "h");
  EXPECT_EQ(logprobs[2].text_offset, 2);
  EXPECT_EQ(logprobs[3].chosen.token, "c");
  EXPECT_EQ(logprobs[3].text_offset, 3);
}

TEST_F(ChoiceStreamTest, PromptLogprobsTellRanks) {
  format_.num_prompt_logprobs = 1;
  prompt_.tokens = {2, 3, 4};
  ChoiceStream stream(format_, prompt_, 0, &tokenizer_);
  const openai::Choice choice =
      stream.OnEvent({.prompt_logprobs = {{{3, -1.F}, {9, -0.5F}}, {{4, -0.1F}, {4, -0.1F}}},
                      .finish = FinishReason::kLength});
  const openai::PromptLogprobs& told = *choice.prompt_logprobs;
  ASSERT_EQ(told.size(), 3u);
  EXPECT_TRUE(told[0].empty());
  EXPECT_EQ(told[1][0].id, 3);
  EXPECT_EQ(told[1][0].rank, 0);
  EXPECT_EQ(told[1][1].rank, 1);
  EXPECT_EQ(told[1][1].text, "h");
  EXPECT_EQ(told[2][0].rank, 1);
}

// --- Reasoning and tool calls --------------------------------------------------------------------

class ParsedChoiceTest : public ChoiceStreamTest {
 protected:
  ParsedChoiceTest() {
    format_.parse = text::OutputFormat{.reasoning_parser = "qwen3",
                                       .tool_call_parser = "hermes",
                                       .tools = {{"f", "{}"}, {"g", "{}"}}};
  }
  static constexpr std::string_view kOne =
      "<think>hm</think>ok <tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
  static constexpr std::string_view kTwo =
      "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>\n<tool_call>\n"
      "{\"name\": \"g\", \"arguments\": {}}\n</tool_call>";
};

TEST_F(ParsedChoiceTest, ReasoningContentAndCall) {
  const openai::Choice choice = Say(kOne, FinishReason::kStop);
  EXPECT_EQ(choice.reasoning, "hm");
  EXPECT_EQ(choice.content, "ok");
  ASSERT_EQ(choice.tool_calls.size(), 1u);
  EXPECT_EQ(choice.tool_calls[0].name, "f");
  EXPECT_EQ(choice.tool_calls[0].arguments, "{\"a\": 1}");
  EXPECT_TRUE(choice.tool_calls[0].id.starts_with("call_"));
  EXPECT_EQ(choice.finish_reason, "tool_calls");
}

TEST_F(ParsedChoiceTest, FinishReasons) {
  EXPECT_EQ(Say(kOne, FinishReason::kLength).finish_reason, "length");
  EXPECT_EQ(Say("<think>hm</think>ok", FinishReason::kStop).finish_reason, "stop");
  format_.calls_finish_as_stop = true;
  EXPECT_EQ(Say(kOne, FinishReason::kStop).finish_reason, "stop");
}

TEST_F(ParsedChoiceTest, ReasoningCanBeLeftOut) {
  format_.include_reasoning = false;
  const openai::Choice choice = Say(kOne, FinishReason::kStop);
  EXPECT_EQ(choice.reasoning, "");
  EXPECT_EQ(choice.content, "ok");
}

TEST_F(ParsedChoiceTest, WithoutParallelCallsItEndsBeforeTheSecond) {
  EXPECT_EQ(Say(kTwo, FinishReason::kStop).tool_calls.size(), 2u);
  EXPECT_FALSE(ended_early_);
  format_.parallel_tool_calls = false;
  const openai::Choice choice = Say(kTwo, FinishReason::kStop);
  ASSERT_EQ(choice.tool_calls.size(), 1u);
  EXPECT_EQ(choice.tool_calls[0].arguments, "{\"a\": 1}");
  EXPECT_EQ(choice.finish_reason, "tool_calls");
  EXPECT_TRUE(ended_early_);
}

// Whatever is held back on the way, every token is told once, in order.
TEST_F(ParsedChoiceTest, LogprobsOfAllTokens) {
  format_.num_logprobs = 0;
  EXPECT_EQ(TextOfTokens(Say(kOne, FinishReason::kStop)), kOne);
}

}  // namespace
}  // namespace redline::engine
