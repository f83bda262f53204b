#include "engine/training/teacher.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/models/builder.h"
#include "engine/optim/optimiser.h"
#include "engine/random/streams.h"
#include "engine/training/evaluate.h"

namespace zerosweep {
namespace {

constexpr int64_t kBatchesBetweenReports = 50;

class Training {
 public:
  Training(Graph graph, const Dataset& train, const Dataset& test,
           const Normalisation& normalisation, const TeacherRecipe& recipe,
           const TeacherCallback& callback)
      : graph_(std::move(graph)),
        train_(train),
        test_(test),
        normalisation_(normalisation),
        recipe_(recipe),
        callback_(callback),
        streams_(recipe.seed),
        steps_per_epoch_((train.size() + recipe.batch - 1) / recipe.batch),
        optimiser_(ParameterGroups(), SgdSettings{recipe.momentum, recipe.momentum > 0}) {}

  Graph Run() {
    for (int64_t epoch = 1; epoch <= recipe_.epochs; ++epoch) RunEpoch(epoch);
    for (Node& node : graph_.nodes) {
      for (auto& [name, tensor] : node.parameters) tensor = tensor.detach().contiguous();
    }
    return std::move(graph_);
  }

 private:
  // Weights of convolutions and linear layers decay; biases and batch norms do not.
  std::vector<ParameterGroup> ParameterGroups() {
    std::vector<torch::Tensor> decaying, others;
    for (Node& node : graph_.nodes) {
      for (auto& [name, tensor] : node.parameters) {
        if (name != "weight" && name != "bias") continue;
        tensor.requires_grad_(true);
        (node.weighted() && name == "weight" ? decaying : others).push_back(tensor);
      }
    }
    return {{std::move(decaying), recipe_.lr, recipe_.weight_decay},
            {std::move(others), recipe_.lr, /*weight_decay=*/0}};
  }

  double LearningRate(int64_t step) const {
    const double total = static_cast<double>(recipe_.epochs * steps_per_epoch_);
    const double warmup = recipe_.warmup_epochs * static_cast<double>(steps_per_epoch_);
    const double at = static_cast<double>(step);
    if (at + 1 < warmup) return recipe_.lr * (at + 1) / warmup;
    return CosineRate(recipe_.lr, at - warmup, total - warmup);
  }

  // Trains on one batch and returns the sum of its losses.
  double Step(const std::vector<int64_t>& indices, int64_t epoch, int64_t step) {
    const torch::Tensor images = Normalise(Augment(train_.images->Load(indices), indices,
                                                   {recipe_.crop_padding, recipe_.flip}, streams_,
                                                   static_cast<uint64_t>(epoch))
                                               .to(graph_.Options().device()),
                                           normalisation_.mean, normalisation_.std)
                                     .contiguous(torch::MemoryFormat::ChannelsLast);
    const torch::Tensor labels =
        train_.labels.index_select(0, torch::tensor(indices)).to(graph_.Options().device());
    optimiser_.SetLearningRate(LearningRate(step));
    optimiser_.ZeroGrad();
    const torch::Tensor logits =
        zerosweep::Run(graph_, images, /*hooks=*/{}, BatchNormMode::kTrain);
    const torch::Tensor loss =
        at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Mean,
                               /*ignore_index=*/-100, recipe_.label_smoothing);
    loss.backward();
    optimiser_.Step();
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      Fail(ErrorKind::kTrial,
           "training: the loss became {} in epoch {}, step {}: lower the learning rate ({})", value,
           epoch, step, recipe_.lr);
    }
    return value * static_cast<double>(indices.size());
  }

  void RunEpoch(int64_t epoch) {
    const torch::Tensor order = streams_.Permutation(static_cast<uint64_t>(epoch), "shuffle",
                                                     static_cast<uint32_t>(train_.size()));
    const int64_t* index = order.const_data_ptr<int64_t>();
    TeacherProgress progress{.epoch = epoch, .total_images = recipe_.epochs * train_.size()};
    double loss = 0;
    for (int64_t i = 0; i < steps_per_epoch_; ++i) {
      const int64_t begin = i * recipe_.batch;
      const int64_t end = std::min(begin + recipe_.batch, train_.size());
      loss += Step({index + begin, index + end}, epoch, (epoch - 1) * steps_per_epoch_ + i);
      progress.images = (epoch - 1) * train_.size() + end;
      progress.loss = loss / static_cast<double>(end);
      if (callback_ && i % kBatchesBetweenReports == 0) callback_(progress, graph_);
    }
    progress.test_top1 = Evaluate(graph_, test_, normalisation_).top1;
    if (callback_) callback_(progress, graph_);
  }

  Graph graph_;
  const Dataset& train_;
  const Dataset& test_;
  const Normalisation& normalisation_;
  const TeacherRecipe& recipe_;
  const TeacherCallback& callback_;
  RandomStreams streams_;
  int64_t steps_per_epoch_;
  Optimiser optimiser_;
};

}  // namespace

Graph TrainTeacher(const Graph& graph, const Dataset& train, const Dataset& test,
                   const Normalisation& normalisation, const TeacherRecipe& recipe,
                   const TeacherCallback& callback) {
  if (train.size() < 2) Fail(ErrorKind::kUsage, "training: {} images are too few", train.size());
  if (graph.Weighted().empty()) Fail(ErrorKind::kUsage, "training: the network has no weights");
  Graph fresh = graph.Clone();
  InitialiseParameters(fresh, recipe.seed);
  return Training(ToChannelsLast(fresh), train, test, normalisation, recipe, callback).Run();
}

}  // namespace zerosweep
