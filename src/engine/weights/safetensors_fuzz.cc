// libFuzzer entry: any bytes as a safetensors file.
#include <cstddef>
#include <cstdint>

#include "engine/weights/dequantize.h"
#include "engine/weights/safetensors_reader.h"
#include "engine/weights/test_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::engine;
  if (size == 0) return 0;
  auto file = SafetensorsFile::Open(MapBytes({reinterpret_cast<const char*>(data), size}));
  if (!file.ok()) return 0;
  for (const TensorView& view : (*file)->tensors()) (void)CheckFinite(view);
  return 0;
}
