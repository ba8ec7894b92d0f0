// The part of Lint() that knows engines with a command line of their own.
#pragma once

#include <vector>

#include "platform/catalog/catalog.h"

namespace redline::platform {

// Appends what is wrong with a profile of an engine that has a resolver: a line it would refuse or
// not run as written, parsers and templates of another model, more GPUs or memory than there is.
void LintEngineProfile(const CatalogEntry& entry, const spec::Profile& profile,
                       std::vector<Defect>& defects);

}  // namespace redline::platform
