// libFuzzer entry: any bytes as each noun that comes over a socket or from a file. What is accepted
// comes back the same after writing and reading it again.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "net/json_body.h"
#include "spec/json.h"
#include "spec/json_fields.h"

namespace {

using nlohmann::json;
using namespace redline;  // NOLINT(google-build-using-namespace)

template <typename T>
void Try(const json& document, Result<T> (*from_json)(const json&)) {
  const auto value = from_json(document);
  if (!value.ok()) return;
  const std::string text = spec::DumpJson(spec::FieldsToJson(*value));
  const auto again = net::ParseJson(text);
  if (!again.ok()) abort();
  const auto reread = from_json(*again);
  if (!reread.ok() || spec::DumpJson(spec::FieldsToJson(*reread)) != text) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto document = net::ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document.ok()) return 0;
  Try(*document, spec::WorkerFromJson);
  Try(*document, spec::InstanceFromJson);
  Try(*document, spec::AssignmentFromJson);
  Try(*document, spec::DeploymentFromJson);
  Try(*document, spec::ProfileFromJson);
  Try(*document, spec::ModelSpecFromJson);
  return 0;
}
