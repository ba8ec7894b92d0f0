#include "app/local_plan.h"

#include <nlohmann/json.hpp>

#include "app/library_here.h"
#include "app/this_node.h"
#include "platform/catalog/choose.h"
#include "platform/catalog/offers.h"
#include "platform/catalog/shown_command.h"
#include "spec/json.h"

namespace redline::app {
namespace {

using nlohmann::json;

Result<platform::Wishes> WishesOf(const json& body) {
  platform::Wishes wishes{
      .profile = body.value("profile", ""),
      .goal = body.value("goal", ""),
      .parameters = {},
      .engine = body.value("engine", ""),
      .arguments = body.value("arguments", std::vector<std::string>()),
      .environment = body.value("environment", std::map<std::string, std::string>())};
  if (body.contains("parameters")) {
    RL_ASSIGN_OR_RETURN(wishes.parameters, spec::ParametersFromJson(body["parameters"]));
  }
  return wishes;
}

json AlternativesJson(const platform::Choice& choice) {
  json alternatives = json::array();
  for (const platform::Alternative& each : choice.alternatives)
    alternatives.push_back({{"profile", each.profile},
                            {"goal", each.goal},
                            {"fits", each.fits},
                            {"reason", each.reason}});
  return alternatives;
}

}  // namespace

Result<json> PlanHere(const json& body, const std::filesystem::path& data_dir) {
  RL_ASSIGN_OR_RETURN(const LibraryHere library, ReadLibraryHere(data_dir));
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry,
                      library.catalog.Find(body.value("model", "")));
  RL_ASSIGN_OR_RETURN(const platform::Wishes wishes, WishesOf(body));
  const platform::Node node = ThisNode();
  RL_ASSIGN_OR_RETURN(const auto assessment, Assess(*entry, node, wishes));
  if (!assessment.choice)
    return FailedPrecondition(platform::WithOffers(
        assessment.fit.message, OffersFor(library.catalog, *entry, node, wishes)));
  const std::string name = body.value("name", entry->name);
  // With the model's name where the agent would put its path.
  const auto command = platform::ShownCommand({.engine = assessment.choice->engine,
                                               .on_gpus = assessment.choice->gpus.count > 0,
                                               .model_path = entry->name,
                                               .served_name = name,
                                               .socket = "INSTANCE.sock"});
  json terms = json::array();
  for (const auto& term : assessment.fit.terms)
    terms.push_back({{"name", term.name}, {"bytes", term.num_bytes}});
  return json{{"name", name},
              {"model", entry->name},
              {"profile", assessment.choice->profile},
              {"engine", spec::ToJson(assessment.choice->engine)},
              {"why", assessment.choice->why},
              {"evidence", spec::ToJson(assessment.choice->evidence)},
              {"alternatives", AlternativesJson(*assessment.choice)},
              {"fit",
               {{"fits", assessment.fit.fits},
                {"needed_bytes", assessment.fit.needed_bytes},
                {"available_bytes", assessment.fit.available_bytes},
                {"worker", assessment.fit.worker},
                {"virtual", assessment.fit.is_virtual},
                {"terms", std::move(terms)},
                {"message", assessment.fit.message}}},
              {"command", command.argv},
              {"command_environment", command.env}};
}

}  // namespace redline::app
