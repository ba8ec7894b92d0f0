#include "engine/api/structure.h"

#include <pthread.h>

#include <utility>

#include "engine/api/reasoning_constraint.h"

namespace redline::engine {

ConstraintSource::ConstraintSource(const text::Tokenizer* tokenizer, std::vector<TokenId> eos_ids)
    : tokenizer_(tokenizer),
      built_(promise_.get_future().share()),
      thread_([this, eos_ids = std::move(eos_ids)] {
        pthread_setname_np(pthread_self(), "vocabulary");
        promise_.set_value(Build(*tokenizer_, eos_ids));
      }) {}

ConstraintSource::~ConstraintSource() { thread_.join(); }

ConstraintSource::Built ConstraintSource::Build(const text::Tokenizer& tokenizer,
                                                const std::vector<TokenId>& eos_ids) {
  Vocabulary vocabulary;
  RL_ASSIGN_OR_RETURN(vocabulary.factory, text::MakeConstraintFactory(tokenizer, eos_ids));
  vocabulary.reasoning_mask = ReasoningMask(tokenizer, eos_ids);
  return vocabulary;
}

Result<const ConstraintSource::Vocabulary*> ConstraintSource::vocabulary() const {
  const Built& built = built_.get();
  if (!built.ok()) return built.status();
  return &built.value();
}

Status CompileStructure(const ConstraintSource& source, AnswerRequest& request) {
  RL_ASSIGN_OR_RETURN(const ConstraintSource::Vocabulary* vocabulary, source.vocabulary());
  const Structure& structure = *request.structure;
  auto compiled =
      vocabulary->factory->CompileCopies(structure.kind, structure.source, request.NumChoices());
  if (!compiled.ok())
    return Status(compiled.status().code(), compiled.status().message(), structure.param);
  for (std::unique_ptr<text::Constraint>& constraint : *compiled) {
    if (structure.after_reasoning) {
      constraint = AfterReasoning(std::move(constraint), source.tokenizer(),
                                  vocabulary->reasoning_mask, structure.starts_in_reasoning);
    }
    request.constraints.push_back(std::move(constraint));
  }
  return OkStatus();
}

}  // namespace redline::engine
