#include "sweeps/grammar/yaml_tree.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "base/files.h"
#include "base/text.h"

namespace zerosweep {
namespace {

// Lists of scalars stand in one line.
void Emit(const YamlNode& node, YAML::Emitter& out) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out << YAML::Null;
      return;
    case YamlNode::Kind::kScalar:
      if (node.quoted) out << YAML::DoubleQuoted;
      out << node.text;
      return;
    case YamlNode::Kind::kList:
      out << YAML::Flow << YAML::BeginSeq;
      for (const YamlNode& item : node.items) Emit(item, out);
      out << YAML::EndSeq;
      return;
    case YamlNode::Kind::kMap:
      out << YAML::BeginMap;
      for (const YamlMember& member : node.members) {
        out << YAML::Key << member.key << YAML::Value;
        Emit(member.value, out);
      }
      out << YAML::EndMap;
      return;
  }
}

constexpr size_t kMaxValues = 1'000'000;
constexpr int kMaxDepth = 100;  // an alias that names its own parent nests without end
constexpr const char* kMerge = "<<";

// Keys and values appear in one-line messages on terminals, in file names and in reports.
void RequirePrintable(const std::string& text, const std::string& where) {
  if (std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 127; })) {
    FailAt(where, "a key or value holds a line break or another control character, remove it");
  }
}

// Turns yaml-cpp's nodes, which accept duplicate keys, into a checked tree.
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
    std::vector<YamlMember> merged;
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
      // yaml-cpp gives an absent value ("key:") no position.
      if (value.kind == YamlNode::Kind::kNull) value.where = where;
      if (key == kMerge && entry.first.Tag() != "!") {
        Merge(std::move(value), merged);
      } else {
        node.members.push_back({key, where, std::move(value)});
      }
    }
    // As in other YAML libraries, merged members come first and the map's own keys win.
    std::erase_if(merged, [&](const YamlMember& member) { return seen.contains(member.key); });
    node.members.insert(node.members.begin(), std::make_move_iterator(merged.begin()),
                        std::make_move_iterator(merged.end()));
  }

  // The value of `<<`: a map, or a list of maps in which the first one that has a key wins.
  static void Merge(YamlNode value, std::vector<YamlMember>& merged) {
    const std::string where = value.where;
    std::vector<YamlNode> maps;
    if (value.is_list()) {
      maps = std::move(value.items);
    } else {
      maps.push_back(std::move(value));
    }
    for (YamlNode& map : maps) {
      if (!map.is_map()) {
        FailAt(where, "<< merges {}, but it takes a map or a list of maps, such as *anchor",
               map.Shown());
      }
      for (YamlMember& member : map.members) {
        if (std::ranges::find(merged, member.key, &YamlMember::key) == merged.end())
          merged.push_back(std::move(member));
      }
    }
  }

  std::function<std::string(const YAML::Mark&)> where_;
  size_t values_ = 0;
};

using Where = std::function<std::string(const YAML::Mark&)>;

YAML::Mark MarkAt(const std::string& text, size_t place) {
  YAML::Mark mark;
  mark.pos = static_cast<int>(place);
  for (size_t i = 0; i < place; ++i) {
    mark.column = text[i] == '\n' ? 0 : mark.column + 1;
    mark.line += text[i] == '\n' ? 1 : 0;
  }
  return mark;
}

// Refuses what no YAML text may hold and yaml-cpp does not report.
void RequireText(const std::string& text, const std::string& origin, const Where& where) {
  if (const size_t nul = text.find('\0'); nul != std::string::npos) {
    FailAt(where(MarkAt(text, nul)),
           "holds a NUL byte: a sweep is plain text in UTF-8 (UTF-16 is not), so save it as that");
  }
  if (!IsUtf8(text)) FailAt(origin, "the text is not valid UTF-8: save it as that");
}

// The line of the error or the one above it, if it is indented with a tab: that is then the cause.
std::optional<int> TabbedLine(const std::string& text, int reported) {
  std::istringstream lines(text);
  std::string line;
  for (int number = 0; std::getline(lines, line) && number <= reported; ++number) {
    const bool tabbed = line.find('\t') < line.find_first_not_of(" \t");
    if (tabbed && number >= reported - 1) return number;
  }
  return std::nullopt;
}

