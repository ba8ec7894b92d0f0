#include "engine/weights/checkpoint.h"

#include <algorithm>

#include "engine/weights/tensor_set.h"

namespace redline::engine {
namespace fs = std::filesystem;
namespace {

struct Listing {
  std::vector<fs::path> gguf;
  bool has_config = false;
  bool has_safetensors = false;
};

Result<Listing> ListModelFiles(const fs::path& directory) {
  Listing listing;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() == ".gguf") listing.gguf.push_back(path);
    if (path.extension() == ".safetensors") listing.has_safetensors = true;
    if (path.filename() == "config.json") listing.has_config = true;
  }
  if (error) return ErrnoStatus("cannot list " + directory.string(), error.value());
  return listing;
}

Result<std::unique_ptr<Checkpoint>> OpenGguf(const fs::path& path) {
  RL_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
  return OpenGgufCheckpoint(std::move(file));
}

Result<fs::path> FindInDirectory(const fs::path& directory) {
  RL_ASSIGN_OR_RETURN(const Listing listing, ListModelFiles(directory));
  if (listing.has_config && listing.has_safetensors) return directory;
  if (listing.gguf.size() == 1) return listing.gguf.front();
  if (listing.gguf.size() > 1)
    return InvalidArgument(directory.string() + " holds " + std::to_string(listing.gguf.size()) +
                           " GGUF files; name one of them");
  return NotFound("no model in " + directory.string() +
                  ": looked for one .gguf file, and for config.json with .safetensors files");
}

}  // namespace

Result<fs::path> FindModelFiles(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    return NotFound("no model at " + path.string() +
                    "; give a .gguf file or a Hugging Face model directory");
  if (fs::is_directory(status)) return FindInDirectory(path);
  if (path.extension() == ".safetensors")
    return InvalidArgument(path.string() + " is one file of a model; give its directory");
  return path;
}

Result<std::unique_ptr<Checkpoint>> OpenCheckpoint(const fs::path& path) {
  RL_ASSIGN_OR_RETURN(const fs::path files, FindModelFiles(path));
  std::error_code error;
  return fs::is_directory(files, error) ? OpenHfCheckpoint(files) : OpenGguf(files);
}

}  // namespace redline::engine
