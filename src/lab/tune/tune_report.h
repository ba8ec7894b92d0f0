// A run's report: JSON for programs, Markdown, CSV and one HTML page for people. Pure functions.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "lab/tune/tune_result.h"

namespace redline::lab {

struct TuneReport {
  const TuneResult& result;
  std::string model;
  std::string workload_name;
  nlohmann::json workload;  // the WorkloadSpec
  std::string hardware;     // "H200x8", or the name of this machine's processor
  bool is_virtual = false;  // nothing was measured
  std::string command_line;
  std::string publish_command;                     // "": nothing to publish
  std::map<std::string, std::string> environment;  // of the machine
  std::string date;                                // "2026-11-26"
};

nlohmann::json ToJson(const TuneReport& report);
std::string MarkdownOf(const TuneReport& report);
// A row per trial.
std::string CsvOf(const TuneReport& report);
std::string HtmlOf(const TuneReport& report);

// What was found, a sentence each: the winner with its interval, or that there is none.
std::vector<std::string> FindingsOf(const TuneReport& report);

}  // namespace redline::lab
