#include "engine/api/answer_format.h"

#include <nlohmann/json.hpp>
#include <vector>

namespace redline::engine {
namespace {

std::string TextPiece(const openai::ResponseIdentity& identity, std::string_view text) {
  return openai::TextChunk(identity, text, "");
}

std::string TextEnd(const openai::ResponseIdentity& identity, std::string_view finish_reason) {
  return openai::TextChunk(identity, "", finish_reason);
}

constexpr AnswerFormat kChat = {openai::ChatCompletion, openai::ChatRoleChunk,
                                openai::ChatContentChunk, openai::ChatFinishChunk,
                                openai::ChatUsageChunk};
constexpr AnswerFormat kCompletion = {openai::TextCompletion, nullptr, TextPiece, TextEnd,
                                      openai::TextUsageChunk};

}  // namespace

const AnswerFormat& ChatFormat() { return kChat; }
const AnswerFormat& CompletionFormat() { return kCompletion; }

std::string WithTokenIds(const std::string& json, std::span<const TokenId> token_ids) {
  auto answer = nlohmann::ordered_json::parse(json);
  answer["choices"][0]["token_ids"] = std::vector<TokenId>(token_ids.begin(), token_ids.end());
  return answer.dump();
}

}  // namespace redline::engine
