// The GGUF container (versions 2 and 3, little-endian): typed metadata and tensor views.
//
// Source: the GGUF specification of ggml. Every count, length, offset and type is checked against
// the file's size before it is used; the header is kept as bytes and arrays are decoded on demand,
// so that memory is bounded by the header's own size. Refused: duplicate keys or tensor names,
// overlapping tensors, nested arrays, files cut short (kDataLoss); element types this engine does
// not have, split files, version 1, big-endian files (kUnimplemented, named). Immutable after Open.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/tensor.h"
#include "engine/weights/gguf_types.h"
#include "engine/weights/mapped_file.h"

namespace redline::engine {

class GgufFile {
 public:
  static Result<std::unique_ptr<GgufFile>> Open(std::unique_ptr<MappedFile> file);

  // Absent keys give nullopt; a value of another type gives kDataLoss naming the key.
  Result<std::optional<int64_t>> Int(std::string_view key) const;
  Result<std::optional<double>> Float(std::string_view key) const;
  Result<std::optional<bool>> Bool(std::string_view key) const;
  Result<std::optional<std::string>> String(std::string_view key) const;
  Result<std::vector<std::string>> Strings(std::string_view key) const;  // absent: empty
  Result<std::vector<int32_t>> Ints(std::string_view key) const;
  Result<std::vector<float>> Floats(std::string_view key) const;
  bool Has(std::string_view key) const { return metadata_.contains(key); }

  // Under the file's own names, in the file's order; shapes outermost first.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  const MappedFile& file() const { return *file_; }

 private:
  explicit GgufFile(std::unique_ptr<MappedFile> file) : file_(std::move(file)) {}
  template <typename T>
  Result<std::optional<T>> Scalar(std::string_view key, std::string_view type_name) const;
  Result<GgufArray> Array(std::string_view key) const;
  Status WrongType(std::string_view key, std::string_view expected) const;

  friend class GgufParser;

  std::unique_ptr<MappedFile> file_;
  std::string header_;  // the file's first bytes: metadata and tensor infos
  std::map<std::string, GgufValue, std::less<>> metadata_;  // views into header_
  std::vector<TensorView> tensors_;
};

}  // namespace redline::engine
