#include "text/constraint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>

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

// Bytes, then words of one letter, from two of it to kLongest, then the end.
class LongWords : public Tokenizer {
 public:
  static constexpr TokenId kFirstWord = 256;
  static constexpr TokenId kLongest = 40;
  static constexpr TokenId kEndOfText = kFirstWord + kLongest - 1;

  Result<std::vector<TokenId>> Encode(std::string_view utf8, SpecialTokens) const override {
    std::vector<TokenId> ids;
    for (const char c : utf8) ids.push_back(static_cast<uint8_t>(c));
    return ids;
  }
  Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const override {
    std::string text;
    for (const TokenId id : ids)
      if (!skip_special || !IsSpecial(id)) text += TokenBytes(id);
    return text;
  }
  std::string TokenBytes(TokenId id) const override {
    if (id < kFirstWord) return {static_cast<char>(id)};
    if (id == kEndOfText) return "<end>";
    return std::string(static_cast<size_t>(id - kFirstWord + 2), 'x');
  }
  bool IsSpecial(TokenId id) const override { return id == kEndOfText; }
  int64_t VocabSize() const override { return kEndOfText + 1; }
  std::optional<TokenId> TokenToId(std::string_view) const override { return std::nullopt; }
  bool AddsBos() const override { return false; }
  std::optional<TokenId> BosId() const override { return std::nullopt; }
};

// Whatever the limit, and however much of it is used: what fits may come, and nothing longer.
TEST(Constraint, StringsOfLimitedLengthTakeEveryWordThatFits) {
  const LongWords words;
  const auto factory = MakeConstraintFactory(words, std::vector<TokenId>{LongWords::kEndOfText});
  ASSERT_TRUE(factory.ok()) << factory.status().ToString();
  for (const int limit : {1, 3, 4, 5, 9, 10, 11, 20, 21, 30, 39, 45}) {
    const auto constraint = (*factory)->Compile(
        GrammarKind::kJsonSchema, fmt::format(R"({{"type":"string","maxLength":{}}})", limit));
    ASSERT_TRUE(constraint.ok()) << constraint.status().ToString();
    ASSERT_TRUE((*constraint)->Accept('"').ok());
    std::vector<uint32_t> mask(static_cast<size_t>(words.VocabSize()) / 32 + 1);
    for (int used = 0; used <= limit; ++used) {
      ASSERT_TRUE((*constraint)->FillMask(mask).ok());
      const auto allowed = [&](TokenId id) { return (mask[id / 32] >> (id % 32) & 1) != 0; };
      for (TokenId length = 2; length <= LongWords::kLongest; ++length) {
        EXPECT_EQ(allowed(LongWords::kFirstWord + length - 2), used + length <= limit)
            << length << " after " << used << " of " << limit;
      }
      EXPECT_TRUE(allowed('"'));
      EXPECT_EQ(allowed('x'), used < limit);
      EXPECT_FALSE(allowed('\n'));
      if (used == limit) break;
      ASSERT_TRUE((*constraint)->Accept('x').ok());
    }
  }
}

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
  const char* date = R"({"type": "string", "format": "date"})";
  const char* time = R"({"type": "string", "format": "date-time", "pattern": "^2"})";
  const char* above = R"({"type": "number", "exclusiveMinimum": -90})";
  const GrammarCase cases[] = {
      {GrammarKind::kRegex, "[0-9]{2,3}", "42", true},
      {GrammarKind::kRegex, "[0-9]{2,3}", "4", false},
      {GrammarKind::kRegex, "[0-9]{2,3}", "4242", false},
      {GrammarKind::kRegex, "(你|好)+", "你好", true},
      {GrammarKind::kJsonSchema, schema, R"({"n": 12})", true},
      {GrammarKind::kJsonSchema, schema, R"({"n": "x"})", false},
      {GrammarKind::kJsonSchema, schema, "{}", false},
      {GrammarKind::kJsonSchema, R"({"enum": ["red", "green"]})", "\"green\"", true},
      {GrammarKind::kJsonSchema, date, "\"2023-02-28\"", true},
      {GrammarKind::kJsonSchema, date, "\"2024-02-29\"", true},
      {GrammarKind::kJsonSchema, date, "\"2023-02-29\"", false},
      {GrammarKind::kJsonSchema, date, "\"1900-02-29\"", false},
      {GrammarKind::kJsonSchema, date, "\"2000-02-29\"", true},
      {GrammarKind::kJsonSchema, date, "\"0000-02-29\"", false},
      {GrammarKind::kJsonSchema, date, "\"0000-01-01\"", false},
      {GrammarKind::kJsonSchema, date, "\"9999-12-31\"", true},
      {GrammarKind::kJsonSchema, time, "\"2023-11-30T23:59:59.5Z\"", true},
      {GrammarKind::kJsonSchema, time, "\"2023-11-30T23:59:60Z\"", false},
      {GrammarKind::kJsonSchema, time, "\"2023-02-29T00:00:00+01:00\"", false},
      {GrammarKind::kJsonSchema, above, "-89.5", true},
      {GrammarKind::kJsonSchema, above, "-89.99999999999999", true},
      {GrammarKind::kJsonSchema, above, "-89.999999999999998", false},  // -90.0 as a double
      {GrammarKind::kJsonSchema, above, "-90", false},
      {GrammarKind::kJsonSchema, R"({"type": "number", "exclusiveMinimum": 0})", "0.25", true},
      {GrammarKind::kJsonSchema, R"({"type": "integer", "exclusiveMaximum": 3})", "2", true},
      {GrammarKind::kJsonSchema, R"({"type": "integer", "exclusiveMaximum": 3})", "3", false},
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
    EXPECT_LT(SecondsSince(start), 20) << grammar.substr(0, 60);
  }
}

