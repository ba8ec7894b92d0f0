#include "engine/kernels/kv_store/kv_store_loop.h"

namespace redline::engine {
namespace {

struct Ref {};

}  // namespace

void KvStoreRef(const KvStoreArgs& args) { StoreHeadsOf<Ref>(args); }

}  // namespace redline::engine
