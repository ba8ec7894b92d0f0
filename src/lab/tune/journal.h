// The file of a run: one line of JSON for each thing that was done, on the disk before the next is
// begun. A run that was killed reads it and goes on. One owner thread.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "base/status.h"

namespace redline::lab {

class Journal {
 public:
  // Makes `path`, or reads what is there when `resumes`. `what` (JSON) is the first line: what the
  // run is about. kAlreadyExists: a journal is there, and `resumes` is false; kNotFound: there is
  // none, and it is true; kFailedPrecondition: it is of something else. A last line that was cut
  // short is dropped.
  static Result<Journal> Open(const std::filesystem::path& path, const nlohmann::json& what,
                              bool resumes);

  // What was written under a key; nullptr: nothing.
  const nlohmann::json* Find(const std::string& key) const;
  // kResourceExhausted: the disk is full; nothing of the line is left in the file.
  Status Append(const std::string& key, const nlohmann::json& value);
  size_t num_entries() const { return entries_.size(); }

 private:
  explicit Journal(std::filesystem::path path) : path_(std::move(path)) {}
  Status ReadAll(const nlohmann::json& what);
  Status AppendLine(const std::string& line);

  std::filesystem::path path_;
  UniqueFd file_;
  std::map<std::string, nlohmann::json> entries_;
};

}  // namespace redline::lab
