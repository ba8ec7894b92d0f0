// Command lines as a shell takes them. Pure functions.
#pragma once

#include <string>

namespace redline {

// A word, quoted where a shell needs it.
std::string ShellWord(const std::string& word);

}  // namespace redline
