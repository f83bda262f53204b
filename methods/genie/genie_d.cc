// GENIE: Show Me the Data for Quantization (Jeon, Lee & Kim, CVPR 2023), data distillation
// (GENIE-D). Latents and a fresh small generator are learned together to match the teacher's
// batch-norm statistics, with swing convolutions in the teacher.
#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "engine/optim/plateau_params.h"
#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/batchwise.h"
#include "methods/genie/generator.h"
#include "methods/genie/swing.h"

namespace zerosweep {
namespace {

// Standard deviation of the images: torch.std_mean (authors' code), which adds ε only to the
// targets. A constant channel has no gradient, as in PyTorch.
torch::Tensor DataStd(const torch::Tensor& variance) {
  constexpr double kSmallest = 1e-12;
  return torch::sqrt(variance.clamp_min(kSmallest));
}

// A plain sum of two terms (authors' code):
//   Σ_l (1/C_l) (‖μ_l − m_l‖² + ‖σ_l − s_l‖²)     over the statistics of the batch
//   mean over images of ‖μ − 0‖² + ‖σ − 1‖²        statistics of each image, summed over channels
torch::Tensor Loss(const Graph& graph, const torch::Tensor& x, const ForwardHooks& hooks) {
  const ImageStatistics image = PerImageStatistics(MomentsByImage(x), "image");
  torch::Tensor loss = (image.mean.square() + (DataStd(image.variance) - 1).square()).sum(1).mean();
  VisitBatchNorms(
      graph, x, "genie_d",
      [&](const Node& bn, const ImageMoments& moments) {
        const BatchStatistics batch = PerBatchStatistics(moments, bn.name);
        const torch::Tensor mean_error = batch.mean - bn.parameters.at("running_mean");
        const torch::Tensor std_error = DataStd(batch.variance) - RunningStd(bn);
        loss = loss + (mean_error.square() + std_error.square()).mean();
      },
      hooks);
  return loss;
}

// The variables that are learned.
enum class Arm {
  kGenie,  // latents and generator
  kGba,    // the generator alone, with fresh latents
  kDba     // the pixels
};

struct GenieDSettings {
  BatchSettings batches;
  Arm arm = Arm::kGenie;
  bool swing = false;
  int64_t latents = 0;
  double lr_latents = 0, lr_generator = 0;
  PlateauSchedule::Settings plateau;  // for the latents' rate
  double decay = 0;                   // for the generator's rate
  int64_t decay_every = 0;            // iterations; 0: a fortieth of all
};

class Distillation final : public BatchOptimisation {
 public:
  Distillation(const SynthesisContext& context, const GenieDSettings& settings,
               const ImageBatch& batch)
      : context_(context), settings_(settings), batch_(batch), plateau_(settings.plateau) {
    if (settings.arm != Arm::kDba) {
      generator_.emplace(Shape(), settings.latents, context.random,
                         static_cast<uint64_t>(batch.index), context.teacher.device(),
                         context.teacher.graph.precision);
      generator_adam_.emplace(std::vector<ParameterGroup>{{.parameters = generator_->Parameters(),
                                                           .lr = settings.lr_generator}},
                              AdamSettings{});
    }
    if (settings.arm != Arm::kGba) {
      input_ = Draw(0).set_requires_grad(true);
      input_adam_.emplace(
          std::vector<ParameterGroup>{{.parameters = {input_}, .lr = settings.lr_latents}},
          AdamSettings{});
    }
  }

  std::map<std::string, double> Step(int64_t iteration) override {
    const int64_t step = batch_.index * settings_.batches.iterations + iteration;
    if (settings_.arm == Arm::kGba) input_ = Draw(static_cast<uint64_t>(step));
    const torch::Tensor x = generator_ ? generator_->Images(input_) : input_;
    images_ = settings_.arm == Arm::kDba ? x.detach().clone() : x.detach();
    RandomSequence draws = context_.random.Shared(static_cast<uint64_t>(step), "swing");
    const torch::Tensor loss =
        Loss(context_.teacher.graph, x,
             settings_.swing ? SwingHooks(context_.teacher.graph, draws) : ForwardHooks());
    for (auto* adam : {&generator_adam_, &input_adam_}) {
      if (*adam) (*adam)->ZeroGrad();
    }
    loss.backward();
    const auto value = loss.item<double>();
    if (generator_adam_) StepGenerator(iteration);
    if (input_adam_) {
      input_adam_->Step();
      // Every iteration, on the noisy loss (code).
      input_adam_->SetLearningRate(plateau_.Next(value, input_adam_->learning_rate()));
    }
    return {{"loss", value}};
  }

  torch::Tensor Images() const override { return images_; }  // of the last forward (code)

  void Save(CheckpointState& state) const override {
    state.tensors["images"] = images_;
    state.values["plateau"] = plateau_.State();
    if (generator_adam_) generator_adam_->Save("generator", state);
    if (input_adam_) input_adam_->Save("input", state);
  }

  void Restore(const CheckpointState& state) override {
    images_ = state.tensors.at("images").to(context_.teacher.device());
    plateau_.Restore(state.values.at("plateau"));
    if (generator_adam_) generator_adam_->Restore("generator", state);
    if (input_adam_) input_adam_->Restore("input", state);
  }

