// `--set a.b.c=value`: changes of the command line to a sweep, made before it is validated.
#pragma once

#include <string>

#include "sweeps/yaml_tree.h"

namespace zerosweep {

// Sets the value at a dotted path (a number is a list's index); maps on the way are made. The value
// is YAML. Throws kUsage, starting with "--set KEY: ", when there is no "=", when the path leads
// through a plain value or past the end of a list, or when the value is not YAML.
void ApplyOverride(const std::string& assignment, YamlNode& root);

}  // namespace zerosweep
