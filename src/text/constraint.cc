#include "text/constraint.h"

#include "text/bridge_status.h"

namespace redline::text {
namespace {

struct FactoryDeleter {
  void operator()(rb_constraint_factory* factory) const { rb_constraint_factory_free(factory); }
};
struct ConstraintDeleter {
  void operator()(rb_constraint* constraint) const { rb_constraint_free(constraint); }
};
using BridgeFactory = std::unique_ptr<rb_constraint_factory, FactoryDeleter>;
using BridgeConstraint = std::unique_ptr<rb_constraint, ConstraintDeleter>;

class LlguidanceConstraint : public Constraint {
 public:
  explicit LlguidanceConstraint(BridgeConstraint bridge) : bridge_(std::move(bridge)) {}

  Status FillMask(std::span<uint32_t> mask) override {
    rb_string error{};
    const rb_code code = rb_constraint_mask(bridge_.get(), mask.data(), mask.size(), &error);
    return BridgeStatus(code, error).WithContext("grammar");
  }

  Status Accept(TokenId id) override {
    rb_string error{};
    const rb_code code = rb_constraint_accept(bridge_.get(), static_cast<uint32_t>(id), &error);
    return BridgeStatus(code, error).WithContext("grammar");
  }

  bool IsStopped() const override { return rb_constraint_is_stopped(bridge_.get()); }

 private:
  BridgeConstraint bridge_;
};

uint32_t BridgeKind(GrammarKind kind) {
  switch (kind) {
    case GrammarKind::kJsonSchema:
      return RB_JSON_SCHEMA;
    case GrammarKind::kRegex:
      return RB_REGEX;
    case GrammarKind::kLark:
      break;
  }
  return RB_LARK;
}

class LlguidanceFactory : public ConstraintFactory {
 public:
  explicit LlguidanceFactory(BridgeFactory bridge) : bridge_(std::move(bridge)) {}

  Result<std::unique_ptr<Constraint>> Compile(GrammarKind kind,
                                              std::string_view source) const override {
    RL_ASSIGN_OR_RETURN(auto copies, CompileCopies(kind, source, 1));
    return std::move(copies.front());
  }

  Result<std::vector<std::unique_ptr<Constraint>>> CompileCopies(GrammarKind kind,
                                                                 std::string_view source,
                                                                 size_t count) const override {
    RL_ASSIGN_OR_RETURN(BridgeConstraint first, CompileOne(kind, source));
    std::vector<std::unique_ptr<Constraint>> copies;
    while (copies.size() + 1 < count) {
      RL_ASSIGN_OR_RETURN(BridgeConstraint copy, CloneOf(*first));
      copies.push_back(std::make_unique<LlguidanceConstraint>(std::move(copy)));
    }
    copies.push_back(std::make_unique<LlguidanceConstraint>(std::move(first)));
    return copies;
  }

 private:
  Result<BridgeConstraint> CompileOne(GrammarKind kind, std::string_view source) const {
    rb_constraint* raw = nullptr;
    rb_string error{};
    const rb_code code = rb_constraint_new(bridge_.get(), BridgeKind(kind), BridgeBytes(source),
                                           source.size(), &raw, &error);
    RL_RETURN_IF_ERROR(BridgeStatus(code, error).WithContext("grammar"));
    return BridgeConstraint(raw);
  }

  static Result<BridgeConstraint> CloneOf(const rb_constraint& constraint) {
    rb_constraint* raw = nullptr;
    rb_string error{};
    const rb_code code = rb_constraint_clone(&constraint, &raw, &error);
    RL_RETURN_IF_ERROR(BridgeStatus(code, error).WithContext("grammar"));
    return BridgeConstraint(raw);
  }

  BridgeFactory bridge_;
};

// The vocabulary in the layout of rb_vocabulary.
struct FlatVocabulary {
  explicit FlatVocabulary(const Tokenizer& tokenizer)
      : special(std::make_unique<bool[]>(static_cast<size_t>(tokenizer.VocabSize()))) {
    offsets.push_back(0);
    for (TokenId id = 0; id < tokenizer.VocabSize(); ++id) {
      bytes += tokenizer.TokenBytes(id);
      offsets.push_back(bytes.size());
      special[id] = tokenizer.IsSpecial(id);
    }
  }

  std::string bytes;
  std::vector<uint64_t> offsets;
  std::unique_ptr<bool[]> special;
};

}  // namespace

Result<std::unique_ptr<ConstraintFactory>> MakeConstraintFactory(const Tokenizer& tokenizer,
                                                                 std::span<const TokenId> eos_ids) {
  const FlatVocabulary flat(tokenizer);
  const std::vector<uint32_t> ends(eos_ids.begin(), eos_ids.end());
  const rb_vocabulary vocabulary{.bytes = BridgeBytes(flat.bytes),
                                 .offsets = flat.offsets.data(),
                                 .special = flat.special.get(),
                                 .num_tokens = flat.offsets.size() - 1,
                                 .eos_ids = ends.data(),
                                 .num_eos = ends.size()};
  rb_constraint_factory* raw = nullptr;
  rb_string error{};
  const rb_code code = rb_constraint_factory_new(&vocabulary, &raw, &error);
  RL_RETURN_IF_ERROR(BridgeStatus(code, error));
  return std::unique_ptr<ConstraintFactory>(new LlguidanceFactory(BridgeFactory(raw)));
}

}  // namespace redline::text
