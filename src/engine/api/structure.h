// Compiling what an answer must be, within limits of time and size.
#pragma once

#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "engine/api/answer_request.h"
#include "text/constraint.h"
#include "text/tokenizer.h"

namespace redline::engine {

// The model's ConstraintFactory: a trie of the vocabulary (0.8 s of a processor for 128K tokens),
// built in the background from the moment the model is loaded. Thread-safe.
class ConstraintSource {
 public:
  // `tokenizer` outlives this.
  ConstraintSource(const text::Tokenizer* tokenizer, std::vector<TokenId> eos_ids);
  ~ConstraintSource();

  struct Vocabulary {
    std::unique_ptr<text::ConstraintFactory> factory;
    std::vector<uint32_t> reasoning_mask;
  };
  // Waits until it is built. kInvalidArgument: the model names no end of text.
  Result<const Vocabulary*> vocabulary() const;
  const text::Tokenizer* tokenizer() const { return tokenizer_; }

 private:
  using Built = Result<Vocabulary>;
  static Built Build(const text::Tokenizer& tokenizer, const std::vector<TokenId>& eos_ids);

  const text::Tokenizer* const tokenizer_;
  std::promise<Built> promise_;
  std::shared_future<Built> built_;
  std::thread thread_;
};

// Compiles request.structure, once per choice. kInvalidArgument: it is wrong, naming the field;
// kResourceExhausted: it costs too much (see text/constraint.h).
Status CompileStructure(const ConstraintSource& source, AnswerRequest& request);

}  // namespace redline::engine
