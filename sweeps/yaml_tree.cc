#include "sweeps/yaml_tree.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>

#include "base/text.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxValues = 1'000'000;
constexpr int kMaxDepth = 100;  // an alias that names its own parent has no end

// Keys and values appear in one-line messages on terminals, in names of files and in reports.
void RequirePrintable(const std::string& text, const std::string& where) {
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return (c >= 0 && c < ' ') || c == 127; })) {
    FailAt(where, "a key or value holds a line break or another control character, remove it");
  }
}

// Turns yaml-cpp's nodes, which accept a key twice, into a checked tree.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::function<std::string(const YAML::Mark&)> where)
      : where_(std::move(where)) {}

  YamlNode Build(const YAML::Node& source, int depth = 0) {
    YamlNode node;
    node.where = where_(source.Mark());
    if (depth > kMaxDepth) {
      FailAt(node.where, "the document is nested deeper than {} levels; does an alias name itself?",
             kMaxDepth);
    }
    if (++values_ > kMaxValues) {
      FailAt(node.where, "the document unfolds to more than {} values", kMaxValues);
    }
    const std::string& tag = source.Tag();
    if (!tag.empty() && tag != "?" && tag != "!") {
      FailAt(node.where, "the YAML tag '{}' is not supported, remove it", tag);
    }
    if (source.IsScalar()) {
      BuildScalar(source, node);
    } else if (source.IsSequence()) {
      node.kind = YamlNode::Kind::kList;
      for (const YAML::Node& item : source) node.items.push_back(Build(item, depth + 1));
    } else if (source.IsMap()) {
      BuildMap(source, node, depth);
    }
    return node;
  }

 private:
  void BuildScalar(const YAML::Node& source, YamlNode& node) {
    node.kind = YamlNode::Kind::kScalar;
    node.text = source.Scalar();
    node.quoted = source.Tag() == "!";
    RequirePrintable(node.text, node.where);
  }

  void BuildMap(const YAML::Node& source, YamlNode& node, int depth) {
    node.kind = YamlNode::Kind::kMap;
    std::map<std::string, std::string> seen;
    for (const auto& entry : source) {
      const std::string where = where_(entry.first.Mark());
      if (!entry.first.IsScalar()) FailAt(where, "a key must be a plain word");
      const std::string& key = entry.first.Scalar();
      RequirePrintable(key, where);
      const auto [first, inserted] = seen.emplace(key, where);
      if (!inserted) {
        FailAt(where, "key '{}' is given twice (first at {}), remove one", key, first->second);
      }
      YamlNode value = Build(entry.second, depth + 1);
      // yaml-cpp gives an absent value ("key:") no place of its own.
      if (value.kind == YamlNode::Kind::kNull) value.where = where;
      node.members.push_back({key, where, std::move(value)});
    }
  }

  std::function<std::string(const YAML::Mark&)> where_;
  size_t values_ = 0;
};

void RequireUtf8(const std::string& text, const std::string& origin) {
  try {
    (void)Json(text).dump();
  } catch (const nlohmann::json::exception&) {
    FailAt(origin, "the text is not valid UTF-8");
  }
}

YamlNode Parse(const std::string& text, const std::string& origin,
               const std::function<std::string(const YAML::Mark&)>& where) {
  RequireUtf8(text, origin);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      FailAt(where(documents[1].Mark()), "a second YAML document begins here: one file holds one");
    }
    return TreeBuilder(where).Build(documents.empty() ? YAML::Node() : documents.front());
  } catch (const YAML::Exception& error) {
    FailAt(where(error.mark), "not valid YAML: {}", error.msg);
  }
}

template <typename Number>
bool ReadWhole(const std::string& text, Number& value) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(begin, end, value);
  return result.ec == std::errc() && result.ptr == end;
}

Json ScalarJson(const std::string& text) {
  if (text == "~" || text == "null" || text.empty()) return nullptr;
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  int64_t integer = 0;
  if (ReadWhole(text, integer)) return integer;
  double real = 0;
  // Words such as "inf" and "nan" stay words: no parameter takes them.
  if (text.find_first_of("0123456789") != std::string::npos && ReadWhole(text, real)) return real;
  return text;
}

}  // namespace

const YamlNode* YamlNode::Find(const std::string& key) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const YamlMember& member) { return member.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

YamlNode* YamlNode::Find(const std::string& key) {
  return const_cast<YamlNode*>(std::as_const(*this).Find(key));
}

Json YamlNode::ToJson() const {
  switch (kind) {
    case Kind::kNull:
      return nullptr;
    case Kind::kScalar:
      return quoted ? Json(text) : ScalarJson(text);
    case Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& item : items) list.push_back(item.ToJson());
      return list;
    }
    case Kind::kMap: {
      Json map = Json::object();
      for (const YamlMember& member : members) map[member.key] = member.value.ToJson();
      return map;
    }
  }
  return nullptr;
}

std::string YamlNode::Shown() const {
  if (!is_scalar()) return kind == Kind::kNull ? "empty" : ToJson().dump();
  const Json value = ToJson();
  return value.is_string() ? "'" + text + "'" : text;
}

YamlNode ParseYaml(const std::string& text, const std::string& origin) {
  return Parse(text, origin, [&](const YAML::Mark& mark) {
    return mark.is_null() ? origin : fmt::format("{}:{}", origin, mark.line + 1);
  });
}

YamlNode ParseYamlValue(const std::string& text, const std::string& where) {
  return Parse(text, where, [&](const YAML::Mark&) { return where; });
}

void RequireKeys(const YamlNode& map, const std::vector<std::string>& known,
                 const std::string& what) {
  if (!map.is_map()) {
    FailAt(map.where, "{} is {}, must be a map of {}", what, map.Shown(), Join(known, ", "));
  }
  for (const YamlMember& member : map.members) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      FailAt(member.where, "unknown key '{}' in {}{}", member.key, what,
             Suggestion(member.key, known));
    }
  }
}

const std::string& RequireWord(const YamlNode& node, const std::string& label) {
  if (!node.is_scalar() || node.text.empty()) {
    FailAt(node.where, "{} is {}, must be one word", label, node.Shown());
  }
  return node.text;
}

int64_t RequireInt(const YamlNode& node, const std::string& label, int64_t min, int64_t max) {
  const Json value = node.ToJson();
  if (!value.is_number_integer()) {
    FailAt(node.where, "{} is {}, must be an integer", label, node.Shown());
  }
  const int64_t integer = value.get<int64_t>();
  if (integer < min) FailAt(node.where, "{} is {}, must be at least {}", label, integer, min);
  if (integer > max) FailAt(node.where, "{} is {}, must be at most {}", label, integer, max);
  return integer;
}

}  // namespace zerosweep
