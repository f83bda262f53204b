// Parameters: one list declares them and binds each to the member of a struct that holds its value.
// Code reads the members, so a misspelt name does not compile.
//
//   Params<ZeroQSettings> ZeroQParams() {
//     return {Part(&ZeroQSettings::pixels, PixelParams(…)),
//             Bind(&ZeroQSettings::gaussian, {.name = "init", …},
//                  {{"scaled_uniform", false}, {"gaussian", true}})};
//   }
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "contract/declaration.h"

namespace zerosweep {

// Returns a value for each parameter: the given one, otherwise the neutral one, otherwise the
// default. Throws kUsage for a name that is not declared, naming `owner` and the nearest name.
Json CompleteParams(const std::string& owner, const std::vector<ParamSpec>& params,
                    const Json& given);

// A list of parameters whose values a Settings holds. Members that no parameter is bound to keep
// their initialisers.
template <typename Settings>
class Params {
 public:
  using Set = std::function<void(Settings&, const Json& value)>;

  Params() = default;
  Params(ParamSpec spec, Set set) : bound_{{std::move(spec), std::move(set)}} {}
  // All parameters of these lists, in order.
  Params(std::initializer_list<Params> lists) {
    for (const Params& list : lists)
      bound_.insert(bound_.end(), list.bound_.begin(), list.bound_.end());
  }

  // The parameters in the form of a declaration.
  std::vector<ParamSpec> specs() const {
    std::vector<ParamSpec> specs;
    for (const Bound& bound : bound_) specs.push_back(bound.spec);
    return specs;
  }

  // Reads the values that the stage's name holds; it omits neutral values. Throws kUsage as
  // CompleteParams does.
  Settings Read(const std::string& owner, const Json& given) const {
    const Json values = CompleteParams(owner, specs(), given);
    Settings settings{};
    for (const Bound& bound : bound_) bound.set(settings, values.at(bound.spec.name));
    return settings;
  }

  // Returns the same parameters for a struct that has a Settings as a member.
  template <typename Whole>
  Params<Whole> In(Settings Whole::*member) const {
    Params<Whole> whole;
    for (const Bound& bound : bound_) {
      whole.bound_.push_back(
          {bound.spec, [member, set = bound.set](Whole& settings, const Json& value) {
             set(settings.*member, value);
           }});
    }
    return whole;
  }

 private:
  template <typename>
  friend class Params;
  struct Bound {
    ParamSpec spec;
    Set set;
  };
  std::vector<Bound> bound_;
};

// Numbers, flags and texts: the parameter has the member's type.
template <typename T>
concept PlainParam = std::same_as<T, int64_t> || std::same_as<T, double> || std::same_as<T, bool> ||
    std::same_as<T, std::string>;

template <PlainParam T>
constexpr ParamType TypeOf() {
  if constexpr (std::same_as<T, int64_t>) return ParamType::kInt;
  if constexpr (std::same_as<T, double>) return ParamType::kFloat;
  if constexpr (std::same_as<T, bool>) return ParamType::kBool;
  return ParamType::kString;
}

// One parameter, whose type follows from the member.
template <typename Settings, PlainParam T>
Params<Settings> Bind(T Settings::*member, ParamSpec spec) {
  spec.type = TypeOf<T>();
  return {std::move(spec),
          [member](Settings& settings, const Json& value) { value.get_to(settings.*member); }};
}

// Returns the index of a word among the choices. Throws kUsage for any other word.
size_t PlaceOfWord(const ParamSpec& spec, const Json& value);

// One parameter whose values are words. Each word stands for a value of the member: an enumerator,
// or a flag. The words are the declared choices.
template <typename Settings, typename T>
Params<Settings> Bind(T Settings::*member, ParamSpec spec,
                      const std::vector<std::pair<std::string, std::type_identity_t<T>>>& words) {
  spec.type = ParamType::kChoice;
  std::vector<T> meanings;
  for (const auto& [word, meaning] : words) {
    spec.choices.push_back(word);
    meanings.push_back(meaning);
  }
  return {spec, [member, spec, meanings](Settings& settings, const Json& value) {
            settings.*member = meanings[PlaceOfWord(spec, value)];
          }};
}

// The parameters of a member that is a struct.
template <typename Whole, typename Settings>
Params<Whole> Part(Settings Whole::*member, const std::type_identity_t<Params<Settings>>& params) {
  return params.In(member);
}

// An integer of at least 1 with a value for each profile; the value of `paper` is the default.
struct ProfileDefaults {
  int64_t paper = 0, fast = 0, smoke = 0;
};
ParamSpec BudgetParam(const std::string& name, ProfileDefaults budget, const std::string& meaning,
                      const std::string& unit, const std::string& source);

// A number of at least 0: a rate or a weight.
ParamSpec RateParam(const std::string& name, double value, const std::string& meaning,
                    const std::string& source);

// A number from 0 to 1.
ParamSpec FractionParam(const std::string& name, double value, const std::string& meaning,
                        const std::string& source);

}  // namespace zerosweep
