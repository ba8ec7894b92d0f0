// Writes a GGUF model as a Hugging Face directory: config.json, generation_config.json,
// model.safetensors (dequantised, Hugging Face's names and row order), and, when the GGUF has a
// vocabulary, tokenizer.json and tokenizer_config.json; redline_export.json says of what it was
// made.
//
// Source of the layout: what `transformers` 4.57 saves for LlamaForCausalLM, Qwen2ForCausalLM and
// Qwen3ForCausalLM.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/status.h"
#include "engine/tensor.h"

namespace redline::engine {

struct ExportProgress {
  std::string phase;  // "reading", "writing", "syncing"
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;
  double bytes_per_second = 0;  // 0: not known yet
};

struct ExportRequest {
  std::filesystem::path model_path;  // a .gguf file, or a directory with one .gguf in it
  std::filesystem::path directory;   // absent, empty, or the same export
  DType dtype = DType::kBF16;        // kF32, kF16 or kBF16
  std::function<void(const ExportProgress&)> progress = [](const ExportProgress&) {};
  const std::atomic<bool>* interrupted = nullptr;  // once true, the export ends with kCancelled
};

struct ExportResult {
  std::filesystem::path source;     // the .gguf file
  std::filesystem::path directory;  // absolute
  int64_t num_bytes = 0;            // of all files in it
  bool was_complete = false;        // it was there already; nothing was written
  bool has_tokenizer = false;
};

// Blocking; uses no thread of its own. Errors, after which `directory` is as it was before:
// kNotFound (no model), kInvalidArgument (not a GGUF; a value that f16 cannot hold), kUnimplemented
// (an architecture, tensor type or tokenizer that this engine does not have), kDataLoss (a damaged
// file, or one written to meanwhile), kAlreadyExists (`directory` holds something else, or another
// process is writing it), kResourceExhausted (disk space, with the arithmetic), kCancelled.
Result<ExportResult> ExportModel(const ExportRequest& request);

}  // namespace redline::engine
