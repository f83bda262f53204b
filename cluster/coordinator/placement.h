// Which slots of which nodes a stage gets. Pure logic: no clock, no messages.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "storage/results/rows.h"

namespace zerosweep {

// The resources of a node.
struct NodeOffer {
  int slots = 0;      // number of stages that it runs at once
  bool gpus = false;  // its slots are GPUs, otherwise shares of its cores
  int cores = 1;
  double memory = 0;  // bytes for all its stages together; 0: unknown, everything fits
};

// Where one process of a stage runs.
struct SlotAllocation {
  int node = 0;
  std::vector<int> slots;  // several where one share of the cores is not enough
};

// Every operation is at most logarithmic in the number of slots, with two exceptions: for a stage
// of several ranks the cost is linear in the number of nodes that it takes, and Reserve is linear
// in the number of running seats.
class Placement {
 public:
  void AddNode(int node, const NodeOffer& offer);
  // Removes all its slots, including those in use.
  void RemoveNode(int node);

  // Whether a stage could start if nothing else were running.
  bool Fits(const ResourceRequest& needs) const { return Capacity(needs) >= needs.ranks; }
  // The number of its ranks that would find a seat in that case.
  int Capacity(const ResourceRequest& needs) const;
  bool Full() const { return by_free_.empty(); }

  // Takes seats for all ranks of a stage that is predicted to run for `seconds` from `now` on.
  // Returns none when the stage cannot start now, because there is no room or because it would run
  // into another stage's reservation. A single rank goes to a node in `near` if there is room,
  // otherwise to the node with the fewest free slots.
  std::vector<SlotAllocation> Take(size_t stage, const ResourceRequest& needs, double seconds,
                                   const std::vector<int>& near, double now);
  void Release(const std::vector<SlotAllocation>& seats);

  // Reserves room for a waiting stage of several seats, from the time at which enough slots are
  // predicted to be free. Until then only stages that will have ended by that time may start;
  // afterwards no other stage may. The time is never postponed, so the stage waits only for stages
  // that already run. There is one reservation at a time; another stage's reservation stays.
  void Reserve(size_t stage, const ResourceRequest& needs, double now);
  void Unreserve() { reservation_.reset(); }
  std::optional<size_t> reserved() const;

 private:
  struct Node {
    NodeOffer offer;
    std::vector<int> free;  // slots
    double free_memory = 0;
  };
  struct Running {
    double end = 0;  // predicted
    double memory = 0;
    size_t slots = 1;
  };
  struct Reservation {
    size_t stage = 0;
    double start = 0;
  };
  using SeatKey = std::pair<int, int>;  // node, first slot

  static int SlotsOfSeat(const Node& node, const ResourceRequest& needs);
  // The number of seats of such a stage for which a node has room with this much free.
  static int Room(const Node& node, const ResourceRequest& needs, size_t free_slots,
                  double free_memory);
  int RoomNow(const Node& node, const ResourceRequest& needs) const;
  // Nodes, each with the number of seats that it gives; empty when there are too few seats.
  std::vector<std::pair<int, int>> Choose(const ResourceRequest& needs,
                                          const std::vector<int>& near) const;
  SlotAllocation TakeSeat(int node, const ResourceRequest& needs, double end);
  double TimeOfRoom(const ResourceRequest& needs, double now) const;
  void Index(int node, const Node& entry);
  void Unindex(int node, const Node& entry);

  std::map<int, Node> nodes_;
  std::set<std::pair<size_t, int>> by_free_;   // (free slots, node), where any is free
  std::map<SeatKey, Running> running_;         // by seat
  std::set<std::pair<double, SeatKey>> ends_;  // of running seats
  std::optional<Reservation> reservation_;
};

}  // namespace zerosweep
