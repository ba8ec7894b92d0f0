// libFuzzer entry: any bytes as pip's output, as a recipe, as versions and names of Python's.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "backends/install/pip_log.h"
#include "backends/install/python.h"
#include "backends/install/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Status why = backends::WhyPipFailed(text, "install.log");
  if (why.ok() || why.message().size() > 4096 || why.message().find('\n') != std::string::npos)
    abort();
  if (backends::NumCollected(text) > size) abort();
  (void)backends::IsInstalling(text);
  const std::string name = backends::NormalizedName(text);
  if (backends::NormalizedName(name) != name) abort();
  const auto recipe = backends::InstallRecipeFromJson(text);
  if (!recipe.ok()) return 0;
  if (recipe->packages.empty() || recipe->program.empty() || recipe->disk_bytes < 0) abort();
  (void)backends::IsPythonFor(*recipe, text);
  return 0;
}
