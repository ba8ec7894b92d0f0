#include "text/chat_template.h"

#include "text/bridge_status.h"

namespace redline::text {
namespace {

struct BridgeTemplateDeleter {
  void operator()(rb_template* tmpl) const { rb_template_free(tmpl); }
};
using BridgeTemplate = std::unique_ptr<rb_template, BridgeTemplateDeleter>;

class JinjaTemplate : public ChatTemplate {
 public:
  explicit JinjaTemplate(BridgeTemplate bridge) : bridge_(std::move(bridge)) {}

  Result<std::string> Render(std::string_view context_json) const override {
    rb_string text{};
    rb_string error{};
    const rb_code code = rb_template_render(bridge_.get(), BridgeBytes(context_json),
                                            context_json.size(), &text, &error);
    RL_RETURN_IF_ERROR(BridgeStatus(code, error).WithContext("chat template"));
    return TakeString(text);
  }

 private:
  BridgeTemplate bridge_;
};

}  // namespace

Result<std::unique_ptr<ChatTemplate>> CompileChatTemplate(std::string_view source,
                                                          const TemplateLimits& limits) {
  const rb_template_limits bridge_limits{limits.fuel, limits.max_source_bytes,
                                         limits.max_output_bytes};
  rb_template* raw = nullptr;
  rb_string error{};
  const rb_code code =
      rb_template_new(BridgeBytes(source), source.size(), &bridge_limits, &raw, &error);
  RL_RETURN_IF_ERROR(BridgeStatus(code, error).WithContext("chat template"));
  return std::unique_ptr<ChatTemplate>(new JinjaTemplate(BridgeTemplate(raw)));
}

}  // namespace redline::text
