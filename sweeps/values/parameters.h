// Typed parameters: what a declaration of the catalogue allows, what a sweep or recipe gives, and
// the values that result.
#pragma once

#include <string>
#include <vector>

#include "contract/declaration.h"
#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {

inline const std::vector<std::string> kProfiles = {"paper", "fast", "smoke"};
inline const std::vector<std::string> kVariants = {"code", "paper", "fixed"};

// The parameters that a block may give; of two with the same name the first counts.
using ParamSpecs = std::vector<const ParamSpec*>;
ParamSpecs ParamsOf(const std::vector<const Declaration*>& declarations);
ParamSpecs ParamsOf(const ProtocolFields& protocol);
// Returns null when there is none of that name.
const ParamSpec* FindParam(const ParamSpecs& params, const std::string& name);

// The value of `node` in the type of `param`: integers as integers, kFloat as double, kChoice and
// kString as text, kBits as an integer 2…8 or 32 or "same". Throws kUsage: "sweep.yaml:12:
// zeroq.images is 0, must be at least 1".
Json CheckedValue(const ParamSpec& param, const YamlNode& node, const std::string& label);

// Whether it is a width of quantization: 2…8, or 32 for full precision.
bool IsBitWidth(const Json& value);

// Whether a value may depend on the profile: `images: {paper: 1024, fast: 256, smoke: 8}`, with
// every profile named. Only recipes use this form.
enum class ByProfile { kNo, kAllowed };

// The checked values of a block such as `{images: 256}`. Its keys are parameters, or in `extra`,
// which are accepted and left out. A null block gives no values.
Json CheckedBlock(const ParamSpecs& params, const YamlNode& block, const std::string& name,
                  const std::vector<std::string>& extra = {},
                  ByProfile by_profile = ByProfile::kNo);

// Every parameter of the declaration with its value: given > recipe (for the profile, where it
// depends on it) > the variant's > the profile's > default.
Json ResolveParams(const Declaration& declaration, const Json& given, const Json& recipe,
                   const std::string& profile, const std::string& variant);

// Drops the parameters that have their declared `neutral` value; the others enter a stage's name.
Json WithoutNeutral(const ParamSpecs& params, Json values);

// Returns the word if it is in `known`; otherwise throws a usage error with the nearest one.
const std::string& RequireChoice(const YamlNode& node, const std::string& label,
                                 const std::vector<std::string>& known);

}  // namespace zerosweep
