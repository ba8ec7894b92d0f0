// Profiles that are published here, beside the library's.
#include <fmt/format.h>

#include "base/files.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "platform/profiles/tuned_profile.h"
#include "platform/server/api_io.h"
#include "platform/server/library.h"
#include "spec/deployment.h"

namespace redline::platform {
namespace {

constexpr uint64_t kMostReportBytes = uint64_t{16} << 20;
constexpr char kUser[] = "user";
constexpr char kLibrary[] = "library";

std::string QueryText(const net::HttpRequest& request, const char* name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

void AddProfiles(const ControlPlane& plane, const CatalogEntry& entry, const std::string& origin,
                 ProfilesView& view) {
  size_t index = 0;
  for (spec::Profile& profile : ProfilesOf(plane, entry)) {
    const char* its_origin = index++ < entry.num_user_profiles ? kUser : kLibrary;
    if (origin.empty() || origin == its_origin)
      view.items.push_back({entry.name, its_origin, std::move(profile)});
  }
}

// The models whose profiles are asked for.
Result<std::vector<const CatalogEntry*>> EntriesOf(const ControlPlane& plane,
                                                   const std::string& model) {
  std::vector<const CatalogEntry*> entries;
  if (!model.empty()) {
    RL_ASSIGN_OR_RETURN(const CatalogEntry* entry, plane.catalog.Find(model));
    return std::vector{entry};
  }
  for (const CatalogEntry& entry : plane.catalog.entries()) entries.push_back(&entry);
  return entries;
}

// What the job of the lab found.
Result<TunedProfile> FromReport(const ControlPlane& plane, const PublishBody& body) {
  if (body.profile || !body.model.empty())
    return InvalidArgument("\"report\" stands instead of \"model\" and \"profile\": leave one out",
                           "report");
  RL_RETURN_IF_ERROR(spec::ValidateId(body.report, "report"));
  const auto text = ReadFile(plane.layout.lab_job(body.report) / "result.json", kMostReportBytes);
  if (text.status().code() == Code::kNotFound)
    return NotFound(fmt::format("the lab has no finished tuning job \"{}\": GET /api/v1/lab/jobs "
                                "lists those there are",
                                Excerpt(body.report)),
                    "report");
  if (!text.ok()) return text.status();
  const auto result = net::ParseJsonObject(*text);
  if (!result.ok()) return result.status().WithContext("result.json of job " + body.report);
  const auto tuned = ProfileOfTuneResult(plane.catalog, *result,
                                         {.name = body.name,
                                          .goal = body.goal,
                                          .source = "job " + body.report + " of the lab",
                                          .accepts_virtual = body.virtual_evidence});
  return tuned;
}

Result<TunedProfile> FromBody(const ControlPlane& plane, const PublishBody& body) {
  if (!body.report.empty()) return FromReport(plane, body);
  if (!body.profile || body.model.empty())
    return InvalidArgument(
        "\"report\", the id of a tuning job, or \"model\" and \"profile\" are missing", "report");
  if (!body.name.empty() || !body.goal.empty() || body.virtual_evidence)
    return InvalidArgument(
        "\"name\", \"goal\" and \"virtual_evidence\" are of a report: the profile has its own",
        "name");
  TunedProfile published;
  RL_ASSIGN_OR_RETURN(published.entry, plane.catalog.Find(body.model));
  RL_ASSIGN_OR_RETURN(published.profile, CheckProfile(*published.entry, *body.profile));
  return published;
}

std::string PublishedText(const CatalogEntry& entry) {
  std::string text;
  for (size_t index = 0; index < entry.num_user_profiles; ++index)
    text += spec::DumpJson(spec::ToJson(entry.profiles[index]));
  return text;
}

// The files as they are now; what was wrong with them. What was assessed is forgotten when they
// have changed, and not otherwise: it is dear.
std::vector<std::string> Reload(ControlPlane& plane, const CatalogEntry& entry) {
  const std::string before = PublishedText(entry);
  auto problems = plane.profiles.LoadInto(plane.catalog, entry);
  if (PublishedText(entry) != before) plane.assessments.Clear();
  return problems;
}

Result<ProfileView> ViewOf(const ControlPlane& plane, const CatalogEntry& entry,
                           const std::string& name) {
  ProfilesView view;
  AddProfiles(plane, entry, kUser, view);
  for (ProfileView& each : view.items) {
    if (each.profile.name == name) return std::move(each);
  }
  return NotFound(fmt::format("{} has no published profile \"{}\"", entry.name, Excerpt(name)),
                  "name");
}

}  // namespace

Result<Answer> ListProfiles(ControlPlane& plane, const net::HttpRequest& request) {
  const std::string origin = QueryText(request, "origin");
  if (!origin.empty() && origin != kUser && origin != kLibrary)
    return InvalidArgument(
        fmt::format("origin must be user or library, not \"{}\"", Excerpt(origin)), "origin");
  RL_ASSIGN_OR_RETURN(const auto entries, EntriesOf(plane, QueryText(request, "model")));
  ProfilesView view;
  for (const CatalogEntry* entry : entries) {
    // Files may have been put there by hand, or by a command.
    const auto problems = Reload(plane, *entry);
    view.problems.insert(view.problems.end(), problems.begin(), problems.end());
    AddProfiles(plane, *entry, origin, view);
  }
  return AnswerWith(view);
}

Result<Answer> PublishProfile(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const auto body, ReadBody<PublishBody>(request, spec::UnknownKeys::kRefuse));
  RL_ASSIGN_OR_RETURN(const TunedProfile published, FromBody(plane, body));
  RL_ASSIGN_OR_RETURN(const bool replaced, plane.profiles.Put(*published.entry, published.profile));
  Reload(plane, *published.entry);
  RL_ASSIGN_OR_RETURN(const ProfileView view,
                      ViewOf(plane, *published.entry, published.profile.name));
  return AnswerWith(view, replaced ? 200 : 201);
}

Result<Answer> DeleteProfile(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const CatalogEntry* entry, plane.catalog.Find(PathParam(request, "model")));
  const std::string name = PathParam(request, "name");
  const auto view = ViewOf(plane, *entry, name);
  RL_RETURN_IF_ERROR(plane.profiles.Remove(*entry, name));
  Reload(plane, *entry);
  return AnswerWith(view.ok() ? *view : ProfileView{.model = entry->name, .origin = kUser});
}

}  // namespace redline::platform
