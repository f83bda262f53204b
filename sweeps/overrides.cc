#include "sweeps/overrides.h"

#include <charconv>
#include <sstream>

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
  YamlNode& made = node.members.emplace_back(YamlMember{step, where, {}}).value;
  made.where = where;
  return made;
}

}  // namespace

void ApplyOverride(const std::string& assignment, YamlNode& root) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    FailAt("--set " + assignment, "must be KEY=VALUE");
  }
  const std::string path = assignment.substr(0, equals);
  const std::string where = "--set " + path;
  YamlNode value = ParseYamlValue(assignment.substr(equals + 1), where);
  YamlNode* node = &root;
  std::string passed;
  for (const std::string& step : SplitPath(path, where)) {
    node = &Step(*node, step, passed.empty() ? "the sweep" : passed, where);
    passed += (passed.empty() ? "" : ".") + step;
  }
  *node = std::move(value);
}

}  // namespace zerosweep
