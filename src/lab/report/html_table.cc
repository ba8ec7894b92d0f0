#include "lab/report/html_table.h"

namespace redline::lab {
namespace {

const char* StyleOf(Tone tone) {
  return tone == Tone::kGood ? "good" : tone == Tone::kBad ? "bad" : "";
}

void DrawCell(const Cell& cell, const char* element, Markup& markup) {
  const Markup::Scope scope = markup.Open(element, {{"class", StyleOf(cell.tone)}});
  markup.Text(cell.text);
  if (!cell.note.empty()) markup.Element("small", {}, cell.note);
}

void DrawHeader(const ReportTable& table, Markup& markup) {
  const Markup::Scope head = markup.Open("thead");
  const Markup::Scope row = markup.Open("tr");
  for (const std::string& title : table.header) markup.Element("th", {{"scope", "col"}}, title);
}

}  // namespace

void DrawHtmlTable(const ReportTable& table, Markup& markup) {
  if (table.rows.empty()) return;
  const Markup::Scope box = markup.Open(
      "div",
      {{"class", "scroll"}, {"role", "region"}, {"tabindex", "0"}, {"aria-label", table.caption}});
  const Markup::Scope element =
      markup.Open("table", {{"class", table.has_text_cells ? "words" : "numbers"}});
  markup.Element("caption", {}, table.caption);
  DrawHeader(table, markup);
  const Markup::Scope body = markup.Open("tbody");
  for (const std::vector<Cell>& cells : table.rows) {
    const Markup::Scope row = markup.Open("tr");
    for (size_t column = 0; column < cells.size(); ++column)
      DrawCell(cells[column], column == 0 ? "th" : "td", markup);
  }
}

}  // namespace redline::lab
