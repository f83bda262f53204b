// Typed parameters: what a declaration of the catalogue allows, what a sweep or recipe gives, and
// what follows from both.
#pragma once

#include <string>
#include <vector>

#include "contract/declaration.h"
#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {

inline const std::vector<std::string> kProfiles = {"paper", "fast", "smoke"};
inline const std::vector<std::string> kVariants = {"code", "paper", "fixed"};

// The parameters that a block may give; of two of one name the first counts.
using ParamSpecs = std::vector<const ParamSpec*>;
ParamSpecs ParamsOf(const std::vector<const Declaration*>& declarations);
ParamSpecs ParamsOf(const ProtocolFields& protocol);
// Null when there is none of that name.
const ParamSpec* FindParam(const ParamSpecs& params, const std::string& name);

// The value of `node` as `param` declares it: integers as integers, kFloat as double, kChoice and
// kString as text, kBits as an integer 2…8 or 32 or "same". Throws kUsage: "sweep.yaml:12:
// zeroq.images is 0, must be at least 1".
Json CheckedValue(const ParamSpec& param, const YamlNode& node, const std::string& label);

// Whether a value may depend on the profile: `images: {paper: 1024, fast: 256, smoke: 8}`, every
// profile named. Recipes alone write so.
enum class ByProfile { kNo, kAllowed };

// The given values of a block such as `{images: 256}`, checked. Keys are parameters or one of
// `extra`, which are accepted and left out. A null block gives nothing.
Json CheckedBlock(const ParamSpecs& params, const YamlNode& block, const std::string& name,
                  const std::vector<std::string>& extra = {},
                  ByProfile by_profile = ByProfile::kNo);

// Every parameter of the declaration with its value: given > recipe (for the profile, where it
// depends on it) > the variant's > the profile's > default.
Json ResolveParams(const Declaration& declaration, const Json& given, const Json& recipe,
                   const std::string& profile, const std::string& variant);

// Without the parameters whose value is their declared `neutral` one: what goes into a stage's
// name.
Json WithoutNeutral(const ParamSpecs& params, Json values);

// One of `known`, or a usage error with the nearest.
const std::string& RequireChoice(const YamlNode& node, const std::string& label,
                                 const std::vector<std::string>& known);

}  // namespace zerosweep
