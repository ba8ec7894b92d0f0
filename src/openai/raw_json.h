// Parts of a JSON text as its author wrote them: the order of keys, which the parsed form loses, is
// the order in which a model sees a tool's parameters and in which it must answer a schema.
//
// The text has passed net::ParseJson; of anything else the result is some part of it. Linear in the
// text. Pure functions; the results are views into their argument.
#pragma once

#include <string_view>
#include <vector>

namespace redline::openai {

// The value of a member of an object; "" when it has none of that name.
std::string_view RawMember(std::string_view object, std::string_view name);
// The values of an array, in order.
std::vector<std::string_view> RawElements(std::string_view array);

}  // namespace redline::openai
