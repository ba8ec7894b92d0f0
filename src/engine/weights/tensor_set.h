// A checkpoint's tensors under canonical names, checked.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "engine/weights/checkpoint.h"
#include "engine/weights/mapped_file.h"
#include "engine/weights/tensor_names.h"

namespace redline::engine {

class TensorSet {
 public:
  // Selects by SelectTensors and reads every weight once: infinite and NaN values are refused.
  static Result<TensorSet> Make(const ModelConfig& config, NameStyle style,
                                const std::vector<TensorView>& file_tensors);

  const TensorView* Find(std::string_view canonical_name) const;
  std::vector<const TensorView*> All() const;
  int64_t num_bytes() const { return num_bytes_; }

 private:
  TensorSet() = default;
  std::vector<TensorView> tensors_;
  std::unordered_map<std::string_view, size_t> index_;  // views into tensors_' names
  int64_t num_bytes_ = 0;
};

// The two kinds of checkpoint; OpenCheckpoint chooses.
Result<std::unique_ptr<Checkpoint>> OpenGgufCheckpoint(std::unique_ptr<MappedFile> file);
Result<std::unique_ptr<Checkpoint>> OpenHfCheckpoint(const std::filesystem::path& directory);

}  // namespace redline::engine
