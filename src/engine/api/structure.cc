#include "engine/api/structure.h"

#include <pthread.h>

#include <utility>

#include "base/clock.h"
#include "engine/api/reasoning_constraint.h"

namespace redline::engine {
namespace {

constexpr double kMaxCompileSeconds = 1.0;

}  // namespace

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
  const MonotonicTime start = MonotonicNow();
  for (size_t choice = 0; choice < request.NumChoices(); ++choice) {
    Result<std::unique_ptr<text::Constraint>> compiled =
        vocabulary->factory->Compile(structure.kind, structure.source);
    if (!compiled.ok())
      return Status(compiled.status().code(), compiled.status().message(), structure.param);
    if (SecondsSince(start) > kMaxCompileSeconds) {
      return Status(Code::kResourceExhausted, "it takes more than a second to compile",
                    structure.param);
    }
    if (structure.after_reasoning) {
      compiled = AfterReasoning(std::move(compiled).value(), source.tokenizer(),
                                vocabulary->reasoning_mask, structure.starts_in_reasoning);
    }
    request.constraints.push_back(std::move(compiled).value());
  }
  return OkStatus();
}

}  // namespace redline::engine
