// Markdown whose parts are Markdown already.
#pragma once

#include <string>
#include <vector>

namespace zerosweep {

// One row. Bars and line breaks of a cell would end it: the first are escaped, the others become
// blanks.
std::string MarkdownRow(const std::vector<std::string>& cells);
// The row of titles, and the rule under it.
std::string MarkdownHeadings(const std::vector<std::string>& titles);

// The text in lines of at most 100 columns, broken at blanks and ended by a line break. Every line
// but the first begins with `indent`.
std::string MarkdownLines(const std::string& text, const std::string& indent = "");

}  // namespace zerosweep
