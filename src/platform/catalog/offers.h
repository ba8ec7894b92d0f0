// What a user could have instead of a deployment that does not fit. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "platform/catalog/choose.h"
#include "spec/hardware_profile.h"

namespace redline::platform {

// A sentence each, with the arithmetic: another profile of the model, more devices, a smaller
// model of the library. Empty: nothing is known that would fit.
std::vector<std::string> OffersFor(const Catalog& catalog, const CatalogEntry& entry,
                                   const Node& node, const Wishes& wishes);

// Hardware that need not be here as a node that nobody uses.
Node NodeOf(const spec::HardwareProfile& hardware);

// The message with what would fit behind it.
std::string WithOffers(const std::string& message, const std::vector<std::string>& offers);

}  // namespace redline::platform
