#include "engine/stages/method_limits.h"

#include <algorithm>

#include "base/error.h"
#include "contract/limits.h"
#include "engine/quant/network_facts.h"

namespace zerosweep {

void CheckLimits(const StageContext& context, const Declaration& method, const Teacher& teacher,
                 const StageFacts& known) {
  Json params = CompleteParams(method.name, method.params, context.MethodParams());
  params["ranks"] = context.group.size();
  ModelFacts facts;
  AddNetworkFacts(teacher.graph, facts);
  const Json model = ToJson(facts);
  const std::vector<int64_t>& shape = teacher.graph.input_shape;
  Json trial = {{"side", std::min(shape.at(1), shape.at(2))}};
  if (!known.a_bits.is_null()) trial["a_bits"] = known.a_bits;
  if (!known.labelled.is_null()) trial["labelled"] = known.labelled;
  const auto refusal = Refusal(
      method.limits,
      {{"param", &params}, {"protocol", &known.protocol}, {"model", &model}, {"trial", &trial}});
  if (refusal) Fail(ErrorKind::kUsage, "{} on {}: {}", method.name, teacher.arch, *refusal);
}

}  // namespace zerosweep
