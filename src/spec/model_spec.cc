#include "spec/model_spec.h"

#include "base/strings.h"
#include "spec/json_fields.h"

namespace redline::spec {
namespace {

bool IsSafeRelativePath(std::string_view path) {
  if (path.empty() || path.size() > 512 || path.front() == '/') return false;
  for (const char byte : path) {
    if (byte == '\\' || static_cast<unsigned char>(byte) < 0x20) return false;
  }
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Status RequireField(const std::string& value, const ModelSource& source, const char* name) {
  if (!value.empty()) return OkStatus();
  return InvalidArgument("a source of kind \"" + source.kind + "\" needs \"" + name + "\"", name);
}

}  // namespace

Status ValidateModelFile(const ModelFile& file) {
  if (!IsSafeRelativePath(file.path))
    return InvalidArgument(
        "\"" + EscapeControl(file.path) + "\" is not a relative path below the model's directory",
        "path");
  if (file.num_bytes < 0) return InvalidArgument("a file has no negative size", "num_bytes");
  if (!IsSha256(file.sha256))
    return InvalidArgument("a SHA-256 is 64 lower-case hexadecimal digits", "sha256");
  return OkStatus();
}

Status ValidateModelSource(const ModelSource& source) {
  if (source.kind == "pypi") {
    RL_RETURN_IF_ERROR(RequireField(source.package, source, "package"));
    return RequireField(source.version, source, "version");
  }
  if (source.kind == "huggingface" || source.kind == "modelscope") {
    RL_RETURN_IF_ERROR(RequireField(source.repo, source, "repo"));
    return RequireField(source.revision, source, "revision");
  }
  static const std::vector<std::string> kKinds = {"pypi", "huggingface", "modelscope"};
  return InvalidArgument("unknown kind of source \"" + EscapeControl(source.kind) + "\"" +
                             DidYouMean(source.kind, kKinds),
                         "kind");
}

Status ValidateModelSpec(const ModelSpec& model) {
  for (const int64_t number :
       {model.num_parameters, model.weight_bytes, model.num_hidden_layers, model.hidden_size,
        model.num_attention_heads, model.num_key_value_heads, model.head_dim, model.vocab_size,
        model.context_length, model.kv_bytes_per_token}) {
    if (number < 0) return InvalidArgument("a model's dimensions are not negative", "spec");
  }
  return OkStatus();
}

nlohmann::json ToJson(const ModelSpec& model) { return FieldsToJson(model); }
nlohmann::json ToJson(const ModelFile& file) { return FieldsToJson(file); }
nlohmann::json ToJson(const ModelSource& source) { return FieldsToJson(source); }

Result<ModelSpec> ModelSpecFromJson(const nlohmann::json& json) {
  RL_ASSIGN_OR_RETURN(auto model, FieldsFromJson<ModelSpec>(json, UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(ValidateModelSpec(model));
  return model;
}

Result<ModelFile> ModelFileFromJson(const nlohmann::json& json) {
  RL_ASSIGN_OR_RETURN(auto file, FieldsFromJson<ModelFile>(json, UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(ValidateModelFile(file));
  return file;
}

Result<ModelSource> ModelSourceFromJson(const nlohmann::json& json) {
  RL_ASSIGN_OR_RETURN(auto source, FieldsFromJson<ModelSource>(json, UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(ValidateModelSource(source));
  return source;
}

}  // namespace redline::spec
