// The frame of every page: one file that needs nothing else and lets nothing else in.
#pragma once

#include <string>

#include "base/json.h"

namespace zerosweep {

// A page with this title as its heading, and `body` (HTML) below it. `provenance` (ReadProvenance)
// is the data of its script. A strict Content-Security-Policy allows the page's own style and
// script by hash, images that it holds itself, and nothing else. `title` is escaped; `body` must
// be.
std::string HtmlPage(const std::string& title, const std::string& body,
                     const Json& provenance = nullptr);

}  // namespace zerosweep
