#include "lab/report/verdicts.h"

#include <fmt/format.h>

#include <string>

#include "lab/report/number_text.h"
#include "lab/stats/comparison.h"

namespace redline::lab {
namespace {

// What would have made a difference, where none was shown.
std::string VerdictNote(const FigureComparison& figure) {
  if (figure.verdict == Verdict::kFaster || figure.verdict == Verdict::kSlower) return "";
  std::string note;
  if (figure.detectable > 0) note = "shows from " + FormatShare(figure.detectable) + " on";
  if (figure.repeats_needed > 0)
    note += fmt::format("{}{} repeats of each asked for", note.empty() ? "" : ", ",
                        figure.repeats_needed);
  return note;
}

Cell VerdictCell(const FigureComparison& figure) {
  const Tone tone = figure.verdict == Verdict::kFaster   ? Tone::kGood
                    : figure.verdict == Verdict::kSlower ? Tone::kBad
                                                         : Tone::kPlain;
  return {std::string(NameOf(figure.verdict)), VerdictNote(figure), tone};
}

VerdictSection MakeVerdictSection(const NamedMeasurement& a, const NamedMeasurement& b) {
  const Comparison comparison = Compare(a.measurement, b.measurement);
  VerdictSection section{
      .table = {.caption = b.name + " against " + a.name,
                .header = {"figure", "verdict", "ratio", "its interval", a.name, b.name}},
      .notes = comparison.notes};
  for (const FigureComparison& figure : comparison.figures) {
    const bool has_interval = figure.low > 0 || figure.high > 0;
    const std::string interval = FormatRatio(figure.low) + " \u2013 " + FormatRatio(figure.high);
    section.table.rows.push_back({{figure.figure, figure.unit},
                                  VerdictCell(figure),
                                  {FormatRatio(figure.ratio)},
                                  {has_interval ? interval : "-"},
                                  {FormatFigure(figure.a)},
                                  {FormatFigure(figure.b)}});
  }
  return section;
}

bool HaveSameWorkload(const Measurement& left, const Measurement& right) {
  return left.workload_name == right.workload_name && left.workload == right.workload;
}

}  // namespace

std::vector<VerdictSection> MakeVerdicts(NamedMeasurements measurements) {
  std::vector<VerdictSection> sections;
  for (size_t i = 1; i < measurements.size(); ++i) {
    for (size_t before = 0; before < i; ++before) {
      if (!HaveSameWorkload(measurements[before].measurement, measurements[i].measurement))
        continue;
      sections.push_back(MakeVerdictSection(measurements[before], measurements[i]));
      break;
    }
  }
  return sections;
}

}  // namespace redline::lab
