#include "engine/kernels/kv_store/kv_store_loop.h"
#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

void KvStoreAvx512(const KvStoreArgs& args) { StoreHeadsOf<Avx512>(args); }

}  // namespace redline::engine
