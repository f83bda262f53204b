// YAML as a tree that knows where each value came from, so that every later error can name file and
// line.
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
// false, integers, floats; everything quoted is a string).
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string text;     // of a scalar
  bool quoted = false;  // a quoted scalar is a string whatever it looks like
  std::string where;    // "sweep.yaml:7" or "--set grid.bits": starts every message about it
  std::vector<YamlNode> items;      // of a list
  std::vector<YamlMember> members;  // of a map, in the file's order, no key twice

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_scalar() const { return kind == Kind::kScalar; }

  // The member of that key, or null.
  const YamlNode* Find(const std::string& key) const;
  YamlNode* Find(const std::string& key);
  // The typed value.
  Json ToJson() const;
  // For messages: a scalar as written ("w4a4", 12), anything else as compact JSON.
  std::string Shown() const;
};

struct YamlMember {
  std::string key;
  std::string where;
  YamlNode value;
};

// Parses one YAML document; merge keys (`<<: *anchor`, `<<: [*a, *b]`) are carried out: a map's own
// keys win. Throws kUsage naming `origin` and line for bad syntax, a key given twice, a key that is
// not a plain word, control characters, tags, more than one document, text that is not UTF-8, and
// documents that are nested too deeply or unfold (by aliases) to more than a million values. An
// empty text is a null node.
YamlNode ParseYaml(const std::string& text, const std::string& origin);

// The same for one value of the command line: every node's `where` is `where` itself. Bad syntax is
// reported "WHERE, at character 5: …".
YamlNode ParseYamlValue(const std::string& text, const std::string& where);

// A usage error at a place: "sweep.yaml:7: …".
template <typename... Args>
[[noreturn]] void FailAt(const std::string& where, fmt::format_string<Args...> format,
                         Args&&... args) {
  throw Error(ErrorKind::kUsage, where + ": " + fmt::format(format, std::forward<Args>(args)...));
}

// Fails unless every key of `map` is known: "unknown key 'itertions' in zeroq, did you mean
// 'iterations'?". Fails if `map` is not a map. `what` names it ("zeroq", "the sweep").
void RequireKeys(const YamlNode& map, const std::vector<std::string>& known,
                 const std::string& what);

// A word that is a path: "~/x" lies in the user's home folder, $NAME and ${NAME} are the
// environment's. Throws kUsage for a variable that is not set.
std::filesystem::path RequirePath(const YamlNode& node, const std::string& label);

// The text of a scalar that must be a non-empty word. `label` names it ("name").
const std::string& RequireWord(const YamlNode& node, const std::string& label);

// The value of an integer scalar within [min, max].
int64_t RequireInt(const YamlNode& node, const std::string& label, int64_t min, int64_t max);

}  // namespace zerosweep
