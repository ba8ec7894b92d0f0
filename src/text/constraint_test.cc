#include "text/constraint.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"

namespace redline::text {
namespace {

constexpr TokenId kEnd = 260;  // of TinyTokenizerJson

class ConstraintTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto tokenizer = MakeHfTokenizer(TinyTokenizerJson(), {});
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
    tokenizer_ = std::move(*tokenizer);
    auto factory = MakeConstraintFactory(*tokenizer_, std::vector<TokenId>{kEnd});
    ASSERT_TRUE(factory.ok()) << factory.status().ToString();
    factory_ = std::move(*factory);
  }

  std::unique_ptr<Constraint> Compile(GrammarKind kind, std::string_view source) const {
    auto constraint = factory_->Compile(kind, source);
    EXPECT_TRUE(constraint.ok()) << constraint.status().ToString();
    return constraint.ok() ? std::move(*constraint) : nullptr;
  }

  static bool Allowed(Constraint& constraint, TokenId id) {
    std::vector<uint32_t> mask(9, 0xFFFFFFFF);  // 262 tokens and some padding
    const Status status = constraint.FillMask(mask);
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(mask[8] >> 6, 0u) << "bits past the vocabulary";
    return (mask[id / 32] >> (id % 32)) & 1;
  }

  // Whether the grammar allows exactly this text, byte by byte, and then the end.
  static bool Matches(Constraint& constraint, std::string_view text) {
    for (const char c : text) {
      const auto id = static_cast<uint8_t>(c);
      if (!Allowed(constraint, id)) return false;
      EXPECT_TRUE(constraint.Accept(id).ok());
    }
    return Allowed(constraint, kEnd);
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<ConstraintFactory> factory_;
};

struct GrammarCase {
  GrammarKind kind;
  const char* grammar;
  const char* text;
  bool matches;
};

TEST_F(ConstraintTest, AcceptsWhatTheGrammarSays) {
  const char* schema = R"({"type": "object", "properties": {"n": {"type": "integer"}},
                           "required": ["n"], "additionalProperties": false})";
  const char* lark = "start: \"x\" list\nlist: \"(\" list? \")\"";
  const GrammarCase cases[] = {
      {GrammarKind::kRegex, "[0-9]{2,3}", "42", true},
      {GrammarKind::kRegex, "[0-9]{2,3}", "4", false},
      {GrammarKind::kRegex, "[0-9]{2,3}", "4242", false},
      {GrammarKind::kRegex, "(你|好)+", "你好", true},
      {GrammarKind::kJsonSchema, schema, R"({"n": 12})", true},
      {GrammarKind::kJsonSchema, schema, R"({"n": "x"})", false},
      {GrammarKind::kJsonSchema, schema, "{}", false},
      {GrammarKind::kJsonSchema, R"({"enum": ["red", "green"]})", "\"green\"", true},
      {GrammarKind::kLark, lark, "x((()))", true},
      {GrammarKind::kLark, lark, "x(()", false},
  };
  for (const GrammarCase& c : cases) {
    const auto constraint = Compile(c.kind, c.grammar);
    ASSERT_NE(constraint, nullptr);
    EXPECT_EQ(Matches(*constraint, c.text), c.matches) << c.grammar << " on " << c.text;
  }
}

TEST_F(ConstraintTest, LongTokensAndTheEnd) {
  const auto constraint = Compile(GrammarKind::kRegex, "hello");
  EXPECT_TRUE(Allowed(*constraint, 259));   // "hello"
  EXPECT_TRUE(Allowed(*constraint, 258));   // "hell"
  EXPECT_FALSE(Allowed(*constraint, 257));  // "ll"
  EXPECT_FALSE(Allowed(*constraint, kEnd));
  EXPECT_FALSE(constraint->IsStopped());
  EXPECT_TRUE(constraint->Accept(259).ok());
  EXPECT_TRUE(constraint->IsStopped());
  EXPECT_TRUE(Allowed(*constraint, kEnd));
  EXPECT_FALSE(Allowed(*constraint, 'h'));
}

TEST_F(ConstraintTest, EveryEndOfTextTokenEnds) {
  auto factory = MakeConstraintFactory(*tokenizer_, std::vector<TokenId>{kEnd, 261});
  ASSERT_TRUE(factory.ok()) << factory.status().ToString();
  auto constraint = (*factory)->Compile(GrammarKind::kRegex, "a*");
  ASSERT_TRUE(constraint.ok()) << constraint.status().ToString();
  EXPECT_TRUE(Allowed(**constraint, kEnd));
  EXPECT_TRUE(Allowed(**constraint, 261));
  EXPECT_TRUE((*constraint)->Accept(261).ok());
  EXPECT_TRUE((*constraint)->IsStopped());
}

TEST_F(ConstraintTest, WrongTokenIsAnError) {
  for (const TokenId id : {TokenId{'b'}, 262, -1, 1 << 30}) {
    const auto constraint = Compile(GrammarKind::kRegex, "a");
    EXPECT_FALSE(constraint->Accept(id).ok()) << id;
  }
}

TEST_F(ConstraintTest, BadGrammars) {
  const std::pair<GrammarKind, std::string> bad[] = {
      {GrammarKind::kJsonSchema, "{"},
      {GrammarKind::kJsonSchema, R"({"type": "unheard"})"},
      {GrammarKind::kJsonSchema, R"({"$ref": "#/nowhere"})"},
      {GrammarKind::kJsonSchema, std::string(100'000, '[')},
      {GrammarKind::kRegex, "("},
      {GrammarKind::kRegex, std::string(50'000, '(') + std::string(50'000, ')')},
      {GrammarKind::kLark, "start: missing"},
      {GrammarKind::kLark, ""},
      {GrammarKind::kLark,
       "start: " + std::string(50'000, '(') + "\"a\"" + std::string(50'000, ')')},
      {GrammarKind::kLark, "a\xFF"},
      {GrammarKind::kLark, std::string(2 << 20, ' ')},
  };
  for (const auto& [kind, grammar] : bad) {
    const MonotonicTime start = MonotonicNow();
    const Status status = factory_->Compile(kind, grammar).status();
    EXPECT_FALSE(status.ok()) << grammar.substr(0, 60);
    EXPECT_NE(status.code(), Code::kInternal) << status.ToString();
    EXPECT_LT(SecondsSince(start), 5.0) << grammar.substr(0, 60);
  }
}

TEST_F(ConstraintTest, NeedsAnEndOfTextToken) {
  EXPECT_FALSE(MakeConstraintFactory(*tokenizer_, {}).ok());
  EXPECT_FALSE(MakeConstraintFactory(*tokenizer_, std::vector<TokenId>{9999}).ok());
}

}  // namespace
}  // namespace redline::text
