#include "platform/store/store.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "net/json_body.h"
#include "platform/store/database.h"
#include "platform/store/open_checks.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

using soci::into;
using soci::session;
using soci::use;

template <typename T>
Result<T> Decode(const std::string& body, Result<T> (*from_json)(const nlohmann::json&)) {
  RL_ASSIGN_OR_RETURN(const nlohmann::json json, net::ParseJson(body));
  return from_json(json);
}

Status BadRow(const char* table, const Status& status) {
  return DataLoss(std::string("the database has a row in \"") + table +
                  "\" that cannot be read: " + status.message());
}

// Rows are updated in place where they exist, so that they keep their position.
long long RowsOf(soci::statement& statement) {
  statement.execute(true);
  return statement.get_affected_rows();
}

void PutBody(session& sql, const std::string& table, const std::string& key_column,
             const std::string& key, const std::string& body) {
  soci::statement update =
      (sql.prepare << "update " + table + " set body = :body where " + key_column + " = :key",
       use(body), use(key));
  if (RowsOf(update) != 0) return;
  sql << "insert into " + table + " (" + key_column + ", body) values (:key, :body)", use(key),
      use(body);
}

void PutInstance(session& sql, const StoredInstance& stored) {
  const std::string body = spec::DumpJson(ToJson(stored.instance));
  const int wanted = stored.wanted ? 1 : 0;
  soci::statement update =
      (sql.prepare << "update instances set wanted = :wanted, body = :body where id = :id",
       use(wanted), use(body), use(stored.instance.id));
  if (RowsOf(update) != 0) return;
  sql << "insert into instances (id, wanted, body) values (:id, :wanted, :body)",
      use(stored.instance.id), use(wanted), use(body);
}

void PutKey(session& sql, const StoredKey& key) {
  const std::string scopes = Join(key.scopes, " ");
  soci::statement update =
      (sql.prepare << "update keys set sha256 = :sha256, scopes = :scopes where id = :id",
       use(key.sha256), use(scopes), use(key.id));
  if (RowsOf(update) != 0) return;
  sql << "insert into keys (id, sha256, scopes) values (:id, :sha256, :scopes)", use(key.id),
      use(key.sha256), use(scopes);
}

void DeleteDeployment(session& sql, const std::string& name) {
  sql << "delete from events where deployment = :name", use(name);
  sql << "delete from deployments where name = :name", use(name);
}

void AddEvent(session& sql, const Event& event) {
  const long long at_ms = event.at_ms;
  sql << "insert into events (deployment, instance_id, at_ms, state, reason) "
         "values (:deployment, :instance_id, :at_ms, :state, :reason)",
      use(event.deployment), use(event.instance_id), use(at_ms), use(event.state),
      use(event.reason);
  // The position of the oldest event to keep; none while there are fewer.
  const int skip = Store::kMaxEvents - 1;
  long long oldest = 0;
  soci::indicator found = soci::i_null;
  sql << "select position from events where deployment = :deployment "
         "order by position desc limit 1 offset :skip",
      use(event.deployment), use(skip), into(oldest, found);
  if (!sql.got_data()) return;
  sql << "delete from events where deployment = :deployment and position < :oldest",
      use(event.deployment), use(oldest);
}

void ApplyAll(session& sql, const WriteBatch& batch) {
  for (const auto& name : batch.delete_deployments) DeleteDeployment(sql, name);
  for (const auto& deployment : batch.put_deployments)
    PutBody(sql, "deployments", "name", deployment.name, spec::DumpJson(ToJson(deployment)));
  for (const auto& id : batch.delete_instances)
    sql << "delete from instances where id = :id", use(id);
  for (const auto& stored : batch.put_instances) PutInstance(sql, stored);
  for (const auto& worker : batch.put_workers)
    PutBody(sql, "workers", "id", worker.id, spec::DumpJson(ToJson(worker)));
  for (const auto& id : batch.delete_workers) sql << "delete from workers where id = :id", use(id);
  for (const auto& key : batch.put_keys) PutKey(sql, key);
  for (const auto& event : batch.events) AddEvent(sql, event);
}

