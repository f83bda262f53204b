// Training of a teacher from scratch on real images.
#pragma once

#include <functional>
#include <optional>

#include "base/json.h"
#include "engine/catalogue/params.h"
#include "engine/data/dataset.h"
#include "engine/data/transform.h"
#include "engine/graph/graph.h"

namespace zerosweep {

// SGD with Nesterov momentum; the learning rate rises linearly over the warm-up and falls along a
// half cosine to 0 (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5 without restarts). Batch
// norms and biases do not decay.
struct TeacherRecipe {
  int64_t epochs = 18;
  int64_t batch = 128;
  double lr = 0.1;
  double momentum = 0.9;
  double weight_decay = 5e-4;
  double warmup_epochs = 1;
  int64_t crop_padding = 2;
  bool flip = true;
  double label_smoothing = 0;
  uint64_t seed = 0;
};

// Declares everything except the seed.
Params<TeacherRecipe> TeacherParams();
// For a model card.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TeacherRecipe, epochs, batch, lr, momentum, weight_decay,
                                   warmup_epochs, crop_padding, flip, label_smoothing, seed)

struct TeacherProgress {
  int64_t epoch = 0;                     // 1, 2, …
  int64_t images = 0;                    // seen so far, in all epochs
  int64_t total_images = 0;              // of the whole training
  double loss = 0;                       // mean over this epoch so far
  std::optional<double> test_top1 = {};  // in [0, 1]; at the end of each epoch only
};

// Called about every 50 batches and at the end of each epoch; `graph` is the one in training.
using TeacherCallback = std::function<void(const TeacherProgress& progress, const Graph& graph)>;

// Trains a copy of `graph`, newly initialised from the recipe's seed, and returns it. The same
// recipe, data and number of threads give the same bits. Throws kUsage when the data do not fit the
// network and kTrial when the loss is not finite.
Graph TrainTeacher(const Graph& graph, const Dataset& train, const Dataset& test,
                   const Normalisation& normalisation, const TeacherRecipe& recipe,
                   const TeacherCallback& callback = {});

}  // namespace zerosweep
