#include "engine/export/export.h"

#include "base/clock.h"
#include "base/files.h"
#include "engine/export/export_directory.h"
#include "engine/export/export_record.h"
#include "engine/export/hf_files.h"
#include "engine/export/safetensors_writer.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {
namespace fs = std::filesystem;
namespace {

constexpr char kWeightsName[] = "model.safetensors";

// One export, from the opened model to the finished directory.
class Exporter {
 public:
  Exporter(const ExportRequest& request, const ExportSource& source, const Checkpoint& checkpoint,
           std::vector<HfTextFile> texts)
      : request_(request), source_(source), checkpoint_(checkpoint), texts_(std::move(texts)) {}

  ExportSize Size() const {
    ExportSize size{.num_weights = 0,
                    .bytes_per_weight = BytesOf(request_.dtype, 1),
                    .other_bytes = PrefixBytes()};
    size.num_weights = SafetensorsDataBytes(checkpoint_, request_.dtype) / size.bytes_per_weight;
    for (const HfTextFile& file : texts_) size.other_bytes += BytesIn(file);
    return size;
  }

  // The record comes last.
  Status WriteTo(const fs::path& directory) {
    std::vector<std::pair<std::string, int64_t>> files;
    for (const HfTextFile& file : texts_) {
      RL_RETURN_IF_ERROR(WriteFileAtomic(directory / file.name, file.text));
      files.emplace_back(file.name, BytesIn(file));
    }
    RL_RETURN_IF_ERROR(WriteWeights(directory / kWeightsName));
    files.emplace_back(kWeightsName,
                       PrefixBytes() + SafetensorsDataBytes(checkpoint_, request_.dtype));
    return WriteFileAtomic(directory / kExportRecordName,
                           ExportRecordJson(source_, request_.dtype, files));
  }

 private:
  static int64_t BytesIn(const HfTextFile& file) { return static_cast<int64_t>(file.text.size()); }

  int64_t PrefixBytes() const {
    return static_cast<int64_t>(SafetensorsPrefix(checkpoint_, request_.dtype).size());
  }

  Status WriteWeights(const fs::path& path) {
    const MonotonicTime begin = MonotonicNow();
    const int64_t total = PrefixBytes() + SafetensorsDataBytes(checkpoint_, request_.dtype);
    return WriteSafetensors(path, checkpoint_, request_.dtype, [&](int64_t num_bytes) {
      if (request_.interrupted != nullptr && *request_.interrupted)
        return Status(Code::kCancelled, "the export was interrupted; nothing was left behind");
      const double seconds = SecondsSince(begin);
      request_.progress(
          {.phase = num_bytes < total ? "writing" : "syncing",
           .bytes_done = num_bytes,
           .bytes_total = total,
           .bytes_per_second = seconds > 0 ? static_cast<double>(num_bytes) / seconds : 0});
      return OkStatus();
    });
  }

  const ExportRequest& request_;
  const ExportSource& source_;
  const Checkpoint& checkpoint_;
  std::vector<HfTextFile> texts_;
};

Result<fs::path> FindGguf(const fs::path& model_path) {
  RL_ASSIGN_OR_RETURN(fs::path files, FindModelFiles(model_path));
  std::error_code error;
  if (!fs::is_directory(files, error)) return files;
  return InvalidArgument("--model-path " + model_path.string() +
                             " is a Hugging Face directory already; serve it as it is",
                         "model-path");
}

// Neither the file that was opened nor the one that has its name now differs from what was hashed.
Status CheckUnchanged(const fs::path& gguf, const ExportSource& source,
                      const Checkpoint& checkpoint) {
  RL_RETURN_IF_ERROR(checkpoint.CheckIntact());
  RL_ASSIGN_OR_RETURN(const ExportSource now, StampSource(gguf));
  if (now.num_bytes == source.num_bytes && now.modified_ns == source.modified_ns) return OkStatus();
  return DataLoss(gguf.string() + " was replaced while it was exported; run the export again");
}

Result<ExportResult> ExportTo(const fs::path& target, const fs::path& gguf,
                              const ExportRequest& request) {
  request.progress({.phase = "reading"});
  RL_ASSIGN_OR_RETURN(ExportSource source, StampSource(gguf));
  RL_ASSIGN_OR_RETURN(const auto checkpoint, OpenCheckpoint(gguf));
  RL_ASSIGN_OR_RETURN(std::vector<HfTextFile> texts, MakeHfTextFiles(*checkpoint, request.dtype));
  ExportResult result{.source = gguf, .directory = target};
  result.has_tokenizer = checkpoint->vocabulary() != nullptr;
  RL_ASSIGN_OR_RETURN(StagingDirectory staging, StagingDirectory::Make(target));
  // Another process may have made it meanwhile.
  RL_ASSIGN_OR_RETURN(const auto made, FindExport(target, gguf, request.dtype));
  if (made) {
    result.num_bytes = *made;
    result.was_complete = true;
    return result;
  }
  Exporter exporter(request, source, *checkpoint, std::move(texts));
  const ExportSize size = exporter.Size();
  RL_ASSIGN_OR_RETURN(const int64_t free_bytes, FreeDiskBytes(staging.path()));
  RL_RETURN_IF_ERROR(CheckExportFits(size, free_bytes, target.parent_path()));
  RL_ASSIGN_OR_RETURN(source.sha256, HashSource(gguf));
  RL_RETURN_IF_ERROR(exporter.WriteTo(staging.path()));
  RL_RETURN_IF_ERROR(CheckUnchanged(gguf, source, *checkpoint));
  RL_RETURN_IF_ERROR(staging.Commit());
  result.num_bytes = size.Total();
  return result;
}

}  // namespace

Result<ExportResult> ExportModel(const ExportRequest& request) {
  RL_ASSIGN_OR_RETURN(const fs::path gguf, FindGguf(request.model_path));
  RL_ASSIGN_OR_RETURN(const fs::path target, ResolveTarget(request.directory));
  RL_ASSIGN_OR_RETURN(const auto made, FindExport(target, gguf, request.dtype));
  if (!made) return ExportTo(target, gguf, request);
  ExportResult result{.source = gguf, .directory = target};
  result.num_bytes = *made;
  result.was_complete = true;
  std::error_code error;
  result.has_tokenizer = fs::exists(target / "tokenizer.json", error);
  return result;
}

}  // namespace redline::engine
