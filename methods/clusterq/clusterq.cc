// ClusterQ (arXiv 2205.00179): GDFQ, with a centroid of the deeper batch-norm statistics for each
// class. The objective `intended` is the paper's. The released code instead compares with the
// teacher's running statistics, regardless of class, and its diversity term has no gradient
// (objective `released`, variant `code`).
//
// intended, where L_C compares, in each step, a batch of one class with C_c + noise:
//   C_c ← statistics of those images for class c that the teacher assigns to it
//   C_c ← (1 − b)·C_c + b·statistics     once an epoch
//   L_G = L_CE + 0.1·L_BNS + 0.9·L_C
// released, over the step's mixed batch:
//   L_G = L_CE + 0.1·L_BNS + 0.9·(L_C + 0.1·L_Dv)
//
// As in the code (trainer.py, train), centroids are made at the start of epoch e0 and updated at
// the start of every later one; L_C begins with the first update. With probability ½ the images of
// a step, or of an update, are seen through random windows. The images that a centroid begins with
// never are.
#include "methods/clusterq/clusterq.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/data/random_view.h"
#include "engine/generative/class_batches.h"
#include "engine/generative/generative_training.h"
#include "engine/synthesis/batch_norm_statistics.h"

namespace zerosweep {
namespace {

// The random views of images.
constexpr double kSmallestView = 0.8;  // share of the area
constexpr double kFlip = 0.5;

}  // namespace

ClusterQ::ClusterQ(const QuantizationContext& context, const ClusterQSettings& settings)
    : context_(context),
      settings_(settings),
      generator_(context, settings.common.generator),
      centroids_(static_cast<size_t>(context.teacher.classes)) {}

GeneratedBatch ClusterQ::Generate(uint64_t step, BatchPart part) {
  GeneratedBatch batch = HeldOut(step, part);
  if (IsAugmented(step, "augment")) batch.images = Views(batch.images, step, "view", part);
  return batch;
}

bool ClusterQ::IsAugmented(uint64_t step, const std::string& coin) const {
  return settings_.augment && context_.random.Shared(step, coin).Uniform() < 0.5F;
}

torch::Tensor ClusterQ::Views(const torch::Tensor& images, uint64_t step,
                              const std::string& purpose, BatchPart part) const {
  return RandomViews(images, kSmallestView, kFlip, context_.random, step,
                     static_cast<uint64_t>(part.first), purpose);
}

Terms ClusterQ::ExtraTerms(uint64_t step, const TeacherPass& pass) {
  if (static_cast<int64_t>(step) < settings_.centroids_from + settings_.epoch) return {};
  const double weight = settings_.centroid_weight;
  if (settings_.released) {
    const double diversity = settings_.diversity_weight;
    return {{"centroids", weight * PerRankShare(context_.group, ReleasedMismatch(pass.moments))},
            {"diversity", weight * diversity *
                              PerRankShare(context_.group, ReleasedDiversity(step, pass.moments))}};
  }
  std::vector<int64_t> known;
  for (size_t label = 0; label < centroids_.size(); ++label)
    if (!centroids_[label].empty()) known.push_back(static_cast<int64_t>(label));
  if (known.empty()) return {};
  const int64_t label = ClassOfStep(context_.random, step, known);
  const TeacherPass of_class =
      RunTeacher(context_.group, context_.teacher.graph, ClassImages(step, label), "clusterq");
  const std::vector<Moments> targets =
      Distorted(centroids_[label], context_.random, step, settings_.distortion);
  return {{"centroids",
           weight * PerRankShare(context_.group, Mismatch(of_class.moments, targets,
                                                          FirstDeepNorm(targets.size())))}};
}

// Augmented if the step's mixed batch is, since the code compares the statistics of that batch.
torch::Tensor ClusterQ::ClassImages(uint64_t step, int64_t label) const {
  const BatchPart part = context_.group.PartOf(settings_.class_batch);
  const torch::Tensor images = generator_.OfOneClass(step, "class_images", part, label).images;
  if (!IsAugmented(step, "augment")) return images;
  return Views(images, step, "class_view", part);
}

// For each image of the batch and each deep layer in turn, the code sets loss ← (loss + d_l) / n,
// where d_l is the same for every image. The last layer of the last image is thus weighted by 1/n,
// the one before it by 1/n², and so on.
torch::Tensor ClusterQ::ReleasedMismatch(const std::vector<Moments>& moments) const {
  const std::vector<Moments> centroids = RunningMoments(context_.teacher.graph);
  const size_t first = FirstDeepNorm(moments.size());
  const auto n = static_cast<double>(moments.size() - first);
  double repeated = 0;  // Σ over images of n^(−n·image)
  for (int64_t image = 0; image < settings_.common.batch; ++image)
    repeated += std::pow(n, -n * static_cast<double>(image));
  torch::Tensor sum;
  for (size_t l = first; l < moments.size(); ++l) {
    const double share = repeated * std::pow(n, -static_cast<double>(moments.size() - l));
    const torch::Tensor term = share * Mismatch(moments[l], centroids[l]);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

// Compares the statistics with themselves plus U(±0.03) and U(±0.05), summed over layers and the
// images of the batch. The term has no gradient, so one draw is used for all images.
torch::Tensor ClusterQ::ReleasedDiversity(uint64_t step,
                                          const std::vector<Moments>& moments) const {
  RandomSequence draws = context_.random.Shared(step, "diversity");
  const size_t first = FirstDeepNorm(moments.size());
  const auto against_itself = [&](const torch::Tensor& values, float width) {
    torch::Tensor noise = torch::empty({values.numel()}, torch::kFloat32);
    for (int64_t i = 0; i < noise.numel(); ++i)
      noise.data_ptr<float>()[i] = width * (2 * draws.Uniform() - 1);
    return (values - (values + noise.to(values.options()))).square().mean();
  };
  torch::Tensor sum;
  for (size_t l = first; l < moments.size(); ++l) {
    const torch::Tensor term =
        against_itself(moments[l].mean, 0.03F) + against_itself(moments[l].variance, 0.05F);
    sum = sum.defined() ? sum + term : term;
  }
  return sum * static_cast<double>(settings_.common.batch);
}

std::map<std::string, double> ClusterQ::Metrics() const {
  if (settings_.released) return {};
  const auto known = std::count_if(centroids_.begin(), centroids_.end(),
                                   [](const auto& centroid) { return !centroid.empty(); });
  return {{"centroids", static_cast<double>(known)}};
}

void ClusterQ::EndStep(uint64_t step) {
  const int64_t done = static_cast<int64_t>(step) + 1;
  const int64_t from = settings_.centroids_from;
  if (settings_.released || done < from || (done - from) % settings_.epoch != 0) return;
  const torch::NoGradGuard no_grad;
  const double rate = settings_.centroid_rate;
  for (int64_t label = 0; label < context_.teacher.classes; ++label) {
    context_.progress.Report(label, context_.teacher.classes, "classes");
    std::vector<Moments>& centroid = centroids_[label];
    const auto now = ClassStatistics(CentroidImages(step, label, centroid.empty()), label);
    if (!now) continue;
    if (centroid.empty()) {
      centroid = *now;
      continue;
    }
    for (size_t l = 0; l < centroid.size(); ++l) {
      centroid[l].mean = (1 - rate) * centroid[l].mean + rate * (*now)[l].mean;
      centroid[l].variance = (1 - rate) * centroid[l].variance + rate * (*now)[l].variance;
    }
  }
}

// Each class has a separate coin (trainer.py, update_soft_stat).
torch::Tensor ClusterQ::CentroidImages(uint64_t step, int64_t label, bool first) const {
  const BatchPart part = context_.group.PartOf(settings_.centroid_images);
  const std::string purpose = "centroid_images." + std::to_string(label);
  const torch::Tensor images = generator_.OfOneClass(step, purpose, part, label).images;
  if (first || !IsAugmented(step, purpose + ".augment")) return images;
  return Views(images, step, purpose + ".view", part);
}

// Returns moments over the images, on all ranks, that the teacher assigns to the class, or nothing
// if there are none.
std::optional<std::vector<Moments>> ClusterQ::ClassStatistics(const torch::Tensor& images,
                                                              int64_t label) const {
  std::vector<torch::Tensor> inputs;
  const torch::Tensor logits =
      VisitBatchNormInputs(context_.teacher.graph, images, "clusterq",
                           [&](const Node&, const torch::Tensor& x) { inputs.push_back(x); });
  const torch::Tensor accepted = (logits.argmax(1) == label).to(logits.options());
  const torch::Tensor mask = accepted.view({-1, 1, 1, 1});
  std::vector<torch::Tensor> sums = {accepted.sum().view({1})}, squares;
  for (const torch::Tensor& x : inputs) sums.push_back((x * mask).sum({0, 2, 3}));
  context_.group.Reduce(sums, Group::Reduction::kSum);
  if (sums[0].item<double>() == 0) return std::nullopt;
  std::vector<torch::Tensor> values, means;
  for (size_t l = 0; l < inputs.size(); ++l) {
    const torch::Tensor& x = inputs[l];
    values.push_back(sums[0] * (x.size(2) * x.size(3)));
    means.push_back(sums[l + 1] / values[l]);
    squares.push_back(((x - means[l].view({1, -1, 1, 1})).square() * mask).sum({0, 2, 3}));
  }
  context_.group.Reduce(squares, Group::Reduction::kSum);
  std::vector<Moments> moments;
  for (size_t l = 0; l < inputs.size(); ++l) moments.push_back({means[l], squares[l] / values[l]});
  return moments;
}

void ClusterQ::Save(CheckpointState& state) const { SaveCentres("centroid.", centroids_, state); }

void ClusterQ::Restore(const CheckpointState& state) {
  centroids_ = RestoreCentres("centroid.", state, context_.teacher.options());
}

Params<ClusterQSettings> ClusterQParams() {
  GenerativeDefaults defaults;
  defaults.batch = {512, 64, 16};
  defaults.warm_up = {2000, 200, 4};
  defaults.iterations = {78000, 800, 6};
  defaults.latents = 10;
  defaults.reduction = "batch";
  defaults.source =
      "CIFAR-10: batch 512, 10 epochs of warm-up; CIFAR-100: 200; ImageNet: 16 and 50";
  const char* const kCode = "authors' code";
  return {
      Part(&ClusterQSettings::common, GenerativeParams(defaults)),
      Part(&ClusterQSettings::distortion,
           DistortionParams(0.03, 0.05, "the scale of the authors' code, uniform there")),
      Bind(&ClusterQSettings::released,
           {.name = "objective",
            .default_value = "intended",
            .meaning = "intended: batches of one class against the class's own centroid; released: "
                       "the running statistics once more, and a diversity term without gradient",
            .source = "intended: paper; released: authors' code",
            .variants = {{"code", "released"}}},
           {{"intended", false}, {"released", true}}),
      Bind(&ClusterQSettings::class_batch,
           ClassBatchParam({512, 32, 8}, "as many as the mixed batch has")),
      Bind(&ClusterQSettings::centroids_from,
           {.name = "centroids_from",
            .default_value = 2000,
            .meaning = "steps before the centroids are made; an `epoch` later they are updated for "
                       "the first time and compared with from then on",
            .unit = "iterations",
            .source = "10 epochs of 200 for CIFAR, 50 for ImageNet",
            .min = 1,
            .profiles = {{"fast", 200}, {"smoke", 4}}}),
      Bind(&ClusterQSettings::epoch, {.name = "epoch",
                                      .default_value = 200,
                                      .meaning = "steps between two updates of the centroids",
                                      .unit = "iterations",
                                      .source = kCode,
                                      .min = 1,
                                      .profiles = {{"fast", 50}, {"smoke", 2}}}),
      Bind(&ClusterQSettings::centroid_images,
           {.name = "centroid_images",
            .default_value = 16,
            .meaning = "images of a class for an update; those count that the teacher takes for it",
            .unit = "images",
            .source = "1 in the authors' code",
            .min = 1}),
      Bind(&ClusterQSettings::centroid_rate,
           FractionParam("centroid_rate", 0.2, "b, of what is new", kCode)),
      Bind(&ClusterQSettings::centroid_weight, RateParam("centroid_weight", 0.9, "of L_C", kCode)),
      Bind(&ClusterQSettings::diversity_weight,
           RateParam("diversity_weight", 0.1, "of L_Dv, released alone", kCode)),
      Bind(&ClusterQSettings::augment,
           {.name = "augment",
            .default_value = true,
            .meaning = "with probability ½, see all images of a step through windows of 80 to "
                       "100 % of them, mirrored by chance (the generator learns through it); the "
                       "same for each class's images at every update of its centroid but the first",
            .source = kCode})};
}

namespace {

Quantization Quantize(const QuantizationContext& context, const ClusterQSettings& settings) {
  ClusterQ method(context, settings);
  return TrainWithGenerator(context, "clusterq", settings.common, method);
}

// The released objective makes no batches of one class, so it has no limit on them.
std::vector<Limit> Limits() {
  std::vector<Limit> limits = GenerativeLimits();
  for (const char* batch : {"class_batch", "centroid_images"}) {
    limits.push_back(NeedsAnImageARank(batch));
    limits.back().when.push_back({"param.objective", "is", "intended"});
  }
  return limits;
}

const RegisterQuantizer kClusterQ{
    {.name = "clusterq",
     .summary = "GDFQ with a centroid of the deeper batch-norm statistics for each class",
     .paper = "ClusterQ (Gao et al. 2022)",
     .revision = 3,
     .uses_seed = true,
     .limits = Limits(),
     .facts = MethodFacts{.joint = true, .groups = true}},
    ClusterQParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
