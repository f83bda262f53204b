// An attempt under way, of one process or of several that run it together. Which of them speak, how
// it ends. Pure logic: `now` is in seconds of any one clock of the caller's.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "cluster/coordinator/group_store.h"
#include "cluster/coordinator/placement.h"
#include "contract/stage_messages.h"

namespace zerosweep {

struct Flight {
  // A process of it.
  struct Member {
    int worker = 0;       // that runs it: a rank of the transport
    SlotAllocation seat;  // no slots once they are free again
    bool alive = true;    // not known to be dead
  };

  size_t stage = 0;
  std::vector<Member> members;  // by their rank in the group
  std::string place;            // "node-a/slot 0"
  int number = 1;
  double started = 0;
  double seconds = 0;  // when done
  bool committing = false;
  bool cancelled = false;
  StageProgress progress;
  GroupStore store;

  // How it ends, one or the other, when all members have.
  std::optional<StageDone> done;      // what rank 0 made
  std::optional<StageFailed> failed;  // why it fails
  int weight = 0;                     // of that among what members say
  std::string log_tail;               // of the member that failed
  double revoke_at =
      std::numeric_limits<double>::infinity();  // when those that are left are killed
  bool revoked = false;                         // they were told to be
  bool surely_dead = true;                      // no member was given up unseen

  // The living member of this rank on that worker; null when there is none.
  Member* Find(int worker, int rank);
  bool AnyAlive() const;
  bool AliveOn(int worker) const;

  // Rank 0 is done; the others follow within seconds, and how they end no longer matters.
  void NoteDone(const StageDone& made, double now);
  // A member has failed, or those of a worker (rank −1). The cause counts, not what the others say
  // of it: "lost_worker" gives way to any other class, and any to "interrupted", of which rank 0
  // says what it has saved. The others may end by themselves: for `grace` seconds after an
  // interruption, in which rank 0 saves; for a second when one has lost another, so that the
  // other's end is seen; else not at all.
  void NoteFailure(int rank, const StageFailed& why, const std::string& tail, double now,
                   double grace);
};

}  // namespace zerosweep
