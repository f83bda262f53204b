// `--set a.b.c=value`: changes of the command line to a sweep, made before it is validated.
#pragma once

#include <optional>
#include <string>

#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {

// A value of the command line that is YAML (--bits, --method, most of --set). Throws kUsage, with
// the place, for what is not, and for text of which YAML would leave out a comment or an anchor.
YamlNode ParseArgument(const std::string& text, const std::string& where);

// Sets the value at a dotted path (a number is a list's index); maps on the way are made. The value
// is YAML. Where the key takes a name or a path, text that is no YAML, or of which YAML would drop
// or unfold characters ("a #b", "x: y", "[1].pth", "@x"), is that text; returns a line that says
// so. Throws kUsage, starting with "--set KEY: ", when there is no "=", when the path leads through
// a plain value, past the end of a list or into a key that nobody reads ("x-…"), and for other keys
// when the value is not YAML or holds a comment.
std::optional<std::string> ApplyOverride(const std::string& assignment, YamlNode& root);

// A scalar that is this text, whatever YAML would make of it.
YamlNode WordNode(const std::string& text, const std::string& where);

}  // namespace zerosweep
