// Chat templates: the Jinja dialect of Hugging Face models, rendered by `minijinja` with its Python
// compatibility methods (text/bridge). A template has no access to the host; it runs under limits
// on fuel, nesting and output size, and on a thread with a quota of memory (256 MiB) and processor
// time (0.9 s), which fuel keeps an honest template well away from. A template that exceeds the
// quota is refused from then on. Immutable, usable from any thread at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::text {

struct TemplateLimits {
  uint64_t fuel = 3'000'000;  // one unit: an instruction, or 64 bytes written or read
  size_t max_source_bytes = 256 << 10;
  size_t max_output_bytes = 16 << 20;
};

class ChatTemplate {
 public:
  virtual ~ChatTemplate() = default;
  // `context_json`: one JSON object; its keys are the template's variables: "messages" (list of
  // {role, content, ...}), "add_generation_prompt" (bool), "bos_token", "eos_token", "tools" and
  // any chat_template_kwargs. Also provided: raise_exception(), strftime_now(), tojson, namespace.
  // Errors: kInvalidArgument with the template's own message (raise_exception, undefined use);
  // kResourceExhausted when a limit was hit.
  virtual Result<std::string> Render(std::string_view context_json) const = 0;
};

// kInvalidArgument with line and reason when the source does not parse.
Result<std::unique_ptr<ChatTemplate>> CompileChatTemplate(std::string_view source,
                                                          const TemplateLimits& limits = {});

}  // namespace redline::text
