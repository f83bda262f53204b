// Rows of Markdown tables whose cells hold Markdown.
#pragma once

#include <string>
#include <vector>

namespace zerosweep {

// One row. Bars and line breaks of a cell would end it: the first are escaped, the others become
// blanks.
std::string MarkdownRow(const std::vector<std::string>& cells);
// The row of titles, and the rule under it.
std::string MarkdownHeadings(const std::vector<std::string>& titles);

}  // namespace zerosweep
