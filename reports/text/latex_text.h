// Any text for LaTeX.
#pragma once

#include <string>

namespace zerosweep {

// Text that LaTeX shows as it is, with pdfTeX's own fonts and no package. What they have no glyph
// for stands as its code point: "[U+4E2D]". Line ends become blanks.
std::string LatexText(const std::string& text);

}  // namespace zerosweep
