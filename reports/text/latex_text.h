// Escapes any text for LaTeX.
#pragma once

#include <string>

namespace zerosweep {

// The result shows the text as it is, with pdfTeX's own fonts and no package. Characters without a
// glyph in them appear as code points: "[U+4E2D]". Line ends become blanks.
std::string LatexText(const std::string& text);

}  // namespace zerosweep
