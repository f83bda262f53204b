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

// What a node has to give.
struct NodeOffer {
  int slots = 0;      // stages that it runs side by side
  bool gpus = false;  // its slots are GPUs, else shares of its cores
  int cores = 1;
  double memory = 0;  // bytes, for all its stages together; 0: not known, everything fits
};

// Where one process of a stage runs.
struct SlotAllocation {
  int node = 0;
  std::vector<int> slots;  // more than one where a share of the cores is not enough
};

// Every operation costs at most the logarithm of the number of slots, but for those of stages of
// several ranks, which cost as many steps as they take nodes (Reserve: as there are running seats).
class Placement {
 public:
  void AddNode(int node, const NodeOffer& offer);
  // Its slots are gone, those in use too.
  void RemoveNode(int node);

  // Whether a stage could start if nothing else ran.
  bool Fits(const ResourceRequest& needs) const { return Capacity(needs) >= needs.ranks; }
  // How many of its ranks would find a seat then.
  int Capacity(const ResourceRequest& needs) const;
  bool Full() const { return by_free_.empty(); }

  // Seats for all ranks of a stage that is predicted to run for so many seconds from `now` on;
  // empty when it cannot start now: there is no room, or it would run into another's reservation.
  // One rank goes to a node in `near` where there is room, else where it leaves the least.
  std::vector<SlotAllocation> Take(size_t stage, const ResourceRequest& needs, double seconds,
                                   const std::vector<int>& near, double now);
  void Release(const std::vector<SlotAllocation>& seats);

  // Keeps room for a stage of several seats that waits: from the time on at which, by the
  // predictions, enough slots will have come free, nobody else starts, and before that only who
  // will have ended by then. The time is never put off, so that a stage waits no longer than for
  // what runs already. One at a time; another's reservation stays.
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
  // Seats of such a stage that a node has room for when so many slots and bytes are free.
  static int Room(const Node& node, const ResourceRequest& needs, size_t free_slots,
                  double free_memory);
  int RoomNow(const Node& node, const ResourceRequest& needs) const;
  // Nodes with the number of seats that each gives; empty when they are too few.
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