 private:
  const std::vector<int64_t>& Shape() const { return context_.teacher.graph.input_shape; }

  // N(0, 1): latents, or the initial pixels.
  torch::Tensor Draw(uint64_t step) const {
    const bool pixels = settings_.arm == Arm::kDba;
    std::vector<int64_t> shape = {batch_.count, settings_.latents};
    if (pixels) shape = context_.teacher.graph.BatchShape(batch_.count);
    torch::Tensor values = context_.random.NormalForSamples(
        step, pixels ? "pixels" : "latents", shape, static_cast<uint64_t>(batch_.first));
    if (pixels) values = values.contiguous(torch::MemoryFormat::ChannelsLast);
    return values.to(context_.teacher.device());
  }

  int64_t DecayEvery() const {
    constexpr int64_t kDecays = 40;  // 4000 iterations, every 100
    if (settings_.decay_every > 0) return settings_.decay_every;
    return std::max<int64_t>(1, settings_.batches.iterations / kDecays);
  }

  void StepGenerator(int64_t iteration) {
    generator_adam_->Step();
    if ((iteration + 1) % DecayEvery() == 0)
      generator_adam_->SetLearningRate(generator_adam_->learning_rate() * settings_.decay);
  }

  const SynthesisContext& context_;
  const GenieDSettings settings_;
  const ImageBatch batch_;
  std::optional<Generator> generator_;
  torch::Tensor input_;  // latents or pixels
  std::optional<Optimiser> generator_adam_, input_adam_;
  PlateauSchedule plateau_;
  torch::Tensor images_;
};

SyntheticData Synthesize(const SynthesisContext& context, const GenieDSettings& settings) {
  const BatchSettings& batches = settings.batches;
  SyntheticData data = SynthesizeInBatches(
      context, "genie_d", batches, [&](const SynthesisContext& own, const ImageBatch& batch) {
        return std::make_unique<Distillation>(own, settings, batch);
      });
  // On the first batch, with the teacher's own convolutions.
  const torch::NoGradGuard no_grad;
  data.metrics["final_loss"] =
      Loss(context.teacher.graph, data.images.slice(0, 0, batches.batch), {}).item<double>();
  return data;
}

const char* const kCode = "authors' code";

Params<BatchSettings> BatchParams() {
  return {
      Bind(&BatchSettings::images, BudgetParam("images", {1024, 256, 8}, "how many images",
                                               "images", "paper, experiments")),
      Bind(&BatchSettings::batch,
           BudgetParam("batch", {128, 128, 8}, "images that share a generator", "images", kCode)),
      Bind(&BatchSettings::iterations,
           BudgetParam("iterations", {4000, 1000, 4}, "steps for each batch", "iterations", kCode)),
      ComputeParam()};
}

Params<GenieDSettings> GenieDParams() {
  return {
      Part(&GenieDSettings::batches, BatchParams()),
      Bind(&GenieDSettings::arm,
           {.name = "arm",
            .default_value = "genie",
            .meaning = "what learns: genie: latents and generator; gba: the generator alone, with "
                       "fresh latents every step; dba: the pixels",
            .source = "paper, ablation"},
           {{"genie", Arm::kGenie}, {"gba", Arm::kGba}, {"dba", Arm::kDba}}),
      Bind(&GenieDSettings::swing,
           {.name = "swing",
            .default_value = true,
            .meaning = "shift the input of every convolution with a stride at random",
            .source = "paper, swing convolution"}),
      Bind(&GenieDSettings::latents, {.name = "latents",
                                      .default_value = 256,
                                      .meaning = "numbers in an image's latent vector",
                                      .source = kCode,
                                      .min = 1}),
      Bind(&GenieDSettings::lr_latents,
           RateParam("lr_latents", 0.1,
                     "learning rate of Adam for the latents, or the pixels under dba",
                     "authors' code, which passes its lr_g here")),
      Bind(&GenieDSettings::lr_generator,
           RateParam("lr_generator", 0.01, "learning rate of Adam for the generator",
                     "authors' code, which passes its lr_z here")),
      Part(&GenieDSettings::plateau, PlateauParams("the latents' rate", 100, kCode)),
      Bind(&GenieDSettings::decay,
           FractionParam("decay", 0.95, "what the generator's rate falls by", kCode)),
      Bind(&GenieDSettings::decay_every,
           {.name = "decay_every",
            .default_value = 0,
            .meaning = "steps between two falls of the generator's rate; 0: a fortieth of all "
                       "steps",
            .unit = "iterations",
            .source = "authors' code: 100 of 4000",
            .min = 0})};
}

const RegisterSynthesizer kGenieD{
    {.name = "genie_d",
     .summary = "images of a small generator, learned with its latents to match the teacher's "
                "batch-norm statistics through swing convolutions",
     .paper = "GENIE (Jeon, Lee & Kim, CVPR 2023)",
     .revision = 2,
     .uses_seed = true,
     .limits = {NeedsBatchNorms(),
                {{{"param.swing", "is", true},
                  {"trial.side", "below", FactNamed("model.stride_side")}},
                 "a swing convolution cannot shift a map of one pixel, which this network has from "
                 "images of {trial.side} pixels: give at least {model.stride_side}, or set swing: "
                 "false"}}},
    GenieDParams(),
    Synthesize};

}  // namespace
}  // namespace zerosweep
