// Headers of ours around OpenAI's API.
#pragma once

#include <string_view>

namespace redline::openai {

// Who a request is for, as the gateway knows it (the id of the API key). An engine shares computed
// prefixes only between requests of one tenant, so that nobody can tell another's by their speed.
inline constexpr std::string_view kTenantHeader = "X-Redline-Tenant";

}  // namespace redline::openai
