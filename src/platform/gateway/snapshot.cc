#include "platform/gateway/snapshot.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

using nlohmann::json;

// Of "2026-01-02T03:04:05Z", with or without a fraction; 0 when it is not a time.
int64_t SecondsOf(const std::string& rfc3339) {
  tm parts{};
  if (strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return 0;
  return timegm(&parts);
}

GatewayKey KeyFrom(const json& value) {
  return {value.at("id").get<std::string>(), value.at("sha256").get<std::string>(),
          value.at("scopes").get<std::vector<std::string>>()};
}

GatewayModel ModelFrom(const json& value) {
  GatewayModel model;
  model.name = value.at("name").get<std::string>();
  model.created = SecondsOf(value.value("created_at", ""));
  model.is_virtual = value.value("virtual", false);
  for (const json& instance : value.at("instances")) {
    model.instances.push_back({instance.at("id").get<std::string>(),
                               instance.at("generation").get<int64_t>(),
                               instance.at("endpoint").get<std::string>()});
  }
  return model;
}

}  // namespace

const GatewayModel* Snapshot::FindModel(std::string_view name) const {
  for (const GatewayModel& model : models) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

const GatewayKey* Snapshot::FindKey(std::string_view key) const {
  const std::string digest = Sha256Hex(key);
  const GatewayKey* found = nullptr;
  for (const GatewayKey& candidate : keys) {
    if (ConstantTimeEqual(candidate.sha256, digest)) found = &candidate;
  }
  return found;
}

bool GatewayKey::HasScope(std::string_view scope) const {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
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
