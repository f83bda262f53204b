// Enumerations with a word for each enumerator, as stored in the database and sent in messages.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace zerosweep {

// The enumerator of a word; none for an unknown word. `words` holds the word of each enumerator, in
// order.
template <typename Enum, size_t kCount>
std::optional<Enum> EnumOf(const std::array<const char*, kCount>& words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Enum>(found - words.begin());
}

}  // namespace zerosweep
