#include "sweeps/grammar/overrides.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "base/text.h"

namespace zerosweep {
namespace {

std::vector<std::string> SplitPath(const std::string& path, const std::string& where) {
  std::vector<std::string> steps;
  std::istringstream stream(path + ".");
  for (std::string step; std::getline(stream, step, '.');) {
    if (step.empty()) FailAt(where, "the key has an empty part");
    steps.push_back(step);
  }
  return steps;
}

YamlNode& Step(YamlNode& node, const std::string& step, const std::string& passed,
               const std::string& where) {
  if (node.is_list()) {
    size_t index = 0;
    const auto result = std::from_chars(step.data(), step.data() + step.size(), index);
    if (result.ec != std::errc() || result.ptr != step.data() + step.size() ||
        index >= node.items.size()) {
      FailAt(where, "'{}' is a list of {}, '{}' is not an index in it (they start at 0)", passed,
             node.items.size(), step);
    }
    return node.items[index];
  }
  if (node.is_scalar()) {
    FailAt(where, "'{}' is the value {}, it has no '{}' inside", passed, node.Shown(), step);
  }
  if (!node.is_map()) {
    node.kind = YamlNode::Kind::kMap;
    node.where = where;
  }
  if (YamlNode* found = node.Find(step)) return *found;
  return node.members.emplace_back(YamlMember{step, where, {.where = where}}).value;
}

// Keys whose value is a name or a path: any text may be one.
bool TakesText(const std::vector<std::string>& steps) {
  static const std::set<std::string> kKeys = {"data", "file", "key",    "card",
                                              "name", "arch", "dataset"};
  const auto is_index = [](const std::string& step) {
    return step.find_first_not_of("0123456789") == std::string::npos;
  };
  const auto last = std::find_if_not(steps.rbegin(), steps.rend(), is_index);
  return last != steps.rend() && kKeys.contains(*last);
}

// Whether the path may take a list: folders of data, as an axis or as alternatives of a pattern.
bool TakesList(const std::vector<std::string>& steps) {
  static const std::set<std::string> kBlocks = {"grid", "zip", "exclude", "when"};
  return kBlocks.contains(steps.front()) && steps.back() == "data";
}

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? ""
                                    : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// The position of a comment that YAML would leave out: without it the value is the same.
std::optional<size_t> CommentIn(const std::string& text, const YamlNode& value) {
  for (size_t at = text.find('#'); at != std::string::npos; at = text.find('#', at + 1)) {
    if (at > 0 && text[at - 1] != ' ' && text[at - 1] != '\t' && text[at - 1] != '\n') continue;
    try {
      const std::string before = text.substr(0, at);
      if (ParseYamlValue(before, value.where).ToJson() == value.ToJson()) return at;
    } catch (const Error&) {
      continue;  // the '#' is inside quotes
    }
  }
  return std::nullopt;
}

YamlNode TextNode(const std::string& text, const std::string& where) {
  if (text.find_first_of("\n\r\t") != std::string::npos)
    FailAt(where, "the value holds a line break or a tab, which no name here may");
  return WordNode(text, where);
}

// The value of a key that takes a name or a path.
YamlNode TextOf(const std::string& text, const std::string& where, bool list_allowed,
                std::optional<std::string>& note) {
  std::string why;
  try {
    YamlNode value = ParseYamlValue(text, where);
    const bool whole =
        value.is_scalar() && (value.quoted ? !CommentIn(text, value) : value.text == text);
    if (whole || text.empty() || (list_allowed && value.is_list())) return value;
    why = value.is_scalar() ? fmt::format("means '{}'", value.text)
                            : fmt::format("means {}", value.Shown());
  } catch (const Error&) {
    why = "is not valid";
  }
  note = fmt::format("{}: taken as the text '{}', since as YAML it {}", where, text, why);
  return TextNode(text, where);
}

}  // namespace

YamlNode ParseArgument(const std::string& text, const std::string& where) {
  YamlNode value = ParseYamlValue(text, where);
  if (const auto comment = CommentIn(text, value)) {
    FailAt(where,
           "YAML leaves out '{}' from character {} on: remove it, or put the value in quotes",
           ShownBytes(text.substr(*comment)), *comment + 1);
  }
  if (value.is_scalar() && !value.quoted && value.text != Trimmed(text)) {
    FailAt(where, "YAML makes '{}' of '{}': put the value in quotes", value.text, ShownBytes(text));
  }
  return value;
}

std::optional<std::string> ApplyOverride(const std::string& assignment, YamlNode& root) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    FailAt("--set " + ShownBytes(assignment), "must be KEY=VALUE");
  }
  const std::string path = assignment.substr(0, equals), text = assignment.substr(equals + 1);
  const std::string where = "--set " + ShownBytes(path);
  const std::vector<std::string> steps = SplitPath(path, where);
  if (steps.front().starts_with("x-")) {
    FailAt(where,
           "what stands under x-… is read where the file refers to it, not from here: set "
           "the keys that take it");
  }
  std::optional<std::string> note;
  YamlNode value =
      TakesText(steps) ? TextOf(text, where, TakesList(steps), note) : ParseArgument(text, where);
  YamlNode* node = &root;
  std::string passed;
  for (const std::string& step : steps) {
    node = &Step(*node, step, passed.empty() ? "the sweep" : passed, where);
    passed += (passed.empty() ? "" : ".") + step;
  }
  *node = std::move(value);
  return note;
}

YamlNode WordNode(const std::string& text, const std::string& where) {
  return {.kind = YamlNode::Kind::kScalar, .text = text, .quoted = true, .where = where};
}

}  // namespace zerosweep
