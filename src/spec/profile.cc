#include "spec/profile.h"

#include "base/strings.h"
#include "spec/json.h"
#include "spec/json_fields.h"

namespace redline::spec {

std::string_view NameOf(Evidence::Kind kind) {
  switch (kind) {
    case Evidence::Kind::kPredicted:
      return "predicted";
    case Evidence::Kind::kMeasured:
      return "measured";
    case Evidence::Kind::kNone:
      break;
  }
  return "none";
}

Result<Evidence::Kind> EvidenceKindFromName(std::string_view name) {
  for (const auto kind :
       {Evidence::Kind::kNone, Evidence::Kind::kPredicted, Evidence::Kind::kMeasured}) {
    if (NameOf(kind) == name) return kind;
  }
  return InvalidArgument("evidence is \"none\", \"predicted\" or \"measured\", not \"" +
                         EscapeControl(name) + "\"");
}

std::string FingerprintOf(const EngineConfig& config) {
  EngineConfig what = config;
  what.version.clear();
  what.resolved.clear();
  return Sha256Hex(DumpJson(FieldsToJson(what))).substr(0, 16);
}

nlohmann::json ToJson(const Profile& profile) { return FieldsToJson(profile); }
nlohmann::json ToJson(const Evidence& evidence) { return FieldsToJson(evidence); }

Result<Profile> ProfileFromJson(const nlohmann::json& json) {
  return FieldsFromJson<Profile>(json, UnknownKeys::kIgnore);
}

}  // namespace redline::spec
