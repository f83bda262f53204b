#include "engine/synthesis/batchwise.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/graph/convolution.h"

namespace zerosweep {
namespace {

class Work {
 public:
  Work(const SynthesisContext& context, const std::string& method, const BatchSettings& settings)
      : context_(context),
        method_(method),
        total_(settings.images),
        batch_(settings.batch),
        iterations_(settings.iterations) {}

  SyntheticData Run(const StartBatch& start) {
    std::optional<CheckpointState> resume = context_.checkpoints.Restore();
    if (resume) Restore(*resume);
    for (; index_ * batch_ < total_; ++index_, iteration_ = 0) {
      const int64_t first = index_ * batch_;
      const auto batch =
          start(context_, {index_, first, std::min(batch_, total_ - first), finished_});
      if (resume) batch->Restore(*resume);
      resume.reset();
      Optimise(*batch);
      // Contiguous, as a checkpoint would restore them.
      finished_.push_back(batch->Images().contiguous());
    }
    SyntheticData data;
    data.images = torch::cat(finished_);
    data.metrics["initial_loss"] = curves_.at("loss").first();
    data.curves = std::move(curves_);
    return data;
  }

 private:
  void Optimise(BatchOptimisation& batch) {
    const int64_t batches = (total_ + batch_ - 1) / batch_;
    while (iteration_ < iterations_) {
      const std::map<std::string, double> terms = batch.Step(iteration_);
      const double loss = terms.at("loss");
      if (!std::isfinite(loss)) {
        FailTrial(Failure::kNonFinite, "{}: the loss is {} at iteration {}", method_, loss,
                  iteration_);
      }
      for (const auto& [term, value] : terms) {
        if (curves_[term].count() < iterations_) curves_[term].Add(value);
      }
      ++iteration_;
      const int64_t step = index_ * iterations_ + iteration_;
      context_.progress.Report(static_cast<double>(step),
                               static_cast<double>(batches * iterations_), "iterations",
                               fmt::format("loss {:.4g}", loss));
      context_.checkpoints.MaybeSave(step, [&] { return Save(batch); });
    }
  }

  CheckpointState Save(const BatchOptimisation& batch) const {
    CheckpointState state;
    state.values = {{"batch", index_}, {"iteration", iteration_}, {"curves", CurvesState(curves_)}};
    if (!finished_.empty()) state.tensors["finished"] = torch::cat(finished_);
    batch.Save(state);
    return state;
  }

  void Restore(const CheckpointState& state) {
    index_ = state.values.at("batch");
    iteration_ = state.values.at("iteration");
    curves_ = CurvesFromState(state.values.at("curves"));
    if (index_ == 0) return;
    // Split into the original batches, so that results computed from them have the same bits.
    finished_ = state.tensors.at("finished").to(context_.teacher.device()).split(batch_);
  }

  const SynthesisContext context_;
  const std::string& method_;
  int64_t total_, batch_, iterations_;
  int64_t index_ = 0;      // index of the current batch
  int64_t iteration_ = 0;  // within the current batch
  std::vector<torch::Tensor> finished_;
  Curves curves_;
};

}  // namespace

Params<BatchSettings> ComputeParam() {
  return {Bind(
      &BatchSettings::compute,
      {.name = "compute",
       .default_value = "float32",
       .meaning = "precision of convolutions; bf16: their operands and results are bfloat16, "
                  "which is faster on GPUs and on CPUs with units for it; statistics, losses and "
                  "Adam stay float32",
       .neutral = "float32"},
      {{"float32", Precision::kFloat32}, {"bf16", Precision::kBfloat16}})};
}

SyntheticData SynthesizeInBatches(const SynthesisContext& context, const std::string& method,
                                  const BatchSettings& settings, const StartBatch& start) {
  if (settings.compute == Precision::kBfloat16 && !Bfloat16IsFaster(context.teacher.device())) {
    Fail(ErrorKind::kUsage,
         "{}: compute: bf16 would be slower on this CPU (no AMX, and no AVX512_BF16 that is faster "
         "than float32); leave compute out",
         method);
  }
  Teacher teacher = context.teacher;
  teacher.graph.precision = settings.compute;
  return Work({.teacher = teacher,
               .random = context.random,
               .progress = context.progress,
               .checkpoints = context.checkpoints,
               .real_data = context.real_data},
              method, settings)
      .Run(start);
}

}  // namespace zerosweep
