// libFuzzer entry: any bytes as a config.json. What is accepted can be counted, divided and shown,
// and a rank never has more than the whole.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "planner/model/cache_bytes.h"
#include "planner/model/model_shape_reader.h"
#include "planner/model/rank_weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::planner;  // NOLINT(google-build-using-namespace)
  const auto shape =
      ModelShapeFromText(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!shape.ok()) return 0;
  if (shape->groups.empty() || shape->group_of_layer.empty()) abort();
  const int64_t parameters = ParametersOf(*shape).Total();
  const int64_t active = ActiveParametersOf(*shape);
  if (parameters <= 0 || active <= 0 || active > parameters || ScalesOf(*shape) < 0) abort();
  WeightPlacement whole;
  whole.loads_prediction = true;
  const auto alone = HeaviestRank(*shape, whole);
  if (!alone.ok() || alone->bytes != BytesOf(*shape)) abort();
  const auto divided = HeaviestRank(*shape, TensorParallel(8, 4));
  if (!divided.ok() || divided->bytes.Total() > alone->bytes.Total()) abort();
  if (CacheBytesPerToken(*shape, CacheDtype::kFp8, 8) < 0) abort();
  if (ToJson(*shape).empty()) abort();
  return 0;
}
