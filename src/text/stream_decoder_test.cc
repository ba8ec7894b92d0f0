#include <gtest/gtest.h>

#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"
#include "text/utf8_lossy.h"

namespace redline::text {
namespace {

constexpr const char* kBad = "\xEF\xBF\xBD";

struct LossyCase {
  const char* name;
  std::string bytes;
  std::string text;
};

std::vector<LossyCase> LossyCases() {
  const std::string bad = kBad;
  return {
      {"ascii", "abc", "abc"},
      {"four bytes", "\xF0\x9F\xA6\x99", "\xF0\x9F\xA6\x99"},
      {"stray continuation", "a\x80z", "a" + bad + "z"},
      {"overlong slash", "\xC0\xAF", bad + bad},
      {"overlong three bytes", "\xE0\x80\xAF", bad + bad + bad},
      {"surrogate", "\xED\xA0\x80", bad + bad + bad},
      {"above U+10FFFF", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"maximal part is one", "\xF0\x9F\xA6x", bad + "x"},
      {"cut at the end", "ok\xE4\xBD", "ok" + bad},
      {"cut then new lead", "\xE4\xE4\xBD\xA0", bad + "\xE4\xBD\xA0"},
  };
}

TEST(Utf8Lossy, SameTextHoweverTheBytesArrive) {
  for (const LossyCase& c : LossyCases()) {
    for (size_t step = 1; step <= c.bytes.size(); ++step) {
      std::string pending;
      std::string text;
      for (size_t i = 0; i < c.bytes.size(); i += step) {
        text += PushUtf8(&pending, std::string_view(c.bytes).substr(i, step));
        EXPECT_LE(pending.size(), 3u);
      }
      EXPECT_EQ(text + FinishUtf8(&pending), c.text) << c.name << ", step " << step;
    }
  }
}

class StreamDecoderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MakeHfTokenizer(TinyTokenizerJson(), {});
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    tokenizer_ = std::move(*made);
  }
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(StreamDecoderTest, HoldsBackHalfACharacter) {
  StreamDecoder decoder(tokenizer_.get());
  EXPECT_EQ(decoder.Push(259), "hello");
  EXPECT_EQ(decoder.Push(0xE4), "");
  EXPECT_EQ(decoder.Push(0xBD), "");
  EXPECT_EQ(decoder.Push(0xA0), "\xE4\xBD\xA0");
  EXPECT_EQ(decoder.Finish(), "");
}

TEST_F(StreamDecoderTest, UnfinishedCharacterBecomesReplacement) {
  StreamDecoder decoder(tokenizer_.get());
  EXPECT_EQ(decoder.Push(0xF0), "");
  EXPECT_EQ(decoder.Push(0x9F), "");
  EXPECT_EQ(decoder.Finish(), kBad);
  EXPECT_EQ(decoder.Finish(), "");
}

TEST_F(StreamDecoderTest, SpecialAndUnknownTokens) {
  StreamDecoder skipping(tokenizer_.get());
  EXPECT_EQ(skipping.Push(260), "");
  EXPECT_EQ(skipping.Push(261), "<think>");
  EXPECT_EQ(skipping.Push(-1), "");
  EXPECT_EQ(skipping.Push(1 << 30), "");
  StreamDecoder showing(tokenizer_.get(), /*skip_special=*/false);
  EXPECT_EQ(showing.Push(260), "<|end|>");
}

}  // namespace
}  // namespace redline::text
