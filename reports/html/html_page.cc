#include "reports/html/html_page.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "reports/html/svg_plot.h"
#include "reports/page_assets.h"  // of reports/assets/
#include "reports/text/base64.h"

namespace zerosweep {
namespace {

// A Content-Security-Policy source: 'sha256-<base64>' of the bytes between the tags.
std::string HashSource(const std::string& text) {
  const std::string hex = Sha256Hex(text);
  std::string digest;
  for (size_t i = 0; i < hex.size(); i += 2)
    digest += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "'sha256-" + Base64(digest) + "'";
}

std::string Head(const std::string& title) {
  return fmt::format(
      "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; "
      "script-src {}; img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=referrer content=no-referrer>\n"
      "<title>{} – Zerosweep</title>\n<style>{}</style>\n</head>\n",
      HashSource(kPageStyle), HashSource(kPageScript), EscapeHtml(title), kPageStyle);
}

// A block of data: nothing in it can end the block, and browsers never run it.
std::string Data(const Json& provenance) {
  if (provenance.is_null()) return "";
  std::string text = provenance.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at))
    text.replace(at, 1, "\\u003c");
  return "<script type=\"application/json\" id=provenance>" + text + "</script>\n";
}

}  // namespace

std::string HtmlPage(const std::string& title, const std::string& body, const Json& provenance) {
  return Head(title) +
         fmt::format(
             "<body><main>\n<h1>{}</h1>\n{}</main>\n{}<script>{}</script>\n</body>\n</html>\n",
             EscapeHtml(title), body, Data(provenance), kPageScript);
}

}  // namespace zerosweep
