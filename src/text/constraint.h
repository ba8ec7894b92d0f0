// Constrained decoding over `llguidance` (text/bridge): which tokens may come next so that the text
// stays on the way to a JSON schema, a regular expression or a Lark grammar.
//
// A ConstraintFactory belongs to a tokenizer, is immutable and usable from any thread. A Constraint
// belongs to one request and has one owner at a time. Per token: FillMask, sample, Accept.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace redline::text {

enum class GrammarKind {
  kJsonSchema,  // the schema as JSON text
  kRegex,       // Rust regex syntax, anchored at both ends
  kLark,        // llguidance's dialect of Lark; the start rule is "start"
};

class Constraint {
 public:
  virtual ~Constraint() = default;
  // One bit per token id, the least significant bit of mask[0] first: set when the token may come
  // next. Bits past the vocabulary are cleared. Once the text is complete only end-of-text tokens
  // remain. Errors: kResourceExhausted or kInvalidArgument when the grammar is too costly here.
  virtual Status FillMask(std::span<uint32_t> mask) = 0;
  // Advances by one token. kInvalidArgument, and the constraint is unusable after, when the mask
  // did not have it.
  virtual Status Accept(TokenId id) = 0;
  // Whether the text is complete and nothing may follow.
  virtual bool IsStopped() const = 0;
};

class ConstraintFactory {
 public:
  virtual ~ConstraintFactory() = default;
  // kInvalidArgument when the source is wrong, allows no text or uses what llguidance does not
  // support; kResourceExhausted when it costs too much: an estimate beforehand, llguidance's own
  // limits, and a sandbox with a second of processor time and 256 MiB for what gets past them. Of
  // a schema's "oneOf" it is not checked that only one holds.
  virtual Result<std::unique_ptr<Constraint>> Compile(GrammarKind kind,
                                                      std::string_view source) const = 0;
  // `count` of them, at least one, for little more than the cost of one.
  virtual Result<std::vector<std::unique_ptr<Constraint>>> CompileCopies(GrammarKind kind,
                                                                         std::string_view source,
                                                                         size_t count) const = 0;
};

// Builds a trie of the vocabulary (0.8 s for 128K tokens: once per model). `eos_ids`: the tokens
// that end a text, at least one.
Result<std::unique_ptr<ConstraintFactory>> MakeConstraintFactory(const Tokenizer& tokenizer,
                                                                 std::span<const TokenId> eos_ids);

}  // namespace redline::text
