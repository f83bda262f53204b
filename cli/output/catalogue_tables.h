// What exists, for people and for machines: shared by methods, models, datasets and recipes.
#pragma once

#include <string>

#include "cli/command.h"
#include "storage/results/results.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {

// Columns of one parameter: parameter, type, default, unit, min, max, choices, profiles, variants,
// meaning, source.
const std::vector<std::string>& ParameterColumns();
// Null cells for what the parameter does not declare.
std::vector<Json> ParameterCells(const ParamSpec& param);

// A heading ("synthesizer zeroq"), its summary and paper, and one line a parameter.
void PrintEntry(Role role, const Declaration& entry);

// "one of relu, op_output", "0 to 1", "at least 1"; empty when the type alone limits it.
std::string AllowedValues(const ParamSpec& param);

// "64", "w8a8", "[1, 2]": a JSON value as people write it.
std::string Shown(const Json& value);

// Null for what is empty.
template <typename T>
Json OrNull(const T& value) {
  return value.empty() ? Json() : Json(value);
}

}  // namespace zerosweep
