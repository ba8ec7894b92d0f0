// A model's weights as one .safetensors file, written as a stream: a row is decoded at a time.
//
// Source: the safetensors format (u64 header length, JSON header padded with spaces to a multiple
// of 8 bytes, tensors back to back in the order of the header's offsets).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/status.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

// What precedes the tensors' bytes: the length and the JSON header for all tensors of `checkpoint`
// in `dtype`.
std::string SafetensorsPrefix(const Checkpoint& checkpoint, DType dtype);
// Bytes of all tensors of `checkpoint` in `dtype`: what follows the prefix.
int64_t SafetensorsDataBytes(const Checkpoint& checkpoint, DType dtype);

// Called with the bytes of the file written so far, every few MiB; a failed status ends the
// writing.
using OnBytesWritten = std::function<Status(int64_t num_bytes)>;

// Writes and syncs `path`, which is not there. Rows of q_proj and k_proj that a GGUF keeps for
// interleaved RoPE are put into Hugging Face's order. kInvalidArgument naming a tensor with a value
// that `dtype` cannot hold; kResourceExhausted when the disk is full.
Status WriteSafetensors(const std::filesystem::path& path, const Checkpoint& checkpoint,
                        DType dtype, const OnBytesWritten& on_written);

}  // namespace redline::engine
