// The frame of every page: one self-contained file that loads nothing from outside.
#pragma once

#include <string>

#include "base/json.h"

namespace zerosweep {

// Returns a page with `title` as its heading and `body` (HTML) below it. The page's script reads
// `provenance` (ReadProvenance). A strict Content-Security-Policy allows the page's own style and
// script by hash, embedded images, and nothing more. `title` is escaped here; the caller must
// escape `body`.
std::string HtmlPage(const std::string& title, const std::string& body,
                     const Json& provenance = nullptr);

}  // namespace zerosweep
