// Comma-separated values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zerosweep {

// Parses rows of fields (RFC 4180: quoted fields may hold commas, doubled quotes and line ends).
// Rows end in "\n" or "\r\n", which the last one may lack. Throws kUsage, with the line, for a
// quote that begins inside a field or is never closed.
std::vector<std::vector<std::string>> ParseCsv(std::string_view text);

}  // namespace zerosweep
