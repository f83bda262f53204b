// Names of stages and trials. A stage's name is the SHA-256 of canonical JSON, with the seed in the
// middle of the parameters. StageText prepares the text before and after the seed once for each
// design: building it anew for each of 200,000 stages would double the time to plan them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/results/rows.h"

namespace zerosweep {

class StageText {
 public:
  explicit StageText(const StageDesign& design);

  // StageSpec::ComputeName of a stage with this seed and these inputs, whose names are in the order
  // of the design's roles.
  std::string Name(std::optional<int64_t> seed, const std::vector<std::string_view>& inputs) const;

 private:
  std::string without_seed_;              // {"a":1,"t":2}
  std::string before_seed_, after_seed_;  // {"a":1,"seed":   ,"t":2}
  std::vector<std::string> roles_;        // "images":
  std::string kind_, revision_;           // ,"kind":"quantize","params":   ,"revision":1}
};

// A trial's name is the SHA-256 of the canonical JSON of {evaluate: name of that stage, method,
// protocol, variant}. TrialTail returns the part of the JSON after the stage's name.
std::string TrialTail(const Configuration& configuration);
std::string TrialName(const std::string& evaluate, const std::string& tail);

}  // namespace zerosweep
