#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/hash.h"

namespace zerosweep {
namespace {

void AppendDouble(double value, std::string& out) {
  if (!std::isfinite(value)) Fail(ErrorKind::kInternal, "canonical JSON cannot hold {}", value);
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// Most strings need no escapes: they are appended directly, without an intermediate Json.
void AppendString(const std::string& text, std::string& out) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  try {
    out += plain ? '"' + text + '"' : Json(text).dump();
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kInternal, "canonical JSON: {}", error.what());
  }
}

void Append(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::object: {
      out += '{';
      bool first = true;
      // nlohmann keeps keys in a std::map, sorted by bytes.
      for (const auto& [key, member] : value.items()) {
        if (!first) out += ',';
        first = false;
        AppendString(key, out);
        out += ':';
        Append(member, out);
      }
      out += '}';
      return;
    }
    case Json::value_t::array: {
      out += '[';
      for (size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out += ',';
        Append(value[i], out);
      }
      out += ']';
      return;
    }
    case Json::value_t::string:
      AppendString(value.get_ref<const std::string&>(), out);
      return;
    case Json::value_t::number_float:
      AppendDouble(value.get<double>(), out);
      return;
    case Json::value_t::binary:
    case Json::value_t::discarded:
      Fail(ErrorKind::kInternal, "canonical JSON cannot hold binary");
    default:
      out += value.dump();  // null, booleans, integers
  }
}

}  // namespace

std::string CanonicalJson(const Json& value) {
  std::string out;
  Append(value, out);
  return out;
}

std::string JsonDigest(const Json& value) { return Sha256Hex(CanonicalJson(value)); }

Json ParseJson(std::string_view text, const std::string& origin) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    Fail(ErrorKind::kUsage, "{}: not valid JSON at byte {}", origin, error.byte);
  } catch (const nlohmann::json::exception&) {
    Fail(ErrorKind::kUsage, "{}: JSON with a number beyond every range", origin);
  }
}

}  // namespace zerosweep
