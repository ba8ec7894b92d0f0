// libFuzzer entry: any bytes as a tokenizer.json.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "text/hf_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = text::MakeHfTokenizer(bytes, {});
  if (!tokenizer.ok()) return 0;
  const auto ids = (*tokenizer)->Encode("hello <s> 你 \n", text::SpecialTokens::kParse);
  if (!ids.ok()) return 0;
  text::StreamDecoder decoder(tokenizer->get());
  std::string decoded;
  for (const text::TokenId id : *ids) {
    if (id < 0 || id >= (*tokenizer)->VocabSize()) abort();
    decoded += decoder.Push(id);
  }
  if (!IsValidUtf8(decoded + decoder.Finish())) abort();
  return 0;
}
