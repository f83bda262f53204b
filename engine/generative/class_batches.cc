#include "engine/generative/class_batches.h"

namespace zerosweep {

size_t FirstDeepNorm(size_t norms) {
  const size_t half = (norms + 1) / 2;
  return half > 2 ? half - 2 : 0;
}

int64_t ClassOfStep(const RandomStreams& random, uint64_t step,
                    const std::vector<int64_t>& classes) {
  return classes[random.Shared(step, "class").Below(static_cast<uint32_t>(classes.size()))];
}

ParamSpec ClassBatchParam(const ProfileDefaults& images, const std::string& source) {
  return BudgetParam("class_batch", images, "images of the step's batch of one class", "images",
                     source);
}

Params<Distortion> DistortionParams(double of_means, double of_variances,
                                    const std::string& source) {
  return {
      Bind(&Distortion::of_means,
           RateParam("noise_means", of_means,
                     "standard deviation that the means of a class's centre are moved by", source)),
      Bind(&Distortion::of_variances,
           RateParam("noise_variances", of_variances, "the same of its variances", source))};
}

std::vector<Moments> Distorted(const std::vector<Moments>& centre, const RandomStreams& random,
                               uint64_t step, const Distortion& distortion) {
  RandomSequence draws = random.Shared(step, "distortion");
  std::vector<Moments> targets;
  const auto moved = [&](const torch::Tensor& values, double scale) {
    torch::Tensor noise = torch::empty({values.numel()}, torch::kFloat32);
    for (int64_t i = 0; i < noise.numel(); ++i) noise.data_ptr<float>()[i] = draws.Normal();
    return values + scale * noise.to(values.options());
  };
  for (const Moments& of : centre)
    targets.push_back(
        {moved(of.mean, distortion.of_means), moved(of.variance, distortion.of_variances)});
  return targets;
}

// One tensor for each norm: a thousand classes have a hundred norms each.
void SaveCentres(const std::string& prefix, const Centres& centres, CheckpointState& state) {
  std::vector<size_t> known;
  for (size_t label = 0; label < centres.size(); ++label)
    if (!centres[label].empty()) known.push_back(label);
  state.values[prefix + "classes"] = centres.size();
  state.values[prefix + "known"] = known;
  const size_t norms = known.empty() ? 0 : centres[known.front()].size();
  for (size_t norm = 0; norm < norms; ++norm) {
    std::vector<torch::Tensor> means, variances;
    for (const size_t label : known) {
      means.push_back(centres[label][norm].mean);
      variances.push_back(centres[label][norm].variance);
    }
    const std::string key = prefix + std::to_string(norm);
    state.tensors[key + ".mean"] = torch::stack(means);
    state.tensors[key + ".variance"] = torch::stack(variances);
  }
}

Centres RestoreCentres(const std::string& prefix, const CheckpointState& state,
                       const torch::TensorOptions& options) {
  Centres centres(state.values.at(prefix + "classes").get<size_t>());
  const auto known = state.values.at(prefix + "known").get<std::vector<size_t>>();
  for (size_t norm = 0;; ++norm) {
    const auto means = state.tensors.find(prefix + std::to_string(norm) + ".mean");
    if (means == state.tensors.end()) return centres;
    const auto of_known = means->second.to(options).unbind();
    const auto variances =
        state.tensors.at(prefix + std::to_string(norm) + ".variance").to(options).unbind();
    for (size_t i = 0; i < known.size(); ++i)
      centres[known[i]].push_back({of_known[i], variances[i]});
  }
}

}  // namespace zerosweep
