#include "engine/parallel/process_group.h"

#include <torch/cuda.h>
#include <torch/types.h>

#include <array>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "base/error.h"
#include "engine/cuda/nccl.h"
#include "engine/parallel/gloo_backend.h"
#include "engine/parallel/network_place.h"

namespace zerosweep {
namespace {

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// c10d and Gloo throw many types of exception for a lost or late rank.
[[noreturn]] void Lost(const char* doing, const std::exception& error) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  const std::string why = of_torch != nullptr ? of_torch->what_without_backtrace() : error.what();
  FailTrial(Failure::kLostWorker, "the other ranks {}: {}", doing, FirstLine(why));
}

// By Group::Reduction.
constexpr std::array kOperations = {c10d::ReduceOp::SUM, c10d::ReduceOp::MIN, c10d::ReduceOp::MAX};

class ProcessGroup final : public Group {
 public:
  ProcessGroup(GroupSeat seat, c10::intrusive_ptr<c10d::Backend> backend)
      : seat_(std::move(seat)), backend_(std::move(backend)) {}

  int rank() const override { return seat_.rank; }
  int size() const override { return seat_.size; }
  int64_t reduced_bytes() const override { return reduced_bytes_; }

  void Reduce(const std::vector<torch::Tensor>& tensors, Reduction reduction) override {
    if (tensors.empty()) return;
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> parts;
    for (const torch::Tensor& tensor : tensors) parts.push_back(tensor.reshape(-1));
    const torch::Tensor flat = torch::cat(parts);  // always a copy
    const torch::Tensor there = flat.to(seat_.device);
    if (there.numel() > 0) ReduceFlat(there, reduction);
    const torch::Tensor reduced = there.to(flat.device());
    int64_t at = 0;
    for (const torch::Tensor& tensor : tensors) {
      tensor.copy_(reduced.narrow(0, at, tensor.numel()).view(tensor.sizes()));
      at += tensor.numel();
    }
  }

 private:
  void ReduceFlat(const torch::Tensor& flat, Reduction reduction) {
    reduced_bytes_ += static_cast<int64_t>(flat.nbytes());
    c10d::AllreduceOptions options;
    options.reduceOp = kOperations.at(static_cast<size_t>(reduction));
    options.timeout = seat_.Timeout();
    std::vector<torch::Tensor> tensors = {flat};
    try {
      backend_->allreduce(tensors, options)->wait();
    } catch (const std::exception& error) {
      Lost("do not all answer", error);
    }
  }

  GroupSeat seat_;
  c10::intrusive_ptr<c10d::Backend> backend_;
  int64_t reduced_bytes_ = 0;
};

c10::intrusive_ptr<c10d::Backend> Nccl(const c10::intrusive_ptr<c10d::Store>& store,
                                       const GroupSeat& seat) {
  const std::string interface = FindNetworkPlace(seat.interface).interface;
  return MakeNcclBackend(store, seat.rank, seat.size, seat.Timeout(), interface);
}

}  // namespace

std::unique_ptr<Group> MakeGroup(const c10::intrusive_ptr<c10d::Store>& store,
                                 const GroupSeat& seat) {
  try {
    store->setTimeout(seat.Timeout());
    return std::make_unique<ProcessGroup>(
        seat, seat.device.is_cuda() ? Nccl(store, seat) : MakeGlooBackend(store, seat));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    Lost("do not all come", error);
  }
}

void TryNccl() {
  if (!torch::cuda::is_available())
    Fail(ErrorKind::kCluster, "no GPU: NCCL {} is built in, but it cannot be tried here",
         NcclVersion());
  const torch::Device device(torch::kCUDA, 0);
  const auto group = MakeGroup(c10::make_intrusive<c10d::HashStore>(), {0, 1, device, "lo", 60});
  const torch::Tensor numbers = torch::arange(5, torch::TensorOptions(device));
  group->Reduce({numbers}, Group::Reduction::kSum);
  if (numbers.sum().item<int64_t>() != 10)
    Fail(ErrorKind::kInternal, "NCCL {} reduces wrongly", NcclVersion());
}

}  // namespace zerosweep
