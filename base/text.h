// Text for people: suggestions, sizes, durations.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zerosweep {

// Levenshtein distance.
size_t EditDistance(std::string_view a, std::string_view b);

// The known word nearest to `word`, if it is near enough to be the intended one.
std::optional<std::string> NearestWord(std::string_view word,
                                       const std::vector<std::string>& known);

// ", did you mean 'images'?" or, when no word is near, " (known: a, b, c)". It follows "unknown key
// 'x'".
std::string Suggestion(std::string_view word, const std::vector<std::string>& known);

// "850 ms", "12.3 s", "4 min 05 s", "3 h 02 min"
std::string HumanSeconds(double seconds);

// "812 B", "1.1 MB"
std::string HumanBytes(double bytes);

// With ASCII letters in lower case.
std::string LowerCase(std::string text);

std::string Join(const std::vector<std::string>& words, std::string_view separator);

// Whether the bytes are UTF-8 text, which JSON, the database and reports require.
bool IsUtf8(std::string_view text);

// The text with control characters and bytes that are not UTF-8 shown as "\xe9", for messages.
std::string ShownBytes(std::string_view text);

// The first `columns` characters (code points), at least one. Never cuts a character.
std::string FirstColumns(std::string_view text, int columns);

// Replaces values that look like secrets (names with TOKEN, KEY, SECRET, PASSWORD) by "[redacted]".
// Log lines and command lines pass through it before they are stored.
std::string Redact(std::string_view text);

}  // namespace zerosweep
