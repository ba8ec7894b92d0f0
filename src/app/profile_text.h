// Profiles as people read them. Pure functions of their JSON form (GET /api/v1/profiles).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace redline::app {

// A row each.
std::string ProfileTable(const nlohmann::json& items);
// Everything that is known of one: what runs, the evidence, its flaws, what is stale, how it was
// found.
std::string ProfilePage(const nlohmann::json& profile);

}  // namespace redline::app
