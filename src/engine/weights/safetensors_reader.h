// The safetensors container, one file: tensor views from its JSON header.
//
// Source: the safetensors format (8-byte header length, JSON, data). The header is at most 100 MB
// and must lie within the file; names are unique; every tensor's byte range is inside the file, has
// the length its shape and dtype ask for, and overlaps no other. F32, F16 and BF16; other dtypes
// are refused by name (kUnimplemented). Tensors whose bytes are not aligned for their dtype (old
// files) are copied. Immutable after Open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/tensor.h"
#include "engine/weights/mapped_file.h"

namespace redline::engine {

class SafetensorsFile {
 public:
  static Result<std::unique_ptr<SafetensorsFile>> Open(std::unique_ptr<MappedFile> file);

  const std::vector<TensorView>& tensors() const { return tensors_; }
  const MappedFile& file() const { return *file_; }

 private:
  explicit SafetensorsFile(std::unique_ptr<MappedFile> file) : file_(std::move(file)) {}

  friend class SafetensorsParser;

  std::unique_ptr<MappedFile> file_;
  std::vector<TensorView> tensors_;
  std::vector<std::unique_ptr<std::byte[]>> realigned_;
};

}  // namespace redline::engine
