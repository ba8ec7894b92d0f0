#include "platform/gateway/snapshot.h"

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

using nlohmann::json;

GatewayKey KeyFrom(const json& value) {
  return {value.at("id").get<std::string>(), value.at("sha256").get<std::string>(),
          value.at("scopes").get<std::vector<std::string>>()};
}

GatewayModel ModelFrom(const json& value) {
  GatewayModel model;
  model.name = value.at("name").get<std::string>();
  model.created_at = value.value("created_at", "");
  for (const json& instance : value.at("instances")) {
    model.instances.push_back({instance.at("id").get<std::string>(),
                               instance.at("generation").get<int64_t>(),
                               instance.at("endpoint").get<std::string>()});
  }
  return model;
}

bool HasScope(const GatewayKey& key, std::string_view scope) {
  for (const std::string& has : key.scopes) {
    if (has == scope) return true;
  }
  return false;
}

}  // namespace

const GatewayModel* Snapshot::FindModel(std::string_view name) const {
  for (const GatewayModel& model : models) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

bool Snapshot::Allows(std::string_view key, std::string_view scope) const {
  const std::string digest = Sha256Hex(key);
  bool allowed = false;
  for (const GatewayKey& candidate : keys) {
    const bool equal = ConstantTimeEqual(candidate.sha256, digest);
    allowed = allowed || (equal && HasScope(candidate, scope));
  }
  return allowed;
}

Result<Snapshot> ParseSnapshot(std::string_view text) {
  try {
    const json value = json::parse(text);
    Snapshot snapshot;
    snapshot.revision = value.at("revision").get<int64_t>();
    for (const json& key : value.at("keys")) snapshot.keys.push_back(KeyFrom(key));
    for (const json& model : value.at("models")) snapshot.models.push_back(ModelFrom(model));
    return snapshot;
  } catch (const json::exception& error) {
    return DataLoss(std::string("the gateway's snapshot is not as agreed: ") + error.what());
  }
}

void SnapshotHolder::LoadFromDisk() {
  const auto text = ReadFile(path_);
  if (!text.ok()) return;  // the first start
  auto snapshot = ParseSnapshot(*text);
  if (!snapshot.ok()) {
    LogWarn("gateway", "{}: {}; waiting for the server's", path_.string(),
            snapshot.status().message());
    return;
  }
  std::lock_guard lock(mutex_);
  current_ = std::make_shared<const Snapshot>(std::move(*snapshot));
}

Status SnapshotHolder::Replace(std::string_view text) {
  RL_ASSIGN_OR_RETURN(Snapshot snapshot, ParseSnapshot(text));
  {
    std::lock_guard lock(mutex_);
    current_ = std::make_shared<const Snapshot>(std::move(snapshot));
  }
  return WriteFileAtomic(path_, text, 0600);
}

std::shared_ptr<const Snapshot> SnapshotHolder::Current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace redline::platform
