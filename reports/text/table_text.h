// A table as text for programs and documents.
#pragma once

#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// One cell as plain text: "" if missing, numbers in their shortest form, lists and objects as JSON,
// BLOBs as hex.
std::string CellText(const Json& cell);

// An array of objects, one a line, with keys in the order of the columns; a second column of the
// same name is "name:2". Bytes that are not UTF-8 become U+FFFD, a BLOB a string of hex, an
// infinite number the string "inf".
std::string TableAsJson(const Table& table);
// RFC 4180 with "\n" line ends and a header line. Text (not a number) that begins with =, +, -, @,
// a tab or a carriage return gets an apostrophe in front, because a spreadsheet would run it as a
// formula.
std::string TableAsCsv(const Table& table);
// Escapes text so that nothing in it is Markdown or HTML.
std::string MarkdownText(const std::string& text);
std::string TableAsMarkdown(const Table& table);
// A tabular; its first line is a comment with the \usepackage that it needs.
std::string TableAsLatex(const Table& table);

// Whether a column holds only numbers, as numbers or as text that starts like one. Such columns are
// aligned to the right.
bool IsNumericColumn(const Table& table, size_t column);

}  // namespace zerosweep
