#include "contract/limits.h"

#include <algorithm>
#include <regex>
#include <sstream>
#include <vector>

#include "base/error.h"

namespace zerosweep {
namespace {

// The fact of a name such as "param.stem"; null if there is none.
const Json* Find(const std::string& name, const LimitFacts& facts) {
  const size_t point = name.find('.');
  const auto group = facts.find(name.substr(0, point));
  if (point == std::string::npos || group == facts.end()) return nullptr;
  const Json* found = group->second;
  std::istringstream words(name.substr(point + 1));
  for (std::string word; found != nullptr && std::getline(words, word, '.');) {
    const auto member = found->find(word);
    found = member == found->end() ? nullptr : &*member;
  }
  return found;
}

bool IsOneOf(const Json& fact, const Json& value) {
  if (!value.is_array()) return fact == value;
  return std::find(value.begin(), value.end(), fact) != value.end();
}

std::vector<std::string> WordsOf(const Json& text) {
  std::istringstream stream(text.get<std::string>());
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool GoesAlong(const std::vector<std::string>& words, const Json& path) {
  auto at = path.begin();
  for (const std::string& word : words) {
    at = std::find(at, path.end(), word);
    if (at == path.end()) return false;
    ++at;
  }
  return !words.empty() && at == path.end();
}

bool StartsOff(const std::vector<std::string>& words, const Json& list) {
  return !words.empty() && std::find(list.begin(), list.end(), words.front()) == list.end();
}

bool Compare(const Json& fact, const std::string& relation, const Json& value) {
  if (relation == "is") return IsOneOf(fact, value);
  if (relation == "is_not") return !IsOneOf(fact, value);
  if (relation == "below") return fact.get<double>() < value.get<double>();
  if (relation == "above") return fact.get<double>() > value.get<double>();
  if (relation == "unlike")
    return !std::regex_match(fact.get<std::string>(), std::regex(value.get<std::string>()));
  if (relation == "off_path") return !GoesAlong(WordsOf(fact), value);
  if (relation == "starts_off") return StartsOff(WordsOf(fact), value);
  Fail(ErrorKind::kInternal, "a limit has the unknown relation '{}'", relation);
}

bool Holds(const Condition& condition, const LimitFacts& facts) {
  const Json* fact = Find(condition.fact, facts);
  const auto name = NameOfFact(condition.value);
  const Json* value = name ? Find(*name, facts) : &condition.value;
  return fact != nullptr && value != nullptr && Compare(*fact, condition.relation, *value);
}

std::string Filled(const std::string& message, const LimitFacts& facts) {
  std::string filled;
  for (size_t at = 0; at < message.size();) {
    const size_t end = message[at] == '{' ? message.find('}', at) : std::string::npos;
    const Json* fact =
        end == std::string::npos ? nullptr : Find(message.substr(at + 1, end - at - 1), facts);
    if (fact == nullptr) {
      filled += message[at++];
      continue;
    }
    filled += fact->is_string() ? fact->get<std::string>() : fact->dump();
    at = end + 1;
  }
  return filled;
}

}  // namespace

Json FactNamed(const std::string& name) { return {{"fact", name}}; }

std::optional<std::string> NameOfFact(const Json& value) {
  if (!value.is_object()) return std::nullopt;
  return value.at("fact").get<std::string>();
}

bool AllHold(const std::vector<Condition>& conditions, const LimitFacts& facts) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const Condition& condition) { return Holds(condition, facts); });
}

std::optional<std::string> Refusal(const std::vector<Limit>& limits, const LimitFacts& facts) {
  for (const Limit& limit : limits)
    if (AllHold(limit.when, facts)) return Filled(limit.message, facts);
  return std::nullopt;
}

}  // namespace zerosweep
