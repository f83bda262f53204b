#include "tests/support/engine/reference_network.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <cstdlib>
#include <ostream>

#include "base/files.h"
#include "engine/graph/executor.h"
#include "engine/models/registry.h"
#include "engine/models/weights.h"
#include "engine/training/evaluate.h"
#include "tests/support/engine/fill.h"

namespace zerosweep {

torch::Tensor ReferenceNetwork::logits() const {
  return torch::tensor(json.at("logits").get<std::vector<double>>()).unsqueeze(0);
}

torch::Tensor ReferenceNetwork::Image() const {
  std::vector<int64_t> shape = input_shape();
  shape.insert(shape.begin(), 1);
  return Filled("image", shape, -2, 2);
}

std::map<std::string, torch::Tensor> ReferenceNetwork::State() const {
  std::map<std::string, torch::Tensor> state;
  const auto add = [&](const std::string& key, const std::vector<int64_t>& shape, double low,
                       double high) { state[key] = Filled(key, shape, low, high); };
  for (const auto& [name, channels] : json.at("batch_norms").items()) {
    const std::vector<int64_t> shape = {channels.get<int64_t>()};
    add(name + ".weight", shape, 0.75, 1.25);
    add(name + ".bias", shape, -0.2, 0.2);
    add(name + ".running_mean", shape, -0.2, 0.2);
    add(name + ".running_var", shape, 0.5, 1.5);
    state[name + ".num_batches_tracked"] = torch::tensor(1);
  }
  for (const auto& [key, sizes] : json.at("parameters").items()) {
    const auto shape = sizes.get<std::vector<int64_t>>();
    if (shape.size() == 1) {
      add(key, shape, -0.2, 0.2);
      continue;
    }
    int64_t fan_in = 1;
    for (size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
    const double bound =
        json.at("gain").get<double>() * std::sqrt(6.0 / static_cast<double>(fan_in));
    add(key, shape, -bound, bound);
  }
  return state;
}

std::vector<ReferenceNetwork> ReferenceNetworks(ReferenceSize size) {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  const std::filesystem::path file = std::filesystem::path(source != nullptr ? source : ".") /
                                     "tests/golden/reference_logits.json";
  const Json all = ParseJson(ReadFile(file), file.string());
  std::vector<ReferenceNetwork> networks;
  for (const Json& json : all.at("networks")) {
    const std::string arch = json.at("arch");
    const bool large = arch.starts_with("vgg");
    if (large == (size == ReferenceSize::kLarge)) {
      networks.push_back({arch, json.at("layout"), json});
    }
  }
  return networks;
}

void CheckAgainstReference(const ReferenceNetwork& network) {
  const torch::NoGradGuard no_grad;
  const std::vector<int64_t> shape = network.input_shape();
  Graph graph = BuildModel(network.arch, shape.at(0), shape.at(1), shape.at(2), network.classes());
  LoadWeights(graph, network.arch, network.State(), NameOf(network));
  const torch::Tensor image = network.Image(), expected = network.logits();
  const double tolerance = 1e-4 * expected.abs().max().item<double>();
  const auto expect = [&](const Graph& candidate, const char* what) {
    const torch::Tensor logits = Run(candidate, image);
    ASSERT_EQ(logits.sizes(), expected.sizes()) << what;
    EXPECT_LE((logits - expected).abs().max().item<double>(), tolerance)
        << what << "\n"
        << logits << "\ninstead of\n"
        << expected;
  };
  expect(graph, "the network");
  const Graph folded = ToChannelsLast(FoldBatchNorms(graph));
  EXPECT_TRUE(folded.BatchNorms().empty());
  expect(folded, "the folded network");
}

std::string NameOf(const ReferenceNetwork& network) { return network.arch + "_" + network.layout; }

void PrintTo(const ReferenceNetwork& network, std::ostream* stream) { *stream << NameOf(network); }

}  // namespace zerosweep
