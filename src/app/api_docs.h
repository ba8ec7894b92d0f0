// docs/api.md, made from the table that validates requests.
#pragma once

#include <string>

namespace redline::app {

std::string ApiMarkdown();

}  // namespace redline::app
