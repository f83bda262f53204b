#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace zerosweep {
namespace {

// ASCII only, whatever the locale.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsQuote(char c) { return c == '"' || c == '\''; }
bool IsNameChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         c == '-';
}

bool NamesSecret(std::string_view name) {
  std::string upper(name);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  for (const char* word : {"TOKEN", "KEY", "SECRET", "PASSWORD"})
    if (upper.find(word) != std::string::npos) return true;
  return false;
}

// The position of the value that is assigned to the name ending at `at`: after an optional quote,
// "=" or ":", spaces and another quote. `text.size()` when there is no value.
size_t ValueAfter(std::string_view text, size_t at) {
  const auto skip_spaces = [&] {
    while (at < text.size() && IsSpace(text[at])) ++at;
  };
  const auto skip_quote = [&] {
    if (at < text.size() && IsQuote(text[at])) ++at;
  };
  skip_quote();
  skip_spaces();
  if (at >= text.size() || (text[at] != '=' && text[at] != ':')) return text.size();
  ++at;
  skip_spaces();
  skip_quote();
  return at;
}

size_t EndOfValue(std::string_view text, size_t at) {
  while (at < text.size() && !IsSpace(text[at]) && !IsQuote(text[at]) && text[at] != ',' &&
         text[at] != ';')
    ++at;
  return at;
}

// The length of the UTF-8 character (RFC 3629) at the beginning of the text; 0 if there is none.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const bool too_long = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return too_long || surrogate || beyond ? 0 : length;
}

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::optional<std::string> NearestWord(std::string_view word,
                                       const std::vector<std::string>& known) {
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string Suggestion(std::string_view word, const std::vector<std::string>& known) {
  if (const auto nearest = NearestWord(word, known))
    return fmt::format(", did you mean '{}'?", *nearest);
  return fmt::format(" (known: {})", Join(known, ", "));
}

std::string HumanSeconds(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long long>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string HumanBytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < std::size(kUnits)) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string Join(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ShownBytes(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(1, length));
  }
  return shown;
}

std::string LowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string FirstColumns(std::string_view text, int columns) {
  size_t end = 0;
  for (int taken = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
    if (begins && taken++ == std::max(1, columns)) break;
  }
  return std::string(text.substr(0, end));
}

std::string Redact(std::string_view text) {
  std::string result;
  size_t kept = 0;  // everything before it is in `result`
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    while (at < text.size() && IsNameChar(text[at])) ++at;
    if (at == begin) {
      ++at;
      continue;
    }
    if (!NamesSecret(text.substr(begin, at - begin))) continue;
    const size_t value = ValueAfter(text, at);
    const size_t end = EndOfValue(text, value);
    if (end == value) continue;
    result.append(text.substr(kept, value - kept)).append("[redacted]");
    kept = at = end;
  }
  return result.append(text.substr(kept));
}

}  // namespace zerosweep
