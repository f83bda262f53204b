// A running attempt, of one process or of several that run it together: which members are alive and
// how the attempt ends. Pure logic: `now` is in seconds of any one clock of the caller's.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "cluster/coordinator/group_store.h"
#include "cluster/coordinator/placement.h"
#include "contract/stage_messages.h"

namespace zerosweep {

struct ActiveAttempt {
  // One process of the attempt.
  struct Member {
    int worker = 0;       // the transport's rank that runs it
    SlotAllocation seat;  // without slots once they are free again
    bool alive = true;    // not known to be dead
  };

  size_t stage = 0;
  std::vector<Member> members;  // indexed by rank in the group
  std::string place;            // "node-a/slot 0"
  int number = 1;
  double started = 0;
  double seconds = 0;  // when done
  bool committing = false;
  bool cancelled = false;
  StageProgress progress;
  // Of `progress`: the first value of its present count, and when that came.
  double counted_from = 0;
  std::optional<double> counted_since;
  GroupStore store;

  // How the attempt ends when all members have ended: one of the two is set.
  std::optional<StageDone> done;      // rank 0's result
  std::optional<StageFailed> failed;  // the reason for its failure
  int weight = 0;                     // of `failed` among the members' reports
  std::string log_tail;               // of the member that failed
  // When the remaining members are killed.
  double revoke_at = std::numeric_limits<double>::infinity();
  bool revoked = false;     // the order to kill them was sent
  bool surely_dead = true;  // no member was given up without seeing its end

  // The living member with this rank on that worker; null when there is none.
  Member* Find(int worker, int rank);
  bool AnyAlive() const;
  bool AliveOn(int worker) const;

  // A stage may count one thing after another, the same thing again, or resume in the middle.
  void RecordProgress(const StageProgress& reported, double now);

  // Rank 0 is done. The others follow within seconds; how they end no longer matters.
  void RecordDone(const StageDone& made, double now);
  // A member has failed, or all members of a worker (rank −1). The cause counts, not its
  // consequences in other members: any other class replaces "lost_worker"; "interrupted" replaces
  // any, preferably as reported by rank 0, which says what it saved. The remaining members may end
  // by themselves for `grace` seconds after an interruption, in which rank 0 saves, and for one
  // second when a member has lost another, so that the other's end is seen; in all other cases not
  // at all.
  void RecordFailure(int rank, const StageFailed& why, const std::string& tail, double now,
                     double grace);
};

}  // namespace zerosweep
