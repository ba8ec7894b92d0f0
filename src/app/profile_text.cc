#include "app/profile_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "app/output.h"
#include "base/shell.h"
#include "base/strings.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr size_t kValueWidth = 100;

std::string HardwareText(const json& hardware) {
  const auto models = hardware.value("models", std::vector<std::string>());
  return fmt::format("{} x {}{}", hardware.value("min_devices", int64_t{1}),
                     hardware.value("device", ""),
                     models.empty() ? "" : " " + Join(models, " or "));
}

std::string EngineText(const json& engine) {
  const std::string version = engine.value("version", "");
  return engine.value("engine", "") + (version.empty() ? "" : "@" + version);
}

std::string RatioText(const json& figures) {
  if (!figures.contains("ratio")) return "";
  const auto number = [&](const char* name) {
    return figures.contains(name) && figures[name].is_number() ? figures[name].get<double>() : 0;
  };
  return fmt::format(" x{:.2f} ({:.2f} to {:.2f})", number("ratio"), number("ratio_low"),
                     number("ratio_high"));
}

std::string EvidenceText(const json& evidence) {
  const std::string kind = evidence.value("kind", "none");
  return (kind == "predicted" ? "VIRTUAL, predicted" : kind) +
         RatioText(evidence.value("figures", json::object()));
}

void AddFields(const json& object, std::vector<std::vector<std::string>>& rows) {
  for (const auto& [name, value] : object.items())
    rows.push_back({name, CellOf(value, kValueWidth)});
}

std::string Section(const char* title, const json& object) {
  if (object.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  AddFields(object, rows);
  return fmt::format("\n{}", FormatTable({title, "VALUE"}, rows));
}

std::string CommandText(const json& engine) {
  std::string line = EngineText(engine);
  for (const std::string& word : engine.value("arguments", std::vector<std::string>()))
    line += " " + ShellWord(word);
  const json requested = engine.value("requested", json::object());
  for (const auto& [name, value] : requested.items())
    line += fmt::format(" {}={}", name, CellOf(value, kValueWidth));
  return line;
}

std::string Sentences(const char* title, const json& evidence, const char* field) {
  std::string text;
  for (const std::string& each : evidence.value(field, std::vector<std::string>()))
    text += fmt::format("{}: {}\n", title, EscapeControl(each));
  return text;
}

std::string EvidencePage(const json& evidence) {
  if (evidence.value("kind", "none") == "none")
    return "\nEvidence: none; nobody has measured this profile yet.\n";
  std::string text = fmt::format(
      "\nEvidence: {}\n{} by {} on {}, {}\n", EscapeControl(evidence.value("summary", "")),
      evidence.value("kind", ""), EscapeControl(evidence.value("engine", "")),
      evidence.value("date", "").empty() ? "a day that is not told" : evidence.value("date", ""),
      EscapeControl(evidence.value("source", "")));
  text += Sentences("Flaw", evidence, "flaws") + Sentences("Stale", evidence, "stale");
  text += Section("FIGURE", evidence.value("figures", json::object()));
  text += Section("RESOLVED", evidence.value("resolved", json::object()));
  text += Section("ENVIRONMENT", evidence.value("environment", json::object()));
  const json baseline = evidence.value("baseline", json::object());
  if (!baseline.value("engine", "").empty())
    text += fmt::format("\nBaseline: {}\n", EscapeControl(CommandText(baseline)));
  if (const std::string command = evidence.value("command", ""); !command.empty())
    text += fmt::format("Found by: {}\n", EscapeControl(command));
  return text;
}

}  // namespace

std::string ProfileTable(const json& items) {
  std::vector<std::vector<std::string>> rows;
  for (const json& each : items) {
    const json evidence = each.value("evidence", json::object());
    rows.push_back({each.value("model", ""), each.value("name", ""), each.value("origin", ""),
                    each.value("goal", ""),
                    Excerpt(HardwareText(each.value("hardware", json::object())), 40),
                    EngineText(each.value("engine", json::object())), EvidenceText(evidence),
                    evidence.value("stale", json::array()).empty() ? "" : "yes"});
  }
  return FormatTable({"MODEL", "NAME", "ORIGIN", "GOAL", "HARDWARE", "ENGINE", "EVIDENCE", "STALE"},
                     rows);
}

std::string ProfilePage(const json& profile) {
  const json engine = profile.value("engine", json::object());
  std::string text =
      fmt::format("{}/{} ({})\n", profile.value("model", ""), profile.value("name", ""),
                  profile.value("origin", "") == "user" ? "published here" : "of the library");
  text += fmt::format("For {}, goal {}, workload {}\n",
                      EscapeControl(HardwareText(profile.value("hardware", json::object()))),
                      profile.value("goal", "").empty() ? "not told" : profile.value("goal", ""),
                      EscapeControl(profile.value("workload", "")));
  text += fmt::format("Runs {}\n", EscapeControl(CommandText(engine)));
  text += Section("VARIABLE", engine.value("environment", json::object()));
  text += EvidencePage(profile.value("evidence", json::object()));
  return text;
}

}  // namespace redline::app
