#include "storage/rows.h"

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

State StateFromString(const std::string& word) {
  for (const State state : {State::kOpen, State::kDone, State::kFailed, State::kCancelled}) {
    if (word == ToString(state)) return state;
  }
  Fail(ErrorKind::kStorage, "unknown state '{}' in the database; run `zerosweep fsck`", word);
}

}  // namespace zerosweep
