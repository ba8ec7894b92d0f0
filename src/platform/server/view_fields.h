// The one list of each view's fields, as spec/fields.h has them for the nouns.
#pragma once

#include "platform/server/views.h"
#include "spec/fields.h"

namespace redline::platform {

template <typename T>
constexpr bool kIsItems = false;
template <typename T>
constexpr bool kIsItems<Items<T>> = true;

template <typename Visitor, typename T>
requires kIsItems<std::remove_const_t<T>>
void VisitFields(Visitor& visit, T& list) { visit("items", list.items); }

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<DeploymentView> auto& view) {
  VisitFields(visit, view.deployment);
  visit("phase", view.phase);
  visit("reason", view.reason);
  visit("ready_replicas", view.ready_replicas);
  visit("instances", view.instances);
  visit("configuration", view.configuration);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<ConfigurationRow> auto& row) {
  visit("name", row.name);
  visit("requested", row.requested);
  visit("resolved", row.resolved);
  visit("effective", row.effective);
  visit("differs", row.differs);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<ProfileView> auto& view) {
  visit("model", view.model);
  visit("origin", view.origin);
  VisitFields(visit, view.profile);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<ProfilesView> auto& view) {
  visit("items", view.items);
  visit("problems", view.problems);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<PublishBody> auto& body) {
  visit("report", body.report);
  visit("name", body.name);
  visit("goal", body.goal);
  visit("virtual_evidence", body.virtual_evidence);
  visit("model", body.model);
  visit("profile", body.profile);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<EventView> auto& event) {
  visit.Time("at", event.at_ms);
  visit("instance_id", event.instance_id);
  visit("state", event.state);
  visit("reason", event.reason);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<TermView> auto& term) {
  visit("name", term.name);
  visit("bytes", term.bytes);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<FitView> auto& fit) {
  visit("fits", fit.fits);
  visit("needed_bytes", fit.needed_bytes);
  visit("available_bytes", fit.available_bytes);
  visit("worker", fit.worker);
  visit("virtual", fit.is_virtual);
  visit("terms", fit.terms);
  visit("message", fit.message);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<Alternative> auto& alternative) {
  visit("profile", alternative.profile);
  visit("goal", alternative.goal);
  visit("fits", alternative.fits);
  visit("reason", alternative.reason);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<ChosenView> auto& chosen) {
  visit("profile", chosen.profile);
  visit("engine", chosen.engine);
  visit("configuration", chosen.configuration);
  visit("command", chosen.command);
  visit("command_environment", chosen.command_environment);
  visit("why", chosen.why);
  visit("evidence", chosen.evidence);
  visit("alternatives", chosen.alternatives);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<EngineView> auto& engine) {
  visit("name", engine.name);
  visit("version", engine.version);
  visit("is_built_in", engine.is_built_in);
  visit("can_be_installed", engine.can_be_installed);
  visit("installed", engine.installed);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<TextView> auto& text) {
  visit("en", text.en);
  visit("zh", text.zh);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<LibraryModelView> auto& model) {
  visit("name", model.name);
  visit("display_name", model.display_name);
  visit("summary", model.summary);
  visit("license", model.license);
  visit("tags", model.tags);
  visit("spec", model.spec);
  visit("cached", model.cached);
  visit("download_bytes", model.download_bytes);
  visit("fit", model.fit);
  visit("chosen", model.chosen);
  visit("profiles", model.profiles);
  visit("deployments", model.deployments);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<DryRunView> auto& view) {
  VisitFields(visit, view.deployment);
  visit("configuration", view.configuration);
  visit("fit", view.fit);
  visit("command", view.command);
  visit("command_environment", view.command_environment);
  visit("evidence", view.evidence);
  visit("alternatives", view.alternatives);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<ProcessView> auto& process) {
  visit("pid", process.pid);
  visit("uptime_seconds", process.uptime_seconds);
  visit("rss_bytes", process.rss_bytes);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<StatusView> auto& status) {
  visit("version", status.version);
  visit("server", status.server);
  visit("gateway", status.gateway);
  visit("agent", status.agent);
  visit("data_dir", status.data_dir);
  visit("cache_dir", status.cache_dir);
  visit("revision", status.revision);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<VersionView> auto& view) {
  visit("version", view.version);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<LogView> auto& log) {
  visit("instance_id", log.instance_id);
  visit("text", log.text);
  visit("next", log.next);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<MetricsView> auto& view) {
  visit("instance_id", view.instance_id);
  visit("metrics", view.metrics);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<CreateDeploymentBody> auto& body) {
  visit("model", body.model);
  visit("name", body.name);
  visit("profile", body.profile);
  visit("goal", body.goal);
  visit("model_path", body.model_path);
  visit("engine", body.engine);
  visit("arguments", body.arguments);
  visit("environment", body.environment);
  visit("worker", body.worker);
  visit("replicas", body.replicas);
  visit("parameters", body.parameters);
  visit("dry_run", body.dry_run);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<ScaleBody> auto& body) {
  visit("replicas", body.replicas);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<KeyView> auto& key) {
  visit("id", key.id);
  visit("sha256", key.sha256);
  visit("scopes", key.scopes);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<RouteView> auto& route) {
  visit("id", route.id);
  visit("generation", route.generation);
  visit("endpoint", route.endpoint);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<ServedModelView> auto& model) {
  visit("name", model.name);
  visit.Time("created_at", model.created_at_ms);
  visit("virtual", model.is_virtual);
  visit("instances", model.instances);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<SnapshotView> auto& snapshot) {
  visit("revision", snapshot.revision);
  visit("keys", snapshot.keys);
  visit("models", snapshot.models);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<AssignmentsView> auto& view) {
  visit("revision", view.revision);
  visit("assignments", view.assignments);
  visit("log_requests", view.log_requests);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<LogQuestion> auto& question) {
  visit("id", question.id);
  visit("instance_id", question.instance_id);
  visit("after", question.after);
  visit("max_bytes", question.max_bytes);
  visit("metrics_of", question.metrics_of);
  visit("engine", question.engine);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<LogAnswer> auto& answer) {
  visit("text", answer.text);
  visit("next", answer.next);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<StatusReport> auto& report) {
  visit("statuses", report.statuses);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<HeartbeatView> auto& view) {
  visit("heartbeat_seconds", view.heartbeat_seconds);
}

template <typename Visitor>
void VisitFields(Visitor&, spec::Is<EmptyView> auto&) {}

}  // namespace redline::platform
