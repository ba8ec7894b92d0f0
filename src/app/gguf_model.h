// A model for the planner from a GGUF's header.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/status.h"
#include "planner/predict/configure.h"

namespace redline::app {

// Reads the header alone. Its name is the file's without ".gguf". Errors: those of a GGUF that the
// native engine would not serve, with what it lacks.
Result<planner::KnownModel> ModelOfGguf(const std::filesystem::path& path);

// The same of a model of the library that is a GGUF, from the model cache; nullopt: `name` is not
// in the library, or is no GGUF there. kNotFound with the remedy when it was not fetched.
Result<std::optional<planner::KnownModel>> GgufOfLibrary(const std::string& name);

}  // namespace redline::app
