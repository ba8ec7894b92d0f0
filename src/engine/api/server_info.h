// GET /server_info: what was asked for, what runs, and what it takes, as JSON. Pure function.
#pragma once

#include <string>

#include "engine/api/loaded_model.h"
#include "engine/api/serve_options.h"

namespace redline::engine {

// `model` is null while it loads. Holds no secret: the API key is not among the options.
std::string ServerInfo(const ServeOptions& options, const LoadedModel* model,
                       std::string_view status);

}  // namespace redline::engine
