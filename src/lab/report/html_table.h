#pragma once

#include "lab/report/markup.h"
#include "lab/report/report_tables.h"

namespace redline::lab {

// A table that scrolls sideways by itself where the page is too narrow. Nothing without rows.
void DrawHtmlTable(const ReportTable& table, Markup& markup);

}  // namespace redline::lab
