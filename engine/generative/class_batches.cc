#include "engine/generative/class_batches.h"

#include <algorithm>

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

void SaveCentres(const std::string& prefix, const Centres& centres, CheckpointState& state) {
  Json sizes = Json::array();
  for (size_t label = 0; label < centres.size(); ++label) {
    sizes.push_back(centres[label].size());
    for (size_t norm = 0; norm < centres[label].size(); ++norm) {
      const std::string key = fmt::format("{}{}.{}.", prefix, label, norm);
      state.tensors[key + "mean"] = centres[label][norm].mean;
      state.tensors[key + "variance"] = centres[label][norm].variance;
    }
  }
  state.values[prefix] = std::move(sizes);
}

Centres RestoreCentres(const std::string& prefix, const CheckpointState& state,
                       const torch::TensorOptions& options) {
  Centres centres;
  for (const Json& size : state.values.at(prefix)) {
    std::vector<Moments>& centre = centres.emplace_back();
    for (size_t norm = 0; norm < size.get<size_t>(); ++norm) {
      const std::string key = fmt::format("{}{}.{}.", prefix, centres.size() - 1, norm);
      centre.push_back({state.tensors.at(key + "mean").to(options),
                        state.tensors.at(key + "variance").to(options)});
    }
  }
  return centres;
}

}  // namespace zerosweep
