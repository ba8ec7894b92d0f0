#include "engine/export/export.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "base/clock.h"
#include "base/strings.h"
#include "engine/export/export_dtype.h"

namespace redline::app {
namespace {

std::vector<std::string> ExportDTypeNames() {
  std::vector<std::string> names;
  for (const engine::ExportDType& row : engine::ExportDTypes()) names.emplace_back(row.name);
  return names;
}

Result<engine::ExportResult> ExportWithProgress(engine::ExportRequest request) {
  ProgressLine line;
  const std::string name = request.model_path.filename().string();
  request.progress = [&](const engine::ExportProgress& progress) {
    std::string text = name + ": " + progress.phase;
    if (progress.bytes_total > 0)
      text += DownloadText(progress.bytes_done, progress.bytes_total, progress.bytes_per_second);
    line.Show(progress.phase, text);
  };
  return engine::ExportModel(request);
}

Status RunExport(const Arguments& arguments) {
  engine::ExportRequest request;
  request.model_path = arguments.Get("model-path");
  request.directory = arguments.Get("to");
  RL_ASSIGN_OR_RETURN(request.dtype, engine::ExportDTypeFromName(arguments.Get("dtype")));
  request.interrupted = &StopOnInterrupt();
  const MonotonicTime begin = MonotonicNow();
  RL_ASSIGN_OR_RETURN(const engine::ExportResult result, ExportWithProgress(request));
  const nlohmann::json printed = {
      {"source", result.source.string()},      {"path", result.directory.string()},
      {"dtype", arguments.Get("dtype")},       {"bytes", result.num_bytes},
      {"has_tokenizer", result.has_tokenizer}, {"was_complete", result.was_complete}};
  if (PrintedForPrograms(arguments, printed)) return OkStatus();
  fmt::print("{} {} {} as {}, {}{}\n", result.source.filename().string(),
             result.was_complete ? "was exported before to" : "exported to",
             result.directory.string(), arguments.Get("dtype"),
             FormatBytes(static_cast<uint64_t>(result.num_bytes)),
             result.was_complete ? "" : ", in " + FormatDuration(SecondsSince(begin)));
  if (!result.has_tokenizer)
    fmt::print("the GGUF has no vocabulary: an engine on it takes and gives token ids only\n");
  return OkStatus();
}

}  // namespace

Command ExportCommand() {
  return {.name = "export",
          .summary = "write a GGUF model as a Hugging Face directory",
          .description =
              "Writes a GGUF model (llama, qwen2, qwen3) as a directory that vLLM, SGLang and "
              "transformers load: dequantised weights, configuration, tokenizer, chat template. "
              "The directory appears when it is complete; asking again for the same one costs "
              "nothing. Needs no server.",
          .example =
              "redline export --model-path model.gguf --to model-hf\n"
              "vllm serve model-hf",
          .flags = {{.name = "model-path",
                     .value_name = "PATH",
                     .help = "a .gguf file, or a directory with one",
                     .required = true},
                    {.name = "to",
                     .value_name = "DIR",
                     .help = "the directory to make: absent or empty",
                     .required = true},
                    {"dtype", "TYPE", "element type of the weights",
                     std::string(engine::ExportDTypes().front().name), ExportDTypeNames()},
                    OutputFlag()},
          .run = RunExport};
}

}  // namespace redline::app
