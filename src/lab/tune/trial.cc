#include "lab/tune/trial.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"

namespace redline::lab {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<TrialFault, std::string_view>, 9> kFaultNames = {{
    {TrialFault::kNone, "none"},
    {TrialFault::kRefused, "refused"},
    {TrialFault::kDoesNotFit, "does_not_fit"},
    {TrialFault::kCrashedAtLoad, "crashed_at_load"},
    {TrialFault::kHungAtLoad, "hung_at_load"},
    {TrialFault::kPortTaken, "port_taken"},
    {TrialFault::kCrashedInRun, "crashed_in_run"},
    {TrialFault::kWrongAnswers, "wrong_answers"},
    {TrialFault::kInvalid, "invalid"},
}};

GuardToken GuardTokenFromJson(const json& value) {
  return {.text = value.at("text"),
          .logprob = value.at("logprob"),
          .likeliest = value.at("likeliest").get<std::map<std::string, double>>()};
}

}  // namespace

std::string_view NameOf(TrialFault fault) {
  for (const auto& [each, name] : kFaultNames) {
    if (each == fault) return name;
  }
  return "none";
}

Result<TrialFault> TrialFaultFromName(std::string_view name) {
  for (const auto& [fault, each] : kFaultNames) {
    if (each == name) return fault;
  }
  return InvalidArgument(fmt::format("{} is no fault of a trial", Excerpt(name)), "fault");
}

json ToJson(const TrialRun& run) {
  return {{"fault", NameOf(run.fault)},
          {"reason", run.reason},
          {"figures", run.figures},
          {"seconds", run.seconds},
          {"start_seconds", run.start_seconds},
          {"result_file", run.result_file}};
}

Result<TrialRun> TrialRunFromJson(const json& value) {
  try {
    TrialRun run;
    RL_ASSIGN_OR_RETURN(run.fault, TrialFaultFromName(value.at("fault").get<std::string>()));
    value.at("reason").get_to(run.reason);
    value.at("figures").get_to(run.figures);
    value.at("seconds").get_to(run.seconds);
    value.at("start_seconds").get_to(run.start_seconds);
    value.at("result_file").get_to(run.result_file);
    return run;
  } catch (const json::exception& error) {
    return InvalidArgument(fmt::format("run: {}", error.what()), "run");
  }
}

json ToJson(const GuardRun& run) {
  json answers = json::array();
  for (const GuardAnswer& answer : run.answers) {
    json tokens = json::array();
    for (const GuardToken& token : answer.tokens) {
      tokens.push_back(
          {{"text", token.text}, {"logprob", token.logprob}, {"likeliest", token.likeliest}});
    }
    answers.push_back({{"text", answer.text}, {"tokens", std::move(tokens)}});
  }
  return {{"fault", NameOf(run.fault)},
          {"reason", run.reason},
          {"answers", std::move(answers)},
          {"seconds", run.seconds},
          {"start_seconds", run.start_seconds}};
}

Result<GuardRun> GuardRunFromJson(const json& value) {
  try {
    GuardRun run;
    RL_ASSIGN_OR_RETURN(run.fault, TrialFaultFromName(value.at("fault").get<std::string>()));
    value.at("reason").get_to(run.reason);
    value.at("seconds").get_to(run.seconds);
    value.at("start_seconds").get_to(run.start_seconds);
    for (const json& each : value.at("answers")) {
      GuardAnswer answer{.text = each.at("text"), .tokens = {}};
      for (const json& token : each.at("tokens"))
        answer.tokens.push_back(GuardTokenFromJson(token));
      run.answers.push_back(std::move(answer));
    }
    return run;
  } catch (const json::exception& error) {
    return InvalidArgument(fmt::format("answers: {}", error.what()), "answers");
  }
}

}  // namespace redline::lab
