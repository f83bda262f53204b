#include "cluster/coordinator/placement.h"

#include <algorithm>
#include <cmath>

namespace zerosweep {

void Placement::Index(int node, const Node& entry) {
  if (!entry.free.empty()) by_free_.emplace(entry.free.size(), node);
}

void Placement::Unindex(int node, const Node& entry) { by_free_.erase({entry.free.size(), node}); }

void Placement::AddNode(int node, const NodeOffer& offer) {
  Node entry{offer, {}, offer.memory};
  for (int slot = offer.slots; slot-- > 0;) entry.free.push_back(slot);  // slot 0 is taken first
  Index(node, entry);
  nodes_[node] = std::move(entry);
}

void Placement::RemoveNode(int node) {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return;
  Unindex(node, found->second);
  nodes_.erase(found);
  const auto first = running_.lower_bound({node, 0});
  const auto last = running_.lower_bound({node + 1, 0});
  for (auto seat = first; seat != last; ++seat) ends_.erase({seat->second.end, seat->first});
  running_.erase(first, last);
}

int Placement::SlotsOfSeat(const Node& node, const ResourceRequest& needs) {
  if (node.offer.gpus || needs.cpus == 0) return 1;
  return std::max(1, (needs.cpus * node.offer.slots + node.offer.cores - 1) / node.offer.cores);
}

int Placement::Room(const Node& node, const ResourceRequest& needs, size_t free_slots,
                    double free_memory) {
  if (needs.gpu && !node.offer.gpus) return 0;
  const int by_slots = static_cast<int>(free_slots) / SlotsOfSeat(node, needs);
  if (needs.memory <= 0 || node.offer.memory <= 0) return by_slots;
  return std::min(by_slots, static_cast<int>(free_memory / needs.memory));
}

int Placement::RoomNow(const Node& node, const ResourceRequest& needs) const {
  return Room(node, needs, node.free.size(), node.free_memory);
}

int Placement::Capacity(const ResourceRequest& needs) const {
  int room = 0;
  for (const auto& [index, node] : nodes_)
    room += Room(node, needs, static_cast<size_t>(node.offer.slots), node.offer.memory);
  return room;
}

std::vector<std::pair<int, int>> Placement::Choose(const ResourceRequest& needs,
                                                   const std::vector<int>& near) const {
  if (needs.ranks == 1) {
    for (const int index : near) {
      const auto node = nodes_.find(index);
      if (node != nodes_.end() && RoomNow(node->second, needs) > 0) return {{index, 1}};
    }
    for (const auto& [free, index] : by_free_)
      if (RoomNow(nodes_.at(index), needs) > 0) return {{index, 1}};
    return {};
  }
  std::vector<std::pair<int, int>> chosen;
  int missing = needs.ranks;  // on as few nodes as possible
  for (auto entry = by_free_.rbegin(); entry != by_free_.rend() && missing > 0; ++entry) {
    const int room = std::min(missing, RoomNow(nodes_.at(entry->second), needs));
    if (room > 0) chosen.emplace_back(entry->second, room);
    missing -= room;
  }
  return missing == 0 ? chosen : std::vector<std::pair<int, int>>{};
}

SlotAllocation Placement::TakeSeat(int index, const ResourceRequest& needs, double end) {
  Node& node = nodes_.at(index);
  Unindex(index, node);
  SlotAllocation seat{index, {}};
  for (int i = SlotsOfSeat(node, needs); i > 0; --i) {
    seat.slots.push_back(node.free.back());
    node.free.pop_back();
  }
  node.free_memory -= needs.memory;
  Index(index, node);
  const SeatKey key{index, seat.slots.front()};
  running_[key] = {end, needs.memory, seat.slots.size()};
  ends_.emplace(end, key);
  return seat;
}

std::vector<SlotAllocation> Placement::Take(size_t stage, const ResourceRequest& needs,
                                            double seconds, const std::vector<int>& near,
                                            double now) {
  const bool own = reservation_ && reservation_->stage == stage;
  if (reservation_ && !own && now + seconds > reservation_->start) return {};
  std::vector<SlotAllocation> seats;
  for (const auto& [node, count] : Choose(needs, near))
    for (int i = 0; i < count; ++i) seats.push_back(TakeSeat(node, needs, now + seconds));
  if (own && !seats.empty()) reservation_.reset();
  return seats;
}

void Placement::Release(const std::vector<SlotAllocation>& seats) {
  for (const SlotAllocation& seat : seats) {
    const auto node = nodes_.find(seat.node);
    const auto running = running_.find({seat.node, seat.slots.front()});
    if (node == nodes_.end() || running == running_.end()) continue;  // the node is gone
    Unindex(seat.node, node->second);
    for (auto slot = seat.slots.rbegin(); slot != seat.slots.rend(); ++slot)
      node->second.free.push_back(*slot);
    node->second.free_memory += running->second.memory;
    Index(seat.node, node->second);
    ends_.erase({running->second.end, running->first});
    running_.erase(running);
  }
}

// Counts all memory as free: the stages that then still run rarely need all of theirs.
double Placement::TimeOfRoom(const ResourceRequest& needs, double now) const {
  std::map<int, size_t> free;
  int room = 0;
  const auto room_of = [&](int index) {
    const Node& node = nodes_.at(index);
    return Room(node, needs, free[index], node.offer.memory);
  };
  for (const auto& [count, index] : by_free_) {
    free[index] = count;
    room += room_of(index);
  }
  double time = now;
  for (auto next = ends_.begin(); next != ends_.end() && room < needs.ranks; ++next) {
    const auto& [end, key] = *next;
    time = std::max(time, end);
    room -= room_of(key.first);
    free[key.first] += running_.at(key).slots;
    room += room_of(key.first);
  }
  return time;
}

void Placement::Reserve(size_t stage, const ResourceRequest& needs, double now) {
  if (!reservation_) reservation_ = {stage, TimeOfRoom(needs, now)};
}

std::optional<size_t> Placement::reserved() const {
  if (!reservation_) return std::nullopt;
  return reservation_->stage;
}

}  // namespace zerosweep
