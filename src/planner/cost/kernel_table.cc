#include "planner/cost/kernel_table.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "base/files.h"
#include "base/strings.h"

namespace redline::planner {
namespace {

Result<std::string> Unpack(const std::string& name, std::string_view packed) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                   ZSTD_freeDCtx);
  std::string text;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  size_t left = 1;
  while (input.pos < input.size) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left)) {
      return DataLoss(fmt::format("{}: not zstd data: {}", name, ZSTD_getErrorName(left)));
    }
    text.append(piece, 0, output.pos);
    if (text.size() > kMaxKernelTableBytes) {
      return Status(Code::kTooLarge,
                    fmt::format("{}: more than {} bytes unpacked", name, kMaxKernelTableBytes));
    }
  }
  if (left != 0) return DataLoss(fmt::format("{}: ends in the middle of its zstd data", name));
  return text;
}

}  // namespace

KernelTable::KernelTable(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  if (!ReadLine()) return;
  for (const std::string_view cell : cells_) header_.emplace_back(cell);
}

bool KernelTable::ReadLine() {
  if (position_ >= text_.size()) return false;
  const size_t end = std::min(text_.find('\n', position_), text_.size());
  std::string_view line = std::string_view(text_).substr(position_, end - position_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  position_ = end + 1;
  ++line_;
  cells_.clear();
  size_t begin = 0;
  for (size_t comma = line.find(','); comma != std::string_view::npos;
       comma = line.find(',', begin)) {
    cells_.push_back(line.substr(begin, comma - begin));
    begin = comma + 1;
  }
  cells_.push_back(line.substr(begin));
  return true;
}

Result<size_t> KernelTable::ColumnOf(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found != header_.end()) return static_cast<size_t>(found - header_.begin());
  return InvalidArgument(fmt::format("{}: no column \"{}\"; its columns are {}", name_, name,
                                     fmt::join(header_, ", ")),
                         std::string(name));
}

bool KernelTable::Next() {
  if (!status_.ok() || !ReadLine()) return false;
  if (cells_.size() == header_.size()) return true;
  if (cells_.size() == 1 && cells_.front().empty()) return Next();
  status_ = InvalidArgument(fmt::format("{}:{}: {} cells; the header has {}", name_, line_,
                                        cells_.size(), header_.size()));
  return false;
}

Result<double> KernelTable::NumberAt(size_t column) const {
  const std::string_view text = cells_[column];
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 0 &&
      std::isfinite(value)) {
    return value;
  }
  return InvalidArgument(
      fmt::format("{}:{}: {} is \"{}\"; it must be a number that is not negative", name_, line_,
                  header_[column], text.substr(0, 60)),
      header_[column]);
}

Result<KernelTable> ReadKernelTable(const std::filesystem::path& path) {
  RL_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxKernelTableBytes));
  if (path.extension() == ".zst") {
    RL_ASSIGN_OR_RETURN(text, Unpack(path.filename().string(), text));
  }
  return KernelTable(path.filename().string(), std::move(text));
}

}  // namespace redline::planner
