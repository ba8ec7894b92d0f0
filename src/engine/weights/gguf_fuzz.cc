// libFuzzer entry: any bytes as a GGUF model.
#include <cstddef>
#include <cstdint>

#include "engine/weights/tensor_set.h"
#include "engine/weights/test_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)redline::engine::OpenGgufCheckpoint(redline::engine::MapBytes(bytes));
  return 0;
}
