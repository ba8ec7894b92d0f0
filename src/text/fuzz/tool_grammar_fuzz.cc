// libFuzzer entry: any bytes as a tool's JSON schema. Its grammars are compiled, too.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "text/constraint.h"
#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"
#include "text/output_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::text;
  static const auto tokenizer = MakeHfTokenizer(TinyTokenizerJson(), {});
  static const auto factory = MakeConstraintFactory(**tokenizer, std::vector<TokenId>{260});
  const std::string schema(reinterpret_cast<const char*>(data), size);
  for (const char* parser : {"hermes", "deepseekv32"}) {
    const ToolDefinition tools[] = {{"f", schema}};
    const auto grammar = ToolCallGrammar(parser, tools, ParallelCalls::kYes);
    if (grammar.ok()) (void)(*factory)->Compile(GrammarKind::kLark, *grammar);
  }
  return 0;
}
