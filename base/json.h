// JSON values and their canonical text, from which names are hashed.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace zerosweep {

using Json = nlohmann::json;

// The canonical text: keys sorted by bytes, no white space. Integers stay integers. Doubles are the
// shortest text that reads back to the same value, always with a point or an exponent, so that 1.0
// and 1 stay different. Strings are escaped where JSON requires it. Throws kInternal for NaN,
// infinities and invalid UTF-8, which must not determine a name.
std::string CanonicalJson(const Json& value);

// SHA-256 (hex) of CanonicalJson(value).
std::string JsonDigest(const Json& value);

// Parses text. `origin` names it in the error (kUsage).
Json ParseJson(std::string_view text, const std::string& origin);

}  // namespace zerosweep

// An absent value is null.
template <typename T>
requires(!std::is_same_v<T, nlohmann::json>) struct nlohmann::adl_serializer<std::optional<T>> {
  static void to_json(json& j, const std::optional<T>& value) {
    j = value ? json(*value) : json(nullptr);
  }
  static void from_json(const json& j, std::optional<T>& value) {
    if (j.is_null()) {
      value.reset();
    } else {
      value = j.get<T>();
    }
  }
};