Status LoadInstances(session& sql, std::vector<StoredInstance>& instances) {
  const soci::rowset<soci::row> rows =
      (sql.prepare << "select wanted, body from instances order by position");
  for (const soci::row& row : rows) {
    auto instance = Decode(row.get<std::string>(1), spec::InstanceFromJson);
    if (!instance.ok()) return BadRow("instances", instance.status());
    instances.push_back({std::move(instance).value(), row.get<int>(0) != 0});
  }
  return OkStatus();
}

template <typename T>
Status LoadBodies(session& sql, const char* table, Result<T> (*from_json)(const nlohmann::json&),
                  std::vector<T>& values) {
  const soci::rowset<std::string> bodies =
      (sql.prepare << std::string("select body from ") + table + " order by position");
  for (const std::string& body : bodies) {
    auto value = Decode(body, from_json);
    if (!value.ok()) return BadRow(table, value.status());
    values.push_back(std::move(value).value());
  }
  return OkStatus();
}

void LoadKeys(session& sql, std::vector<StoredKey>& keys) {
  const soci::rowset<soci::row> rows =
      (sql.prepare << "select id, sha256, scopes from keys order by position");
  for (const soci::row& row : rows)
    keys.push_back(
        {row.get<std::string>(0), row.get<std::string>(1), Split(row.get<std::string>(2), ' ')});
}

Status LoadAll(session& sql, StoreContents& contents) {
  RL_RETURN_IF_ERROR(
      LoadBodies(sql, "deployments", spec::DeploymentFromJson, contents.deployments));
  RL_RETURN_IF_ERROR(LoadInstances(sql, contents.instances));
  RL_RETURN_IF_ERROR(LoadBodies(sql, "workers", spec::WorkerFromJson, contents.workers));
  LoadKeys(sql, contents.keys);
  return OkStatus();
}

class SqlStore : public Store {
 public:
  explicit SqlStore(const std::filesystem::path& path) : database_(path) {}

  Status Open(Migrations migrations) {
    RL_RETURN_IF_ERROR(PrepareDatabase(database_, migrations));
    return database_.Run([this](session& sql) {
      long long revision = 0;
      sql << "select value from meta where name = 'revision'", into(revision);
      revision_ = revision;
      return OkStatus();
    });
  }

  Status Apply(const WriteBatch& batch) override {
    if (batch.empty()) return OkStatus();
    const long long next = revision_ + 1;
    RL_RETURN_IF_ERROR(database_.Transact([&](session& sql) {
      ApplyAll(sql, batch);
      sql << "update meta set value = :revision where name = 'revision'", use(next);
      return OkStatus();
    }));
    revision_ = next;
    return OkStatus();
  }

  int64_t revision() const override { return revision_; }

  Result<StoreContents> Load() override {
    StoreContents contents;
    RL_RETURN_IF_ERROR(database_.Run([&](session& sql) { return LoadAll(sql, contents); }));
    return contents;
  }

  Result<std::vector<Event>> EventsOf(const std::string& deployment) override {
    std::vector<Event> events;
    RL_RETURN_IF_ERROR(database_.Run([&](session& sql) {
      const soci::rowset<soci::row> rows =
          (sql.prepare << "select instance_id, at_ms, state, reason from events "
                          "where deployment = :deployment order by position",
           use(deployment));
      for (const soci::row& row : rows)
        events.push_back({row.get<long long>(1), deployment, row.get<std::string>(0),
                          row.get<std::string>(2), row.get<std::string>(3)});
      return OkStatus();
    }));
    return events;
  }

 private:
  Database database_;
  int64_t revision_ = 0;
};

}  // namespace

bool WriteBatch::empty() const {
  return put_deployments.empty() && delete_deployments.empty() && put_instances.empty() &&
         delete_instances.empty() && put_workers.empty() && delete_workers.empty() &&
         put_keys.empty() && events.empty();
}

std::filesystem::path Store::BackupPath(const std::filesystem::path& database, int version) {
  return database.string() + ".v" + std::to_string(version) + ".backup";
}

Result<std::unique_ptr<Store>> Store::Open(const std::filesystem::path& database,
                                           Migrations migrations) {
  auto store = std::make_unique<SqlStore>(database);
  RL_RETURN_IF_ERROR(store->Open(migrations));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace redline::platform
