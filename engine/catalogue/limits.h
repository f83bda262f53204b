// Limits (contract/limits.h) as declarations write them, and those that several share.
//
// Facts that both programs know: "param.NAME" (of the method and of its stage's kind, resolved),
// "protocol.NAME", "model.NAME" (engine/quant/network_facts.h, and what the architecture declares),
// "trial.side" (pixels of the network's images), "trial.a_bits", "trial.labelled" (whether the
// images were made for classes; of a quantizer that takes images).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

struct Condition {
  std::string fact;
  std::string relation;
  Json value;  // FactNamed(…): another fact
};

struct Limit {
  std::vector<Condition> when;
  std::string message;  // what is wrong, and what to do
};

Json FactNamed(const std::string& name);
Json ToJson(const std::vector<Condition>& conditions);
Json ToJson(const std::vector<Limit>& limits);

// Of what matches batch-norm statistics.
Limit NeedsBatchNorms();
// Of what takes the statistics of each image alone: a map of one pixel has no variance.
Limit NeedsMaps();
// Of what shares batches of `param` images among the ranks of a stage.
Limit NeedsAnImageARank(const std::string& param);

// `first` and then `more`.
std::vector<Limit> Joined(std::vector<Limit> first, const std::vector<Limit>& more);

}  // namespace zerosweep
