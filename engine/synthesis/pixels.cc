#include "engine/synthesis/pixels.h"

namespace zerosweep {

Params<PixelSettings> PixelParams(const PixelSources& sources, const PixelDefaults& defaults) {
  return {
      Part(&PixelSettings::batches,
           {Bind(&BatchSettings::images, BudgetParam("images", defaults.images, "how many images",
                                                     "images", sources.images)),
            Bind(&BatchSettings::batch,
                 BudgetParam("batch", defaults.batch, "images optimised together", "images",
                             sources.images)),
            Bind(&BatchSettings::iterations,
                 BudgetParam("iterations", defaults.iterations, "steps of Adam for each batch",
                             "iterations", sources.iterations)),
            ComputeParam()}),
      Bind(&PixelSettings::lr, RateParam("lr", 0.5, "learning rate of Adam", sources.lr)),
      Part(&PixelSettings::plateau, PlateauParams("the rate", defaults.patience, sources.plateau))};
}

PixelOptimisation::PixelOptimisation(const SynthesisContext& context, const PixelSettings& settings,
                                     const torch::Tensor& initial)
    : images_(initial.to(context.teacher.device()).set_requires_grad(true)),
      adam_({{.parameters = {images_}, .lr = settings.lr}}, AdamSettings{}),
      plateau_(settings.plateau) {}

std::map<std::string, double> PixelOptimisation::Step(int64_t iteration) {
  adam_.ZeroGrad();
  torch::Tensor loss;
  std::map<std::string, double> values;
  for (const auto& [name, term] : Terms(images_, iteration)) {
    loss = loss.defined() ? loss + term : term;
    values[name] = term.item<double>();
  }
  loss.backward();
  adam_.Step();
  values["loss"] = loss.item<double>();
  adam_.SetLearningRate(plateau_.Next(values["loss"], adam_.learning_rate()));
  return values;
}

void PixelOptimisation::Save(CheckpointState& state) const {
  adam_.Save("adam", state);
  state.values["plateau"] = plateau_.State();
}

void PixelOptimisation::Restore(const CheckpointState& state) {
  adam_.Restore("adam", state);
  plateau_.Restore(state.values.at("plateau"));
}

}  // namespace zerosweep