// What yaml-cpp's messages mean, for readers who do not know its source.
std::string Advice(const std::string& message) {
  constexpr const char* kEscapes =
      "; in double quotes \\ begins an escape: take single quotes, or write \\\\";
  static const std::vector<std::pair<std::string, std::string>> kAdvice = {
      {"illegal map value", "; a value that holds ': ' must stand in quotes"},
      {"bad character found while scanning hex number", kEscapes},
      {"invalid unicode", kEscapes},
      {"unknown escape character", kEscapes},
      {"unknown token", "; a value that begins with @, ` or % must stand in quotes"},
      {"end of map not found", "; is the indentation of this line that of the keys above it?"},
      {"end of sequence not found", "; are the items of the list indented alike?"},
      {"end of map flow not found", "; a { has no }"},
      {"end of sequence flow not found", "; a [ has no ]"},
      {"illegal EOF in scalar", "; a quote is never closed"},
      {"the referenced anchor is not defined", "; a value that begins with * must stand in quotes"},
  };
  for (const auto& [words, advice] : kAdvice)
    if (message.starts_with(words)) return advice;
  return "";
}

[[noreturn]] void FailAtMark(const std::string& text, const YAML::Exception& error,
                             const Where& where) {
  if (error.msg == YAML::ErrorMsg::BAD_FILE) {  // yaml-cpp's name for it
    FailAt(where(error.mark), "the text is nested too deeply to be read: close the brackets");
  }
  if (const auto tabbed = TabbedLine(text, error.mark.line)) {
    YAML::Mark mark;
    mark.line = *tabbed;
    FailAt(where(mark), "the line is indented with a tab; YAML takes blanks only");
  }
  FailAt(where(error.mark), "not valid YAML: {}{}", error.msg, Advice(error.msg));
}

YamlNode Build(const std::string& text, const Where& where) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(text);
  if (documents.size() > 1) {
    FailAt(where(documents[1].Mark()), "a second YAML document begins here: one file holds one");
  }
  return TreeBuilder(where).Build(documents.empty() ? YAML::Node() : documents.front());
}

template <typename Number>
bool ReadWhole(const std::string& text, Number& value) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(begin, end, value);
  return result.ec == std::errc() && result.ptr == end;
}

Json ScalarJson(const std::string& text) {
  static const std::set<std::string> kNull = {"", "~", "null", "Null", "NULL"},
                                     kTrue = {"true", "True", "TRUE"},
                                     kFalse = {"false", "False", "FALSE"};
  if (kNull.contains(text)) return nullptr;
  if (kTrue.contains(text)) return true;
  if (kFalse.contains(text)) return false;
  int64_t integer = 0;
  if (ReadWhole(text, integer)) return integer;
  double real = 0;
  // "inf", "nan" and the like stay text: no parameter takes them as numbers.
  if (text.find_first_of("0123456789") != std::string::npos && ReadWhole(text, real)) return real;
  return text;
}

}  // namespace

const YamlNode* YamlNode::Find(const std::string& key) const {
  const auto found = std::ranges::find(members, key, &YamlMember::key);
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
  const Where where = [&](const YAML::Mark& mark) {
    return mark.is_null() ? origin : fmt::format("{}:{}", origin, mark.line + 1);
  };
  RequireText(text, origin, where);
  try {
    return Build(text, where);
  } catch (const YAML::Exception& error) {
    FailAtMark(text, error, where);
  }
}

YamlNode ParseYamlValue(const std::string& text, const std::string& where) {
  const auto at_character = [&](const YAML::Mark& mark) {
    return mark.is_null() ? where : fmt::format("{}, at character {}", where, mark.pos + 1);
  };
  RequireText(text, where, at_character);
  try {
    return Build(text, [&](const YAML::Mark&) { return where; });
  } catch (const YAML::Exception& error) {
    FailAtMark(text, error, at_character);
  }
}

void RequireKeys(const YamlNode& map, const std::vector<std::string>& known,
                 const std::string& what) {
  if (!map.is_map()) {
    FailAt(map.where, "{} is {}, must be a map of {}", what, map.Shown(), Join(known, ", "));
  }
  for (const YamlMember& member : map.members) {
    if (std::ranges::find(known, member.key) == known.end()) {
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

std::filesystem::path RequirePath(const YamlNode& node, const std::string& label) {
  static const std::regex kVariable(R"(\$(\w+)|\$\{(\w+)\})");
  if (node.kind == YamlNode::Kind::kNull) {
    FailAt(node.where, "{} is empty (an unquoted ~ is YAML's word for that), must be a path",
           label);
  }
  std::string rest = RequireWord(node, label), path;
  for (std::smatch match; std::regex_search(rest, match, kVariable); rest = match.suffix()) {
    const std::string name = match[1].matched ? match[1] : match[2];
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
      FailAt(node.where, "{} is '{}', but the environment has no {}: set it, or write it out",
             label, node.text, name);
    }
    path += match.prefix().str() + value;
  }
  const std::filesystem::path whole = WithHomeFolder(path + rest);
  RequireUtf8Path(whole, label);
  return whole;
}

std::string ToYaml(const YamlNode& node) {
  YAML::Emitter out;
  Emit(node, out);
  return out.c_str() + std::string("\n");
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