TEST_F(ConstraintTest, NeedsAnEndOfTextToken) {
  EXPECT_FALSE(MakeConstraintFactory(*tokenizer_, {}).ok());
  EXPECT_FALSE(MakeConstraintFactory(*tokenizer_, std::vector<TokenId>{9999}).ok());
}

struct CostlyCase {
  const char* name;
  GrammarKind kind;
  std::string source;
  Code code;  // kOk: compiles
};

std::string Repeated(const std::string& head, int count, const std::string& tail) {
  std::string text = head;
  for (int index = 0; index < count; ++index) {
    if (index > 0) text += ',';
    text += "\"v" + std::to_string(index) + "\"";
  }
  return text + tail;
}

std::string Properties(int count, const std::string& schema) {
  std::string text = "{\"type\":\"object\",\"properties\":{";
  for (int index = 0; index < count; ++index) {
    if (index > 0) text += ',';
    text += "\"p" + std::to_string(index) + "\":" + schema;
  }
  return text + "}}";
}

std::string Nested(int depth) {
  std::string text = R"({"type":"string"})";
  for (int level = 0; level < depth; ++level)
    text = R"({"type":"object","properties":{"a":)" + text + "}}";
  return text;
}

// Whatever a client asks for is compiled or refused within a second of processor time.
TEST_F(ConstraintTest, CostlyGrammarsAreRefusedInTime) {
  const auto schema = GrammarKind::kJsonSchema;
  const CostlyCase cases[] = {
      {"nested quantifiers", schema, R"({"type":"string","pattern":"^(a+)+$"})", Code::kOk},
      {"nested quantifiers", GrammarKind::kRegex, "(a+)+b", Code::kOk},
      {"40 levels", schema, Nested(40), Code::kOk},
      {"500 levels", schema, Nested(500), Code::kResourceExhausted},
      {"cycle of references", schema, R"({"$ref":"#"})", Code::kInvalidArgument},
      {"recursion with an end", schema, R"({"type":"object","properties":{"child":{"$ref":"#"}}})",
       Code::kOk},
      {"enum of 10k", schema, Repeated("{\"enum\":[", 10'000, "]}"), Code::kOk},
      {"enum of 100k", schema, Repeated("{\"enum\":[", 100'000, "]}"), Code::kResourceExhausted},
      {"long string", schema, R"({"type":"string","minLength":1000000000})", Code::kOk},
      {"many items", schema, R"({"type":"array","minItems":1000000000})", Code::kResourceExhausted},
      {"many items", schema, R"({"type":"array","maxItems":1e18})", Code::kResourceExhausted},
      {"1000 properties", schema, Properties(1000, R"({"type":"string"})"), Code::kOk},
      {"5000 properties", schema, Properties(5000, R"({"type":"string"})"),
       Code::kResourceExhausted},
      {"remainders", schema,
       R"({"allOf":[{"type":"integer","multipleOf":97},{"multipleOf":89},{"multipleOf":83}]})",
       Code::kResourceExhausted},
      {"terminals that double", GrammarKind::kLark,
       [] {
         std::string lark = "start: T20\nT0: \"a\"\n";
         for (int index = 1; index <= 20; ++index) {
           const std::string last = " T" + std::to_string(index - 1);
           lark += "T" + std::to_string(index) + ":" + last + last + last + "\n";
         }
         return lark;
       }(),
       Code::kResourceExhausted},
      {"long grammar", GrammarKind::kLark, "start: \"" + std::string(100'000, 'a') + "\"",
       Code::kResourceExhausted},
  };
  for (const CostlyCase& c : cases) {
    const std::clock_t start = std::clock();
    const auto constraint = factory_->Compile(c.kind, c.source);
    EXPECT_EQ(constraint.status().code(), c.code)
        << c.name << ": " << constraint.status().ToString();
    EXPECT_LT(std::clock() - start, 2 * CLOCKS_PER_SEC) << c.name;
  }
}

TEST_F(ConstraintTest, CopiesAreIndependent) {
  auto copies = factory_->CompileCopies(GrammarKind::kRegex, "ab|cd", 3);
  ASSERT_TRUE(copies.ok()) << copies.status().ToString();
  ASSERT_EQ(copies->size(), 3u);
  EXPECT_TRUE((*copies)[0]->Accept('a').ok());
  EXPECT_TRUE((*copies)[2]->Accept('c').ok());
  EXPECT_TRUE(Matches(*(*copies)[1], "cd"));
  EXPECT_TRUE(Allowed(*(*copies)[0], 'b'));
  EXPECT_TRUE(Allowed(*(*copies)[2], 'd'));
}

// How much of the text the grammar allows, byte by byte.
size_t NumAllowed(Constraint& constraint, std::string_view text) {
  std::vector<uint32_t> mask(9);
  for (size_t index = 0; index < text.size(); ++index) {
    const auto id = static_cast<uint8_t>(text[index]);
    EXPECT_TRUE(constraint.FillMask(mask).ok());
    if (((mask[id / 32] >> (id % 32)) & 1) == 0) return index;
    EXPECT_TRUE(constraint.Accept(id).ok());
  }
  return text.size();
}

// n answers to a prompt are held to one grammar, which took n times the time of one.
TEST_F(ConstraintTest, CopiesCostLittleMoreThanOne) {
  const std::string schema = Properties(900, R"({"type":"string"})");
  const auto cost_of = [&](size_t count) {
    const std::clock_t start = std::clock();
    EXPECT_TRUE(factory_->CompileCopies(GrammarKind::kJsonSchema, schema, count).ok());
    return std::clock() - start;
  };
  const std::clock_t one = std::max(cost_of(1), cost_of(1));  // neither was lucky
  EXPECT_LT(cost_of(128), 8 * one);
}

// A model that goes on writing blanks would write them until it runs out of tokens.
TEST_F(ConstraintTest, WhiteSpaceInJsonEnds) {
  const std::string pretty =
      "{\n    \"a\": {\r\n        \"b\": [\n\n            1,\n\t\t\t2\n        ]\n    }\n}";
  const std::string blanks(100, ' ');
  const std::string flexible = R"({"x-guidance":{"whitespace_flexible":true}})";
  const std::string pattern = R"({"x-guidance":{"whitespace_pattern":" +"}})";
  struct Case {
    std::string schema;
    std::string text;
    size_t num_allowed;
  };
  const Case cases[] = {
      {"{}", pretty, pretty.size()},
      {"{}", "\"" + blanks + "\"", 102},
      {"{}", "\"\\\"" + blanks + "\"", 104},
      {"{}", "{" + blanks, 7},
      {"{}", "[[" + std::string(100, '\n'), 12},
      {"{}", "[\"\\\\\", \n \n \n \n", 12},
      {"{}", "[[]" + blanks, 9},
      {R"({"enum":[[1]]})", "[" + blanks, 7},
      {flexible, "{" + blanks, 101},
      {pattern, "{" + blanks, 101},
      {R"({"x-guidance":{"whitespace_flexible":false}})", "{" + blanks, 1},
  };
  for (const Case& c : cases) {
    const auto constraint = Compile(GrammarKind::kJsonSchema, c.schema);
    ASSERT_NE(constraint, nullptr);
    EXPECT_EQ(NumAllowed(*constraint, c.text), c.num_allowed) << c.schema << " on " << c.text;
  }
}

TEST_F(ConstraintTest, TokensOfManyBlanks) {
  std::string json = TinyTokenizerJson();
  const std::string_view replaced = "<think>";
  json.replace(json.find(replaced), replaced.size(), std::string(8, ' '));  // token 261
  tokenizer_ = MakeHfTokenizer(json, {}).value();
  factory_ = MakeConstraintFactory(*tokenizer_, std::vector<TokenId>{kEnd}).value();
  const auto constraint = Compile(GrammarKind::kJsonSchema, "{}");
  ASSERT_NE(constraint, nullptr);
  ASSERT_TRUE(constraint->Accept('[').ok());
  EXPECT_FALSE(Allowed(*constraint, 261));
  EXPECT_TRUE(Allowed(*constraint, ' '));
  ASSERT_TRUE(constraint->Accept('[').ok());
  EXPECT_TRUE(Allowed(*constraint, 261));
  ASSERT_TRUE(constraint->Accept(261).ok());
  EXPECT_FALSE(Allowed(*constraint, 261));
  EXPECT_TRUE(Allowed(*constraint, ' '));
}

// Tagged unions are written with oneOf.
TEST_F(ConstraintTest, OneOfIsAnyOf) {
  const auto constraint =
      Compile(GrammarKind::kJsonSchema, R"({"oneOf":[{"const":1},{"const":"a"}]})");
  ASSERT_NE(constraint, nullptr);
  EXPECT_TRUE(Matches(*constraint, "\"a\""));
}

}  // namespace
}  // namespace redline::text
