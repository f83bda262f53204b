#include "engine/catalogue/limits.h"

namespace zerosweep {

Json FactNamed(const std::string& name) { return {{"fact", name}}; }

Json ToJson(const std::vector<Condition>& conditions) {
  Json list = Json::array();
  for (const Condition& condition : conditions)
    list.push_back({{"fact", condition.fact}, {condition.relation, condition.value}});
  return list;
}

Json ToJson(const std::vector<Limit>& limits) {
  Json list = Json::array();
  for (const Limit& limit : limits)
    list.push_back({{"when", ToJson(limit.when)}, {"message", limit.message}});
  return list;
}

Limit NeedsBatchNorms() {
  return {
      {{"model.batch_norms", "is", 0}},
      "it matches batch-norm statistics, and this network has no batch norm: exclude this pair"};
}

Limit NeedsMaps() {
  return {{{"trial.side", "below", FactNamed("model.map_side")}},
          "it takes the variance of every map, and from images of {trial.side} pixels some maps of "
          "this network are one pixel: it needs at least {model.map_side}"};
}

Limit NeedsAnImageARank(const std::string& param) {
  return {{{"param." + param, "below", FactNamed("param.ranks")}},
          param + " is {param." + param +
              "}, which {param.ranks} ranks cannot share: give at least one image a rank"};
}

std::vector<Limit> Joined(std::vector<Limit> first, const std::vector<Limit>& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

}  // namespace zerosweep
