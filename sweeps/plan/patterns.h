// Conditions on trials: `exclude` and `when.if`.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "sweeps/grammar/sweep_spec.h"
#include "sweeps/plan/trial_resolver.h"

namespace zerosweep {

// Decides whether a trial meets a pattern. A name (`method: zeroq`) matches with any parameters.
// Given parameters (`{zeroq: {images: 256}}`) must equal the trial's resolved ones. A list matches
// if one of its items does. A key that the trial lacks does not match.
class TrialMatcher {
 public:
  // Throws kUsage for a value that no trial can have: an unknown name, bits out of range.
  TrialMatcher(const Pattern& pattern, const Catalogue& catalogue,
               const std::filesystem::path& sweep_folder);

  bool Matches(const Assignment& trial, TrialResolver& resolver) const;
  const std::string& where() const { return where_; }

 private:
  using Condition = std::function<bool(const Assignment&, TrialResolver&)>;
  std::vector<std::vector<Condition>> conditions_;  // all must hold, any alternative of each
  std::string where_;
};

}  // namespace zerosweep
