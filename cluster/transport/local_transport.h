// The transport of a world of one rank: a queue to itself.
#pragma once

#include <deque>

#include "cluster/transport/transport.h"

namespace zerosweep {

class LocalTransport final : public Transport {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void Send(int, const Json& message) override { queue_.push_back(message); }
  std::optional<Envelope> Poll() override {
    if (queue_.empty()) return std::nullopt;
    Envelope envelope{0, std::move(queue_.front())};
    queue_.pop_front();
    return envelope;
  }
  std::vector<int> LostRanks() override { return {}; }
  void Finish() override {}

 private:
  std::deque<Json> queue_;
};

}  // namespace zerosweep
