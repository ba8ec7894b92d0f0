#include "engine/kernels/kv_store/kv_store_loop.h"
#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

void KvStoreAvx2(const KvStoreArgs& args) { StoreHeadsOf<Avx2>(args); }

}  // namespace redline::engine
