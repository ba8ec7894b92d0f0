// Identifiers and secrets from the kernel's random source.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redline {

// `num_characters` of [0-9a-z], uniformly drawn from getrandom(2).
std::string RandomToken(size_t num_characters);
// "PREFIX-" and 12 random characters: names for requests, deployments' instances and the like.
std::string NewId(std::string_view prefix);

}  // namespace redline
