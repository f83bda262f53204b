#include "contract/store_messages.h"

#include <string_view>

#include "base/enum_words.h"
#include "base/error.h"
#include "base/hash.h"

namespace zerosweep {
namespace {

constexpr std::array kOperations = {"set",   "add",   "compare_set", "delete",
                                    "check", "count", "wait"};

constexpr std::string_view kDigits = "0123456789abcdef";

std::string Unhex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const size_t high = kDigits.find(text[i]), low = kDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) break;
    bytes += static_cast<char>(high << 4 | low);
  }
  if (2 * bytes.size() != text.size())
    Fail(ErrorKind::kCluster, "malformed message: '{:.20}' is not hex", text);
  return bytes;
}

StoreOperation OperationFromString(const std::string& word) {
  if (const auto operation = EnumOf<StoreOperation>(kOperations, word)) return *operation;
  Fail(ErrorKind::kCluster, "malformed message: unknown operation '{}' of a store", word);
}

}  // namespace

void to_json(Json& json, const StoreRequest& request) {
  json = {{"attempt", request.attempt},
          {"id", request.id},
          {"op", kOperations.at(static_cast<size_t>(request.operation))},
          {"keys", request.keys},
          {"value", HexOf(request.value)},
          {"expected", HexOf(request.expected)},
          {"number", request.number}};
}

void from_json(const Json& json, StoreRequest& request) {
  request = {json.at("attempt"), json.at("id"),           OperationFromString(json.at("op")),
             json.at("keys"),    Unhex(json.at("value")), Unhex(json.at("expected")),
             json.at("number")};
}

void to_json(Json& json, const StoreAnswer& answer) {
  Json values = Json::array();
  for (const std::string& value : answer.values) values.push_back(HexOf(value));
  json = {{"attempt", answer.attempt},
          {"id", answer.id},
          {"values", values},
          {"number", answer.number}};
}

void from_json(const Json& json, StoreAnswer& answer) {
  answer = {json.at("attempt"), json.at("id"), {}, json.at("number")};
  for (const Json& value : json.at("values")) answer.values.push_back(Unhex(value));
}

Json ToJson(const StoreAnswer& answer) {
  Json json = answer;
  json["type"] = "store_answer";
  return json;
}

}  // namespace zerosweep
