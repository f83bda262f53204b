#include "storage/rows.h"

#include "base/text.h"

namespace zerosweep {

const char* ToString(State state) {
  switch (state) {
    case State::kOpen:
      return "open";
    case State::kDone:
      return "done";
    case State::kFailed:
      return "failed";
    case State::kCancelled:
      return "cancelled";
  }
  Fail(ErrorKind::kInternal, "no state has the value {}", static_cast<int>(state));
}

std::string ToString(const StageNeeds& needs) {
  std::vector<std::string> parts;
  if (needs.gpu) parts.emplace_back("a GPU");
  if (needs.cpus > 0) parts.push_back(fmt::format("{} cores", needs.cpus));
  if (needs.memory > 0) parts.push_back(HumanBytes(needs.memory) + " of memory");
  if (parts.empty()) parts.emplace_back("one slot");
  return fmt::format("{}{}", needs.ranks > 1 ? fmt::format("{} ranks, each of ", needs.ranks) : "",
                     Join(parts, " and "));
}

State StateFromString(const std::string& word) {
  for (const State state : {State::kOpen, State::kDone, State::kFailed, State::kCancelled}) {
    if (word == ToString(state)) return state;
  }
  Fail(ErrorKind::kStorage, "unknown state '{}' in the database; run `zerosweep fsck`", word);
}

}  // namespace zerosweep
