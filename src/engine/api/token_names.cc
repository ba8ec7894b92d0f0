#include "engine/api/token_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace redline::engine {
namespace {

using Logprobs = std::vector<TokenLogprob>;

// The best `num_top` of what the engine tells: the token itself comes first there.
std::span<const TokenLogprob> Best(const Logprobs& logprobs, int num_top) {
  if (logprobs.empty()) return {};
  const auto best = std::span(logprobs).subspan(1);
  return best.first(std::min(best.size(), static_cast<size_t>(std::max(num_top, 0))));
}

int64_t RankOf(TokenId token, std::span<const TokenLogprob> best) {
  for (size_t index = 0; index < best.size(); ++index) {
    if (best[index].token == token) return static_cast<int64_t>(index) + 1;
  }
  return 0;
}

}  // namespace

int64_t CountCodePoints(std::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

std::string TokenNames::BytesOf(TokenId token) const {
  return tokenizer_ == nullptr ? std::string() : tokenizer_->TokenBytes(token);
}

openai::LoggedToken TokenNames::Logged(TokenId token, std::optional<double> logprob) const {
  std::string bytes = BytesOf(token);
  std::string name = as_ids_ ? fmt::format("token_id:{}", token) : bytes;
  return {std::move(name), std::move(bytes), logprob};
}

openai::TokenLogprobs TokenNames::Logprobs(const LedgerToken& token, int num_top) const {
  openai::TokenLogprobs told;
  told.chosen = Logged(token.token, token.logprobs.empty()
                                        ? std::nullopt
                                        : std::optional<double>(token.logprobs[0].logprob));
  for (const TokenLogprob& top : Best(token.logprobs, num_top))
    told.top.push_back(Logged(top.token, top.logprob));
  told.text_offset = token.text_offset;
  return told;
}

openai::PromptLogprobs TokenNames::PromptLogprobs(
    std::span<const std::vector<TokenLogprob>> logprobs, int num_top) const {
  openai::PromptLogprobs told = {{}};
  for (const std::vector<TokenLogprob>& position : logprobs) {
    std::vector<openai::PromptToken> tokens;
    const auto add = [&](const TokenLogprob& token, int64_t rank) {
      tokens.push_back({token.token, BytesOf(token.token), token.logprob, rank});
    };
    const auto best = Best(position, num_top);
    if (!position.empty()) add(position[0], RankOf(position[0].token, best));
    for (size_t index = 0; index < best.size(); ++index)
      add(best[index], static_cast<int64_t>(index) + 1);
    told.push_back(std::move(tokens));
  }
  return told;
}

std::vector<openai::TokenLogprobs> TokenNames::EchoLogprobs(
    std::span<const TokenId> prompt, std::span<const std::vector<TokenLogprob>> logprobs,
    int num_top) const {
  std::vector<openai::TokenLogprobs> told;
  int64_t offset = 0;
  for (size_t index = 0; index < prompt.size(); ++index) {
    LedgerToken token = {prompt[index], {}, offset};
    if (index > 0 && index <= logprobs.size()) token.logprobs = logprobs[index - 1];
    told.push_back(Logprobs(token, num_top));
    if (tokenizer_ != nullptr && !tokenizer_->IsSpecial(prompt[index]))
      offset += CountCodePoints(told.back().chosen.bytes);
  }
  return told;
}

}  // namespace redline::engine
