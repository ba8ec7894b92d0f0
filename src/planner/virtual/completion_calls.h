// POST /v1/completions and /v1/chat/completions of a virtual engine: read, checked, entered. What a
// virtual engine cannot do is a 400 that names the field.
#pragma once

#include <memory>
#include <string>

#include "net/http_server.h"
#include "openai/generation_fields.h"
#include "openai/response.h"
#include "planner/virtual/prompt_blocks.h"
#include "planner/virtual/virtual_driver.h"
#include "planner/virtual/virtual_setup.h"

namespace redline::planner {

// A request of either kind, as far as timing depends on it.
struct Generation {
  openai::AnswerKind kind = openai::AnswerKind::kCompletion;
  openai::GenerationFields fields;
  PromptBlocks prompt;
  int32_t largest_id = -1;  // of a prompt of token ids
};
Result<Generation> ReadGeneration(openai::AnswerKind kind, std::string_view body);

// How long the answer will be. Where the client does not say, 16 tokens of a completion, as the
// engines have it, and of a chat at most 256: a real answer would end by itself somewhere.
struct AnswerLength {
  int64_t num_tokens = 0;
  std::string finish_reason;
};
AnswerLength LengthOf(const Generation& generation, int64_t context_length);

class CompletionCalls {
 public:
  // All outlive it. `checks_model`: requests for other models are refused.
  CompletionCalls(const VirtualSetup& setup, VirtualDriver& driver, VirtualEngine& engine,
                  bool checks_model)
      : setup_(setup), driver_(driver), engine_(engine), checks_model_(checks_model) {}

  // Any I/O thread.
  void Handle(openai::AnswerKind kind, const net::HttpRequest& request,
              std::shared_ptr<net::ResponseWriter> writer) const;

 private:
  // What the client is told instead of an answer; status 0: nothing is wrong.
  net::HttpResponse RefusalOf(const Generation& generation) const;
  void Enter(double arrival_s, Generation generation,
             std::shared_ptr<net::ResponseWriter> writer) const;

  const VirtualSetup& setup_;
  VirtualDriver& driver_;
  VirtualEngine& engine_;
  const bool checks_model_;
};

}  // namespace redline::planner
