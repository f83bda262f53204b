// A YAML tree that keeps the place of each value, so that every later error can name file and line.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace zerosweep {

struct YamlMember;

// One YAML value. Scalars keep their text; their type follows from YAML's core schema (null, true,
// false, integers, floats; quoted scalars are strings).
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string text;     // of a scalar
  bool quoted = false;  // then it is a string, whatever it looks like
  std::string where;    // "sweep.yaml:7" or "--set grid.bits": starts every message about it
  std::vector<YamlNode> items;      // of a list
  std::vector<YamlMember> members;  // of a map, in the order of the file, each key once

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_scalar() const { return kind == Kind::kScalar; }

  // The member with that key, or null.
  const YamlNode* Find(const std::string& key) const;
  YamlNode* Find(const std::string& key);
  // The value with its type.
  Json ToJson() const;
  // The value in messages: a scalar as written ("w4a4", 12), anything else as compact JSON.
  std::string Shown() const;
};

struct YamlMember {
  std::string key;
  std::string where;
  YamlNode value;
};

// Parses one YAML document. Merge keys (`<<: *anchor`, `<<: [*a, *b]`) are resolved; a map's own
// keys win. Empty text gives a null node. Throws kUsage, naming `origin` and the line, for bad
// syntax, a duplicate key, a key that is not a plain word, control characters, tags, more than one
// document, text that is not UTF-8, and documents that are nested too deeply or unfold (through
// aliases) to more than a million values.
YamlNode ParseYaml(const std::string& text, const std::string& origin);

// Parses one value of the command line in the same way. Every node's `where` is the given one. Bad
// syntax is reported as "WHERE, at character 5: …".
YamlNode ParseYamlValue(const std::string& text, const std::string& where);

// The tree as YAML text, from which ParseYaml makes the same tree.
std::string ToYaml(const YamlNode& node);

// Throws a usage error at a place: "sweep.yaml:7: …".
template <typename... Args>
[[noreturn]] void FailAt(const std::string& where, fmt::format_string<Args...> format,
                         Args&&... args) {
  throw Error(ErrorKind::kUsage, where + ": " + fmt::format(format, std::forward<Args>(args)...));
}

// Fails if `map` is not a map or has an unknown key: "unknown key 'itertions' in zeroq, did you
// mean 'iterations'?". `what` names the map ("zeroq", "the sweep").
void RequireKeys(const YamlNode& map, const std::vector<std::string>& known,
                 const std::string& what);

// A word that is a path: "~/x" is in the user's home folder, $NAME and ${NAME} are environment
// variables. Throws kUsage for a variable that is not set.
std::filesystem::path RequirePath(const YamlNode& node, const std::string& label);

// The text of a scalar that must be a non-empty word. `label` names it ("name").
const std::string& RequireWord(const YamlNode& node, const std::string& label);

// The value of an integer scalar within [min, max].
int64_t RequireInt(const YamlNode& node, const std::string& label, int64_t min, int64_t max);

}  // namespace zerosweep
