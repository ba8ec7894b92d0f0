#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/interrupt_watch.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "base/clock.h"
#include "base/strings.h"
#include "embedded/catalog_files.h"
#include "platform/catalog/catalog.h"
#include "platform/fetch/fetch.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

Status RunPull(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const platform::Catalog catalog,
                      platform::Catalog::Parse(embedded::catalog_files()));
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry, catalog.Find(arguments.Get("MODEL")));
  if (entry->files.empty())
    return Unimplemented(entry->name +
                         " cannot be fetched by this version: its catalog entry "
                         "names no files");
  const platform::FetchRequest request = {entry->name, entry->files, entry->sources,
                                          arguments.Has("cache-dir")
                                              ? std::filesystem::path(arguments.Get("cache-dir"))
                                              : platform::DefaultCacheDir()};
  const bool cached = platform::IsModelCached(entry->name, entry->files, request.cache_dir);
  // Ctrl-C leaves a partial download that the next pull resumes, and no lock behind.
  std::stop_source stop;
  InterruptWatch interrupt(stop);
  const MonotonicTime begin = MonotonicNow();
  Result<std::filesystem::path> path = Internal("not fetched");
  {
    ProgressLine line;
    path = platform::FetchModel(
        request, platform::FetchEnvironment::FromProcess(),
        [&](const spec::Progress& progress) {
          line.Show(progress.phase, entry->name + ": " + progress.phase +
                                        DownloadText(progress.bytes_done, progress.bytes_total,
                                                     progress.bytes_per_second));
        },
        stop.get_token());
  }
  RL_RETURN_IF_ERROR(path.status());
  const nlohmann::json result = {
      {"model", entry->name}, {"path", path->string()}, {"was_cached", cached}};
  if (PrintedForPrograms(arguments, result)) return OkStatus();
  fmt::print("{} {} {}\n", entry->name, cached ? "was cached in" : "fetched to", path->string());
  if (!cached) fmt::print("verified by SHA-256, in {}\n", FormatDuration(SecondsSince(begin)));
  return OkStatus();
}

}  // namespace

Command PullCommand() {
  return {.name = "pull",
          .summary = "fetch a model's files into the cache",
          .description =
              "Fetches a model of the library from the first of its sources that has it, "
              "resuming what was begun, and verifies it. Needs no server.",
          .example = "redline pull smollm2-135m-instruct",
          .flags = {{"cache-dir", "DIR", "where models are kept [REDLINE_CACHE_DIR]", ""},
                    OutputFlag()},
          .positionals = {{"MODEL", "a model of the library (redline get models)"}},
          .run = RunPull};
}

}  // namespace redline::app
