// libFuzzer entry: any bytes as a chat template, and after a zero byte as its context.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "text/chat_template.h"
#include "text/parser_choice.h"

namespace {

constexpr std::string_view kContext =
    R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null,
        "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"x": [1.5, true]}}}]}],
        "tools": [{"function": {"name": "f"}}], "add_generation_prompt": true, "bos_token": "<s>"})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t end = bytes.find('\0');
  const std::string_view source = bytes.substr(0, end);
  const std::string_view context = end == bytes.npos ? kContext : bytes.substr(end + 1);
  (void)text::SuggestParsers(source);
  const text::TemplateLimits limits = {.fuel = 20'000, .max_output_bytes = 1 << 20};
  const auto compiled = text::CompileChatTemplate(source, limits);
  if (!compiled.ok()) return 0;
  const auto rendered = (*compiled)->Render(context);
  if (rendered.ok() && !IsValidUtf8(*rendered)) abort();
  return 0;
}
