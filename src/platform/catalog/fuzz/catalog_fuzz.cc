// libFuzzer entry: any bytes as an entry of the model library, then the choice of a profile from
// it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "platform/catalog/choose.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;
  const EmbeddedFile file{"models/any.yaml",
                          std::string_view(reinterpret_cast<const char*>(data), size)};
  const auto catalog = platform::Catalog::Parse({&file, 1});
  if (!catalog.ok()) return 0;
  const platform::Node node{.name = "host",
                            .hardware = {.num_devices = 4, .memory_bytes = int64_t{1} << 34}};
  for (const auto& entry : catalog->entries()) {
    (void)platform::Lint(entry);
    const auto assessment = platform::Assess(entry, node, {});
    if (assessment.ok() && assessment->fit.fits != assessment->choice.has_value()) abort();
  }
  return 0;
}
