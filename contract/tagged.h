// Messages of a variant as JSON objects with their type: {"type": "done", "seconds": 1.5, …}. The
// fields are those of nlohmann's to_json and from_json for the message's struct.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <variant>

#include "base/json.h"

namespace zerosweep {

// The word that names the type, specialised for each message.
template <typename Message>
inline constexpr const char* kMessageType = nullptr;

template <typename... Messages>
Json TaggedJson(const std::variant<Messages...>& message) {
  return std::visit(
      [](const auto& one) {
        Json json = one;
        json["type"] = kMessageType<std::decay_t<decltype(one)>>;
        return json;
      },
      message);
}

// The message in `json`; nullopt for a type outside the variant. Throws nlohmann::json::exception
// for a message of another form.
template <typename Variant>
std::optional<Variant> FromTagged(const Json& json) {
  const std::string& type = json.at("type").get_ref<const std::string&>();
  std::optional<Variant> message;
  const auto take = [&]<typename... Messages>(const std::variant<Messages...>*) {
    ((type == kMessageType<Messages> ? (void)(message = json.get<Messages>()) : void()), ...);
  };
  take(static_cast<const Variant*>(nullptr));
  return message;
}

}  // namespace zerosweep
