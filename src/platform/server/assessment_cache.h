// What models would be on nodes with GPUs, remembered: an engine's decisions take tens of
// milliseconds each, and the library asks for all of them every few seconds.
#pragma once

#include <map>
#include <string>

#include "platform/catalog/choose.h"

namespace redline::platform {

// Owner: the control thread.
class AssessmentCache {
 public:
  // As Assess() without wishes.
  Result<Assessment> Of(const CatalogEntry& entry, const Node& node);
  // When the library has changed.
  void Clear() { known_.clear(); }

 private:
  std::map<std::string, Assessment> known_;  // by all that it depends on
};

}  // namespace redline::platform
