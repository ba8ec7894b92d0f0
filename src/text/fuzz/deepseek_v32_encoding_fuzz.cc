// libFuzzer entry: any bytes as the context of DeepSeek-V3.2's chat encoding.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "text/deepseek_v32_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto rendered = text::MakeDeepSeekV32Encoding()->Render(bytes);
  if (rendered.ok() && !IsValidUtf8(*rendered)) abort();
  return 0;
}
