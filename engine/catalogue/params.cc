#include "engine/catalogue/params.h"

#include <utility>

namespace zerosweep {

ParamSpec BudgetParam(const std::string& name, Budget budget, const std::string& meaning,
                      const std::string& unit, const std::string& source) {
  return {.name = name,
          .type = ParamType::kInt,
          .default_value = budget.paper,
          .meaning = meaning,
          .unit = unit,
          .source = source,
          .min = 1,
          .profiles = {{"paper", budget.paper}, {"fast", budget.fast}, {"smoke", budget.smoke}}};
}

ParamSpec RateParam(const std::string& name, double value, const std::string& meaning,
                    const std::string& source) {
  return {.name = name,
          .type = ParamType::kFloat,
          .default_value = value,
          .meaning = meaning,
          .source = source,
          .min = 0};
}

ParamSpec ShareParam(const std::string& name, double value, const std::string& meaning,
                     const std::string& source) {
  ParamSpec share = RateParam(name, value, meaning, source);
  share.max = 1;
  return share;
}

std::vector<ParamSpec> PlateauParams(const std::string& what, int64_t patience,
                                     const std::string& source) {
  return {{.name = "plateau_patience",
           .type = ParamType::kInt,
           .default_value = patience,
           .meaning = "steps without a better loss before " + what + " falls",
           .unit = "iterations",
           .source = source,
           .min = 0},
          ShareParam("plateau_factor", 0.1, "what " + what + " falls by", source),
          RateParam("min_lr", 1e-4, "lowest value of " + what, source)};
}

std::vector<ParamSpec> Joined(std::vector<ParamSpec> first, std::vector<ParamSpec> more) {
  for (ParamSpec& param : more) first.push_back(std::move(param));
  return first;
}

}  // namespace zerosweep
