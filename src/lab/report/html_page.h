// The frame of every page that is one file: head with its style sheet, body, the script of the copy
// buttons. What is not escaped text could not load or run anything from elsewhere.
#pragma once

#include <functional>
#include <string>

#include "lab/report/markup.h"

namespace redline::lab {

// `draw_body` draws what is between <body> and the script.
std::string HtmlPage(const std::string& title, const std::function<void(Markup&)>& draw_body);

// Text that is meant to be copied, with a button for it.
void DrawCode(const std::string& text, Markup& markup);

}  // namespace redline::lab
