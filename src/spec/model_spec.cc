#include "spec/model_spec.h"

#include <fmt/format.h>

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

// The bounds are far above any model and keep products of them (tokens times bytes per token)
// within 63 bits.
Status ValidateModelSpec(const ModelSpec& model) {
  const struct {
    const char* name;
    int64_t value;
    int log2_limit;
  } dimensions[] = {
      {"num_parameters", model.num_parameters, 50},
      {"weight_bytes", model.weight_bytes, 50},
      {"num_hidden_layers", model.num_hidden_layers, 16},
      {"hidden_size", model.hidden_size, 20},
      {"num_attention_heads", model.num_attention_heads, 16},
      {"num_key_value_heads", model.num_key_value_heads, 16},
      {"head_dim", model.head_dim, 16},
      {"vocab_size", model.vocab_size, 24},
      {"context_length", model.context_length, 24},
      {"kv_bytes_per_token", model.kv_bytes_per_token, 22},
  };
  for (const auto& dimension : dimensions) {
    if (dimension.value >= 0 && dimension.value <= int64_t{1} << dimension.log2_limit) continue;
    return InvalidArgument(fmt::format("{} must be from 0 to 2^{}, not {}", dimension.name,
                                       dimension.log2_limit, dimension.value),
                           dimension.name);
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
