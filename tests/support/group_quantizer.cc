// A quantizer for tests that needs a group: it descends for a while on the sums of all ranks, saves
// itself on the way, and then quantizes as minmax does.
#include <chrono>
#include <thread>

#include "engine/quant/quantizer.h"

namespace zerosweep {
namespace {

Quantization Quantize(const QuantizationContext& context) {
  const int steps = context.params.at("steps");
  const auto pause = std::chrono::milliseconds(context.params.at("step_ms").get<int>());
  torch::Tensor w = torch::zeros({4});
  int first = 0;
  if (const auto state = context.checkpoints.Restore()) {
    w = state->tensors.at("w").clone();
    first = state->values.at("step");
  }
  const BatchPart part = context.group.PartOf(context.images.size(0));
  const torch::Tensor images = context.images.narrow(0, part.first, part.count).flatten(1);
  for (int step = first; step < steps; ++step) {
    torch::Tensor sums = images.narrow(1, step % 32, 4).sum(0) - w;
    context.group.Reduce({sums}, Group::Reduction::kSum);
    w = w + 0.1 * sums / context.images.size(0);
    std::this_thread::sleep_for(pause);
    context.progress.Report(step + 1, steps, "steps", "");
    context.checkpoints.Offer(step + 1, [&, done = step + 1] {
      return CheckpointState{{{"step", done}}, {{"w", w}}};
    });
  }
  const auto& minmax = QuantizerRegistry::Get("quantizer", "minmax");
  const Json plain = CompleteParams(minmax.declaration, Json::object());
  Quantization result = minmax.function({context.teacher, context.images, plain, context.protocol,
                                         context.fold_batch_norms, context.w_bits, context.a_bits,
                                         context.random, context.progress, context.checkpoints,
                                         context.group});
  result.metrics["descended"] = w.sum().item<double>();
  return result;
}

const RegisterQuantizer kGrouped{
    {.role = "quantizer",
     .name = "grouped",
     .summary = "of tests",
     .groups = true,
     .params =
         {{.name = "steps", .type = "int", .default_value = 20, .meaning = "how many", .min = 0},
          {.name = "step_ms", .type = "int", .default_value = 5, .meaning = "of one", .min = 0}}},
    Quantize};

}  // namespace
}  // namespace zerosweep
