#include "engine/export/safetensors_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "engine/export/export_dtype.h"
#include "engine/weights/dequantize.h"

namespace redline::engine {
namespace {

constexpr size_t kFlushBytes = size_t{4} << 20;
constexpr size_t kHeaderAlignment = 8;

// A new file, written through a buffer.
class OutputFile {
 public:
  static Result<OutputFile> Create(const std::filesystem::path& path) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd.valid()) return ErrnoStatus("cannot create " + path.string(), errno);
    return OutputFile(std::move(fd), path.string());
  }

  std::string& buffer() { return buffer_; }
  int64_t num_written() const { return num_written_; }

  Status Flush() {
    for (std::string_view rest = buffer_; !rest.empty();) {
      const ssize_t count = ::write(fd_.get(), rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus("cannot write " + name_, errno);
      rest.remove_prefix(static_cast<size_t>(count));
    }
    num_written_ += static_cast<int64_t>(buffer_.size());
    buffer_.clear();
    return OkStatus();
  }

  Status Sync() {
    if (::fsync(fd_.get()) != 0) return ErrnoStatus("cannot sync " + name_, errno);
    return OkStatus();
  }

 private:
  OutputFile(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  UniqueFd fd_;
  std::string name_;
  std::string buffer_;
  int64_t num_written_ = 0;
};

// Which row of the GGUF's tensor is Hugging Face's row `row`. The converter for "llama" moved,
// within each head, (half, i) to (i, half).
int64_t InterleavedRow(int64_t row, int64_t head_dim) {
  const int64_t in_head = row % head_dim;
  const int64_t half = in_head / (head_dim / 2);
  const int64_t index = in_head % (head_dim / 2);
  return row - in_head + index * 2 + half;
}

bool HasMovedRows(const ModelConfig& config, const TensorView& view) {
  return config.rope_layout == RopeLayout::kInterleaved &&
         (view.name.ends_with(".q_proj.weight") || view.name.ends_with(".k_proj.weight"));
}

template <typename T>
void AppendBytes(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendAs(DType dtype, const std::vector<float>& values, std::string& out) {
  for (const float value : values) {
    if (dtype == DType::kF16) {
      AppendBytes(F32ToF16(value), out);
    } else if (dtype == DType::kBF16) {
      AppendBytes(F32ToBF16(value), out);
    } else {
      AppendBytes(value, out);
    }
  }
}

// Beyond the largest value a type would round to infinity.
Status CheckHolds(const ExportDType& info, const std::vector<float>& values,
                  const std::string& name) {
  for (const float value : values) {
    if (std::abs(value) <= info.max) continue;
    return InvalidArgument(
        fmt::format("{} of the model holds {}, and --dtype {} ends at {}; take --dtype {}", name,
                    value, info.name, info.max, info.dtype == DType::kF16 ? "bfloat16" : "float32"),
        "dtype");
  }
  return OkStatus();
}

Status AppendTensor(const TensorView& view, const ModelConfig& config, DType dtype,
                    const OnBytesWritten& on_written, OutputFile& file) {
  const int64_t row_elements = view.shape.back();
  const int64_t num_rows = view.NumElements() / row_elements;
  const int64_t row_bytes = BytesOf(view.dtype, row_elements);
  const bool moved = HasMovedRows(config, view);
  std::vector<float> values(static_cast<size_t>(row_elements));
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t source = moved ? InterleavedRow(row, config.head_dim) : row;
    Dequantize(view.dtype, view.data + source * row_bytes, row_elements, values.data());
    RL_RETURN_IF_ERROR(CheckHolds(ExportInfoOf(dtype), values, view.name));
    AppendAs(dtype, values, file.buffer());
    if (file.buffer().size() < kFlushBytes) continue;
    RL_RETURN_IF_ERROR(file.Flush());
    RL_RETURN_IF_ERROR(on_written(file.num_written()));
  }
  return OkStatus();
}

}  // namespace

int64_t SafetensorsDataBytes(const Checkpoint& checkpoint, DType dtype) {
  int64_t num_bytes = 0;
  for (const TensorView* view : checkpoint.AllTensors())
    num_bytes += BytesOf(dtype, view->NumElements());
  return num_bytes;
}

std::string SafetensorsPrefix(const Checkpoint& checkpoint, DType dtype) {
  nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}};
  int64_t begin = 0;
  for (const TensorView* view : checkpoint.AllTensors()) {
    const int64_t end = begin + BytesOf(dtype, view->NumElements());
    header[view->name] = {{"dtype", ExportInfoOf(dtype).safetensors_name},
                          {"shape", view->shape},
                          {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  std::string prefix;
  AppendBytes(uint64_t{text.size()}, prefix);
  return prefix + text;
}

Status WriteSafetensors(const std::filesystem::path& path, const Checkpoint& checkpoint,
                        DType dtype, const OnBytesWritten& on_written) {
  RL_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  file.buffer() = SafetensorsPrefix(checkpoint, dtype);
  for (const TensorView* view : checkpoint.AllTensors())
    RL_RETURN_IF_ERROR(AppendTensor(*view, checkpoint.config(), dtype, on_written, file));
  RL_RETURN_IF_ERROR(file.Flush());
  RL_RETURN_IF_ERROR(on_written(file.num_written()));
  return file.Sync();
}

}  // namespace redline::engine
