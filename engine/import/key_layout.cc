#include "engine/import/key_layout.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxDigits = 9;  // of a number in a key, so that it fits an int

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Returns what # and * matched, if the pattern matches all of `key`.
std::optional<std::vector<std::string>> Match(const std::string& pattern, const std::string& key) {
  std::vector<std::string> found;
  size_t at = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*') {
      found.push_back(key.substr(at));
      return found;
    }
    if (pattern[i] == '#') {
      const size_t begin = at;
      while (at < key.size() && IsDigit(key[at])) ++at;
      if (at == begin || at - begin > kMaxDigits) return std::nullopt;
      found.push_back(key.substr(begin, at - begin));
    } else if (at < key.size() && key[at] == pattern[i]) {
      ++at;
    } else {
      return std::nullopt;
    }
  }
  if (at != key.size()) return std::nullopt;
  return found;
}

// Returns the text for "1", "2-1" or "2+1" between the braces of a replacement.
std::string Fill(const std::string& field, const std::vector<std::string>& found) {
  const size_t index = static_cast<size_t>(field.front() - '1');
  if (!IsDigit(field.front()) || index >= found.size()) {
    Fail(ErrorKind::kInternal, "a key rule refers to '{}', but its pattern has {} places", field,
         found.size());
  }
  const std::string& text = found[index];
  if (field.size() == 1) return text;
  int number = 0, change = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  std::from_chars(field.data() + 2, field.data() + field.size(), change);
  return std::to_string(field[1] == '-' ? number - change : number + change);
}

}  // namespace

std::optional<std::string> Rewrite(const KeyRule& rule, const std::string& key) {
  const auto found = Match(rule.pattern, key);
  if (!found) return std::nullopt;
  std::string result;
  const std::string& text = rule.replacement;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      result += text[i];
      continue;
    }
    const size_t end = text.find('}', i);
    if (end == std::string::npos || end == i + 1) {
      Fail(ErrorKind::kInternal, "the key rule '{}' has an open brace", text);
    }
    result += Fill(text.substr(i + 1, end - i - 1), *found);
    i = end;
  }
  return result;
}

bool MatchesAny(const std::vector<std::string>& patterns, const std::string& key) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return Match(pattern, key).has_value(); });
}

std::optional<std::string> GraphKey(const KeyLayout& layout, const std::string& key) {
  if (MatchesAny(layout.unused, key)) return std::nullopt;
  for (const KeyRule& rule : layout.rules) {
    if (std::optional<std::string> made = Rewrite(rule, key)) return made;
  }
  return key;
}

}  // namespace zerosweep
