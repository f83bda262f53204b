// Messages between ranks: point to point, ordered per pair of ranks, non-blocking.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "base/json.h"

namespace zerosweep {

struct Envelope {
  int from = 0;
  Json message;
};

// Single-threaded. A rank may send to itself. Delivery to a rank that dies is not guaranteed.
// Heartbeats detect dead ranks; LostRanks() is a faster hint where available.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Queues the message; never waits for the receiver. Sending to a lost rank does nothing.
  virtual void Send(int to, const Json& message) = 0;
  // The next message that has arrived, if any. Throws kCluster when the transport itself is broken.
  virtual std::optional<Envelope> Poll() = 0;
  // Ranks that the transport has reported dead since the last call.
  virtual std::vector<int> LostRanks() = 0;
  // COLLECTIVE among all ranks: ends the transport after all messages are delivered. REQUIRES:
  // complete(); otherwise it may wait forever.
  virtual void Finish() = 0;

  // Marks this rank as lost, whatever becomes of it.
  void GiveUp(int rank) { given_up_.insert(rank); }
  bool complete() const { return given_up_.empty(); }

 private:
  std::set<int> given_up_;
};

}  // namespace zerosweep
