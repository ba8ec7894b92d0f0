#include "app/library_here.h"

#include "embedded/catalog_files.h"
#include "platform/layout.h"
#include "platform/profiles/profile_store.h"

namespace redline::app {

std::filesystem::path DataDirOf(const Arguments& arguments) {
  return arguments.Has("data-dir") ? std::filesystem::path(arguments.Get("data-dir"))
                                   : platform::DefaultDataDir();
}

Result<LibraryHere> ReadLibraryHere(const std::filesystem::path& data_dir) {
  LibraryHere library;
  RL_ASSIGN_OR_RETURN(library.catalog, platform::Catalog::Parse(embedded::catalog_files()));
  const platform::ProfileStore store(platform::DataLayout{data_dir}.profiles());
  library.problems = store.LoadInto(library.catalog);
  return library;
}

}  // namespace redline::app
