// A table as text for programs and documents.
#pragma once

#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// One cell as plain text: "" for missing, numbers as their shortest text, lists and objects as
// JSON, BLOBs as hex.
std::string CellText(const Json& cell);

// An array of objects, keys in the order of the columns, one object a line; a second column of one
// name is "name:2". Bytes that are not UTF-8 become U+FFFD; a BLOB is a string of hex, an infinite
// number the string "inf".
std::string TableAsJson(const Table& table);
// RFC 4180 with "\n" line ends and a header line. Text, but no number, that begins with =, +, -, @,
// a tab or a carriage return gets an apostrophe before it: to a spreadsheet it were a formula.
std::string TableAsCsv(const Table& table);
// Text that shows as it is: nothing in it is Markdown or HTML.
std::string MarkdownText(const std::string& text);
std::string TableAsMarkdown(const Table& table);
// A tabular whose first line, a comment, is the \usepackage that it needs.
std::string TableAsLatex(const Table& table);

// Whether a column holds numbers only, as numbers or as text that starts like one: such columns are
// aligned to the right.
bool IsNumericColumn(const Table& table, size_t column);

}  // namespace zerosweep
