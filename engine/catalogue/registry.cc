#include "engine/catalogue/registry.h"

namespace zerosweep {

Json CompleteParams(const Declaration& declaration, const Json& given) {
  Json complete = Json::object();
  std::vector<std::string> known;
  for (const ParamSpec& param : declaration.params) {
    complete[param.name] = param.neutral.is_null() ? param.default_value : param.neutral;
    known.push_back(param.name);
  }
  for (const auto& [name, value] : given.items()) {
    if (!complete.contains(name)) {
      Fail(ErrorKind::kUsage, "'{}' has no parameter '{}'{}", declaration.name, name,
           Suggestion(name, known));
    }
    complete[name] = value;
  }
  return complete;
}

}  // namespace zerosweep
