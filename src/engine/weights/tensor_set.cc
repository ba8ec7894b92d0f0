#include "engine/weights/tensor_set.h"

#include "engine/weights/dequantize.h"

namespace redline::engine {

Result<TensorSet> TensorSet::Make(const ModelConfig& config, NameStyle style,
                                  const std::vector<TensorView>& file_tensors) {
  TensorSet set;
  RL_ASSIGN_OR_RETURN(set.tensors_, SelectTensors(config, style, file_tensors));
  for (size_t i = 0; i < set.tensors_.size(); ++i) {
    RL_RETURN_IF_ERROR(CheckFinite(set.tensors_[i]));
    set.index_.emplace(set.tensors_[i].name, i);
    set.num_bytes_ += set.tensors_[i].num_bytes;
  }
  return set;
}

const TensorView* TensorSet::Find(std::string_view canonical_name) const {
  const auto entry = index_.find(canonical_name);
  return entry == index_.end() ? nullptr : &tensors_[entry->second];
}

std::vector<const TensorView*> TensorSet::All() const {
  std::vector<const TensorView*> all;
  for (const TensorView& view : tensors_) all.push_back(&view);
  return all;
}

}  // namespace redline::engine
