// Rank 0's side of a world whose other ranks are played by this object: they join and say once a
// second that they live, and never do what they are told.
#pragma once

#include <benchmark/benchmark.h>

#include <deque>
#include <functional>

#include "base/clock.h"
#include "cluster/transport/messages.h"
#include "cluster/transport/transport.h"

namespace zerosweep {

class SilentWorkers final : public Transport {
 public:
  // `on_assign` is called for every stage that the coordinator starts, on whatever rank.
  SilentWorkers(int ranks, std::function<void()> on_assign)
      : ranks_(ranks), on_assign_(std::move(on_assign)), start_(SystemClock().Monotonic()) {
    for (int rank = 1; rank < ranks; ++rank)
      arrived_.push_back({rank, ToJson(WorkerMessage(JoinRequest{"node", 1, {}, 1e9, ""}))});
  }

  int rank() const override { return 0; }
  int size() const override { return ranks_; }

  void Send(int to, const Json& message) override {
    if (message.at("type") == "assign") return on_assign_();
    if (to == 0) return arrived_.push_back({0, message});
    benchmark::DoNotOptimize(message.dump());  // what a transport between processes does with it
    if (message.at("type") == "leave") arrived_.push_back({to, ToJson(WorkerMessage(Goodbye{}))});
  }

  std::optional<Envelope> Poll() override {
    if (!arrived_.empty()) {
      Envelope envelope = std::move(arrived_.front());
      arrived_.pop_front();
      return envelope;
    }
    // Their beats come one after another, evenly spread over the second.
    if (ranks_ < 2) return std::nullopt;
    const double due = start_ + static_cast<double>(beats_) / (ranks_ - 1);
    if (SystemClock().Monotonic() < due) return std::nullopt;
    const int rank = 1 + static_cast<int>(beats_++ % (ranks_ - 1));
    return Envelope{rank, Json::parse(beat_)};
  }

  std::vector<int> LostRanks() override { return {}; }
  void Finish() override {}

 private:
  int ranks_;
  std::function<void()> on_assign_;
  double start_;
  int64_t beats_ = 0;
  const std::string beat_ = ToJson(WorkerMessage(Heartbeat{})).dump();
  std::deque<Envelope> arrived_;
};

}  // namespace zerosweep
