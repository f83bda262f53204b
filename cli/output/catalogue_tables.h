// The catalogue as tables and JSON, for `methods`, `models`, `datasets` and `recipes`.
#pragma once

#include <string>

#include "cli/command.h"
#include "storage/results/results.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {

// The columns of a parameter's row: parameter, type, default, unit, min, max, choices, profiles,
// variants, meaning, source.
const std::vector<std::string>& ParameterColumns();
// Cells of what the parameter does not declare are null.
std::vector<Json> ParameterCells(const ParamSpec& param);

// Prints a heading ("synthesizer zeroq"), the summary and paper, and one line per parameter.
void PrintEntry(Role role, const Declaration& entry);

// "one of relu, op_output", "0 to 1", "at least 1"; empty when the type alone limits it.
std::string AllowedValues(const ParamSpec& param);

// A JSON value as users write it: "64", "w8a8", "[1, 2]".
std::string Shown(const Json& value);

}  // namespace zerosweep
