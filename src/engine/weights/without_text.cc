// Stands in for the text room in a tree that lacks it: models then serve token ids only.
#include "text/tokenizer.h"

namespace redline::text {

Result<std::unique_ptr<Tokenizer>> LoadHfTokenizer(const std::filesystem::path&) {
  return std::unique_ptr<Tokenizer>();
}

Result<std::unique_ptr<Tokenizer>> MakeGgufTokenizer(const GgufVocabulary&) {
  return std::unique_ptr<Tokenizer>();
}

}  // namespace redline::text
