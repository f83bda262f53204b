#include "engine/catalogue/params.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {

Json CompleteParams(const std::string& owner, const std::vector<ParamSpec>& params,
                    const Json& given) {
  Json complete = Json::object();
  std::vector<std::string> known;
  for (const ParamSpec& param : params) {
    complete[param.name] = param.neutral.is_null() ? param.default_value : param.neutral;
    known.push_back(param.name);
  }
  for (const auto& [name, value] : given.items()) {
    if (!complete.contains(name)) {
      Fail(ErrorKind::kUsage, "'{}' has no parameter '{}'{}", owner, name, Suggestion(name, known));
    }
    complete[name] = value;
  }
  return complete;
}

size_t PlaceOfWord(const ParamSpec& spec, const Json& value) {
  const auto word = value.get<std::string>();
  const auto found = std::find(spec.choices.begin(), spec.choices.end(), word);
  if (found == spec.choices.end()) {
    Fail(ErrorKind::kUsage, "'{}' is '{}', must be one of: {}", spec.name, word,
         Join(spec.choices, ", "));
  }
  return static_cast<size_t>(found - spec.choices.begin());
}

ParamSpec BudgetParam(const std::string& name, ProfileDefaults budget, const std::string& meaning,
                      const std::string& unit, const std::string& source) {
  return {.name = name,
          .default_value = budget.paper,
          .meaning = meaning,
          .unit = unit,
          .source = source,
          .min = 1,
          .profiles = {{"paper", budget.paper}, {"fast", budget.fast}, {"smoke", budget.smoke}}};
}

ParamSpec RateParam(const std::string& name, double value, const std::string& meaning,
                    const std::string& source) {
  return {.name = name, .default_value = value, .meaning = meaning, .source = source, .min = 0};
}

ParamSpec FractionParam(const std::string& name, double value, const std::string& meaning,
                        const std::string& source) {
  ParamSpec share = RateParam(name, value, meaning, source);
  share.max = 1;
  return share;
}

}  // namespace zerosweep
