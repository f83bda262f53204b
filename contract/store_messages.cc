#include "contract/store_messages.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr std::array<std::pair<StoreOperation, const char*>, 7> kOperations = {{
    {StoreOperation::kSet, "set"},
    {StoreOperation::kAdd, "add"},
    {StoreOperation::kCompareSet, "compare_set"},
    {StoreOperation::kDelete, "delete"},
    {StoreOperation::kCheck, "check"},
    {StoreOperation::kCount, "count"},
    {StoreOperation::kWait, "wait"},
}};

constexpr std::string_view kDigits = "0123456789abcdef";

std::string Hex(const std::string& bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

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

const char* ToString(StoreOperation operation) {
  for (const auto& [known, word] : kOperations)
    if (known == operation) return word;
  Fail(ErrorKind::kInternal, "unknown operation of a store");
}

StoreOperation OperationFromString(const std::string& word) {
  for (const auto& [operation, known] : kOperations)
    if (known == word) return operation;
  Fail(ErrorKind::kCluster, "malformed message: unknown operation '{}' of a store", word);
}

}  // namespace

Json ToJson(const StoreRequest& request) {
  return {{"type", "store"},
          {"attempt", request.attempt},
          {"id", request.id},
          {"op", ToString(request.operation)},
          {"keys", request.keys},
          {"value", Hex(request.value)},
          {"expected", Hex(request.expected)},
          {"number", request.number}};
}

Json ToJson(const StoreAnswer& answer) {
  Json values = Json::array();
  for (const std::string& value : answer.values) values.push_back(Hex(value));
  return {{"type", "store_answer"},
          {"attempt", answer.attempt},
          {"id", answer.id},
          {"values", values},
          {"number", answer.number}};
}

StoreRequest StoreRequestFromJson(const Json& json) {
  return {json.at("attempt"), json.at("id"),           OperationFromString(json.at("op")),
          json.at("keys"),    Unhex(json.at("value")), Unhex(json.at("expected")),
          json.at("number")};
}

StoreAnswer StoreAnswerFromJson(const Json& json) {
  StoreAnswer answer{json.at("attempt"), json.at("id"), {}, json.at("number")};
  for (const Json& value : json.at("values")) answer.values.push_back(Unhex(value));
  return answer;
}

}  // namespace zerosweep
