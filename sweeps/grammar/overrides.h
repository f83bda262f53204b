// `--set a.b.c=value`: changes a sweep from the command line, before it is validated.
#pragma once

#include <optional>
#include <string>

#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {

// Parses a command-line value as YAML (--bits, --method, most of --set). Throws kUsage, with the
// place, for invalid YAML, and for text from which YAML would drop a comment or an anchor.
YamlNode ParseArgument(const std::string& text, const std::string& where);

// Sets the value at a dotted path, in which a number is an index into a list. Creates missing maps
// on the way. The value is YAML. For a key that takes a name or a path, text that is not YAML, or
// that YAML would shorten or expand ("a #b", "x: y", "[1].pth", "@x"), is used as it is; the
// returned line then says so. Throws kUsage, starting with "--set KEY: ", when there is no "=",
// when the path leads through a plain value, past the end of a list or into a key that nothing
// reads ("x-…"), and, for other keys, when the value is not YAML or holds a comment.
std::optional<std::string> ApplyOverride(const std::string& assignment, YamlNode& root);

// A scalar with exactly this text, whatever YAML would make of it.
YamlNode WordNode(const std::string& text, const std::string& where);

}  // namespace zerosweep
