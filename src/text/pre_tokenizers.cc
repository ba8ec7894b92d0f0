#include "text/pre_tokenizers.h"

#include <algorithm>
#include <array>

namespace redline::text {
namespace {

// Sources: the tokenizer.json of each model family; where a family has none ("default") and for the
// names, llama.cpp's src/llama-vocab.cpp. Text that no regex matches stays a piece of its own.
using Texts = std::string_view;

constexpr std::array<Texts, 2> kDefaultNames = {"default", ""};
constexpr std::array<Texts, 4> kDefaultRegexes = {
    R"re([\p{P}\$\+<=>\^~\|]+)re",
    R"re('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))re",
    R"re(\p{N}+)re",
    R"re([0-9][0-9][0-9])re",
};

constexpr Texts kGpt2Regex =
    R"re('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)re";
constexpr std::array<Texts, 2> kGpt2Names = {"gpt-2", "phi-2"};
constexpr std::array<Texts, 1> kGpt2Regexes = {kGpt2Regex};

constexpr std::array<Texts, 1> kSmolLmNames = {"smollm"};
constexpr std::array<Texts, 2> kSmolLmRegexes = {R"re(\p{N})re", kGpt2Regex};

constexpr std::array<Texts, 2> kQwen2Names = {"qwen2", "deepseek-r1-qwen"};
constexpr std::array<Texts, 1> kQwen2Regexes = {
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)re"
    R"re( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
};

constexpr std::array<Texts, 3> kLlama3Names = {"llama-bpe", "llama3", "llama-v3"};
constexpr std::array<Texts, 1> kLlama3Regexes = {
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)re"
    R"re( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
};

// Non-ASCII ranges are spelt as numbers: some of these characters change under normalisation.
constexpr Texts kCjkAndNeighbours = R"re([\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+)re";

constexpr std::array<Texts, 1> kDeepSeekLlmNames = {"deepseek-llm"};
constexpr std::array<Texts, 6> kDeepSeekLlmRegexes = {
    R"re([\r\n])re",
    // Letters with case, as of the Unicode version that DeepSeek trained with.
    R"re(\s?[A-Za-z\x{00B5}\x{00C0}-\x{00D6}\x{00D8}-\x{00F6}\x{00F8}-\x{01BA})re"
    R"re(\x{01BC}-\x{01BF}\x{01C4}-\x{0293}\x{0295}-\x{02AF}\x{0370}-\x{0373}\x{0376}\x{0377})re"
    R"re(\x{037B}-\x{037D}\x{037F}\x{0386}\x{0388}-\x{038A}\x{038C}\x{038E}-\x{03A1})re"
    R"re(\x{03A3}-\x{03F5}\x{03F7}-\x{0481}\x{048A}-\x{052F}\x{0531}-\x{0556})re"
    R"re(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA})re"
    R"re(\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A})re"
    R"re(\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D})re"
    R"re(\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4})re"
    R"re(\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3})re"
    R"re(\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107})re"
    R"re(\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D})re"
    R"re(\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184})re"
    R"re(\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D})re"
    R"re(\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E})re"
    R"re(\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A})re"
    R"re(\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB})re"
    R"re(\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+)re",
    R"re(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)re",
    R"re(\s+$)re",
    kCjkAndNeighbours,
    R"re(\p{N}+)re",
};

constexpr std::array<Texts, 1> kDeepSeekCoderNames = {"deepseek-coder"};
constexpr std::array<Texts, 5> kDeepSeekCoderRegexes = {
    R"re([\r\n])re", R"re(\s?\p{L}+)re", R"re(\s?\p{P}+)re", kCjkAndNeighbours, R"re(\p{N})re",
};

constexpr std::array<Texts, 1> kDeepSeekV3Names = {"deepseek-v3"};
constexpr std::array<Texts, 3> kDeepSeekV3Regexes = {
    R"re(\p{N}{1,3})re",
    R"re([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)re",
    R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)re"
    R"re( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
};

constexpr PreTokenizer kPreTokenizers[] = {
    {.names = kDefaultNames, .regexes = kDefaultRegexes},
    {.names = kGpt2Names, .regexes = kGpt2Regexes},
    {.names = kSmolLmNames, .regexes = kSmolLmRegexes},
    {.names = kQwen2Names, .regexes = kQwen2Regexes, .normalizes_nfc = true},
    {.names = kLlama3Names, .regexes = kLlama3Regexes, .ignores_merges = true, .adds_bos = true},
    {.names = kDeepSeekLlmNames, .regexes = kDeepSeekLlmRegexes},
    {.names = kDeepSeekCoderNames, .regexes = kDeepSeekCoderRegexes},
    {.names = kDeepSeekV3Names, .regexes = kDeepSeekV3Regexes},
};

}  // namespace

const PreTokenizer* FindPreTokenizer(std::string_view name) {
  const auto has_name = [name](const PreTokenizer& candidate) {
    return std::ranges::find(candidate.names, name) != candidate.names.end();
  };
  const auto* it = std::ranges::find_if(kPreTokenizers, has_name);
  return it == std::end(kPreTokenizers) ? nullptr : it;
}

}  // namespace redline::text
