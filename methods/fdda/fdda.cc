// FDDA: Fine-grained Data Distribution Alignment (Zhong et al., ECCV 2022; authors' code). GDFQ
// with one real image of each class, whose batch-norm statistics are the class's centre, and with a
// student that also sees real images, first those of the centres. Not data-free: it needs the
// calibration split.
//
// The centre (μ^c, v^c) of class c holds mean and biased variance over H·W of the input of each
// batch norm. Each step makes one batch of one class; l runs over the n deeper batch norms
// (FirstDeepNorm), and ε, ε' ~ N(0, 1) are drawn in each step:
//
//   L_C = (1/n) Σ_l MSE(μ_l, μ_l^c) + MSE(v_l, v_l^c)
//   L_D = (1/n) Σ_l MSE(μ_l, μ_l^c + 0.5 ε) + MSE(v_l, v_l^c + 1.0 ε')
//   L_G = 0.5 L_CE + 0.5 L_CE(class batch) + 0.2 L_BNS + 0.9 L_D + 0.01 L_C
//
// In the first steps any class is drawn. For a class whose image the teacher misclassifies, L_C is
// then 0, and L_D is 2/L Σ over all batch norms against pure N(0, 1). Later only correctly
// classified classes are drawn.
#include "methods/fdda/fdda.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "engine/data/random_crop.h"
#include "engine/data/random_view.h"
#include "engine/data/transform.h"
#include "engine/generative/generative_training.h"

namespace zerosweep {
namespace {

constexpr double kFlip = 0.5;  // share of the views that are mirrored

// Targets of a class without a centre: N(0, 1), for all batch norms.
std::vector<Moments> ZeroMoments(const std::vector<Moments>& like) {
  std::vector<Moments> zeros;
  for (const Moments& of : like)
    zeros.push_back({torch::zeros_like(of.mean), torch::zeros_like(of.variance)});
  return zeros;
}

std::vector<int64_t> ToVector(const torch::Tensor& indices) {
  const int64_t* first = indices.const_data_ptr<int64_t>();
  return {first, first + indices.numel()};
}

}  // namespace

Fdda::Fdda(const QuantizationContext& context, const FddaSettings& settings)
    : context_(context), settings_(settings), generator_(context, settings.common.generator) {
  for (int64_t label = 0; label < context.teacher.classes; ++label) all_.push_back(label);
  const Dataset& data = *context.real_data;
  if (!data.is_labelled()) {
    FailTrial(Failure::kConfiguration,
              "fdda takes real images of each class, but the calibration images of {} have no "
              "classes: name them with their classes in a list",
              data.name);
  }
  const auto present = static_cast<uint32_t>(data.size());
  real_ = FindCentres();
  const std::set<int64_t> of_centres(real_.begin(), real_.end());
  for (const int64_t image : ToVector(context.random.Permutation(0, "real_images", present)))
    if (!of_centres.contains(image)) real_.push_back(image);
  const int64_t wanted = settings.real_images > 0 ? settings.real_images : context.teacher.classes;
  real_.resize(static_cast<size_t>(std::min<int64_t>(wanted, present)));
}

torch::Tensor Fdda::Real(const std::vector<int64_t>& indices) const {
  return Normalise(context_.real_data->images->Load(indices), context_.teacher.mean,
                   context_.teacher.std)
      .to(context_.teacher.options());
}

std::vector<int64_t> Fdda::FindCentres() {
  const torch::NoGradGuard no_grad;
  const Dataset& data = *context_.real_data;
  std::vector<int64_t> image_of(all_.size(), -1);  // first image of each class in random order
  for (const int64_t image : ToVector(
           context_.random.Permutation(0, "class_images", static_cast<uint32_t>(data.size())))) {
    int64_t& chosen = image_of[data.labels[image].item<int64_t>()];
    if (chosen < 0) chosen = image;
  }
  SoloGroup alone;  // every rank computes all centres
  for (const int64_t label : all_) {
    context_.progress.Report(label, context_.teacher.classes, "classes");
    const int64_t image = image_of[label];
    if (image < 0) {
      FailTrial(Failure::kConfiguration,
                "fdda takes one real image of each class, but the calibration images "
                "of {} hold none of class {}",
                data.name, label);
    }
    TeacherPass pass = RunTeacher(alone, context_.teacher.graph, Real({image}), "fdda");
    if (pass.logits.argmax(1).item<int64_t>() == label) known_.push_back(label);
    centres_.push_back(std::move(pass.moments));
  }
  if (known_.empty()) {
    FailTrial(Failure::kConfiguration, "fdda: the teacher mistakes the real image of every class");
  }
  return image_of;
}

Terms Fdda::ExtraTerms(uint64_t step, const TeacherPass& /*pass*/) {
  const bool early = static_cast<int64_t>(step) < settings_.any_class;
  const int64_t label = ClassOfStep(context_.random, step, early ? all_ : known_);
  const GeneratedBatch images = generator_.OfOneClass(
      step, "class_images", context_.group.PartOf(settings_.class_batch), label);
  const TeacherPass of_class =
      RunTeacher(context_.group, context_.teacher.graph, images.images, "fdda");
  Terms terms = {{"class_labels",
                  settings_.common.label_weight *
                      CrossEntropyShare(of_class.logits, images.labels, settings_.class_batch)}};
  const std::vector<Moments>& centre = centres_[label];
  if (!std::binary_search(known_.begin(), known_.end(), label)) {
    const std::vector<Moments> noise =
        Distorted(ZeroMoments(centre), context_.random, step, {1, 1});
    const torch::Tensor mismatch = 2 * Mismatch(of_class.moments, noise);
    terms["distorted"] = settings_.distorted_weight * PerRankShare(context_.group, mismatch);
    return terms;
  }
  const size_t first = FirstDeepNorm(centre.size());
  terms["centres"] = settings_.centre_weight *
                     PerRankShare(context_.group, Mismatch(of_class.moments, centre, first));
  const std::vector<Moments> distorted =
      Distorted(centre, context_.random, step, settings_.distortion);
  terms["distorted"] = settings_.distorted_weight *
                       PerRankShare(context_.group, Mismatch(of_class.moments, distorted, first));
  return terms;
}

// One view for the whole batch, as the code transforms a tensor.
torch::Tensor Fdda::SharedView(uint64_t step, const torch::Tensor& images) const {
  RandomSequence draws = context_.random.Shared(step, "shared_view");
  const View view =
      RandomView(images.size(2), images.size(3), settings_.synthetic_crop, kFlip, draws);
  return ResizedViews(images, std::vector<View>(static_cast<size_t>(images.size(0)), view));
}

// Returns this rank's part of the step's real images: epoch after epoch, each in a new order.
std::vector<int64_t> Fdda::RealIndices(uint64_t step) const {
  const auto images = static_cast<int64_t>(real_.size());
  const int64_t batch = std::min(settings_.common.batch, images);
  const auto steps = static_cast<uint64_t>(images / batch);
  const BatchPart part = context_.group.PartOf(batch);
  const torch::Tensor order =
      context_.random.Permutation(step / steps, "real_order", static_cast<uint32_t>(images));
  const int64_t first = static_cast<int64_t>(step % steps) * batch + part.first;
  std::vector<int64_t> indices;
  for (const int64_t place : ToVector(order.slice(0, first, first + part.count).contiguous()))
    indices.push_back(real_[place]);
  return indices;
}

TrainingBatch Fdda::ForStudent(uint64_t step, TrainingBatch generated) {
  const torch::NoGradGuard no_grad;
  const torch::TensorOptions options = context_.teacher.options();
  const std::vector<int64_t> indices = RealIndices(step);
  const torch::Tensor real = Normalise(LoadRandomCrops(*context_.real_data->images, indices,
                                                       context_.random, step, settings_.real_crop),
                                       context_.teacher.mean, context_.teacher.std)
                                 .to(options);
  const torch::Tensor labels =
      context_.real_data->labels.index_select(0, torch::tensor(indices, torch::kInt64));
  TrainingBatch batch;
  batch.images = torch::cat({SharedView(step, generated.images), real})
                     .contiguous(torch::MemoryFormat::ChannelsLast);
  batch.labels = torch::cat({generated.labels, OneHot(labels, context_.teacher.classes, options)});
  batch.targets = zerosweep::Run(context_.teacher.graph, batch.images);
  batch.count = StudentImages(generated.count);
  return batch;
}

int64_t Fdda::StudentImages(int64_t generated) const {
  return generated + std::min<int64_t>(generated, real_.size());
}

std::map<std::string, double> Fdda::Metrics() const {
  return {{"real_images", static_cast<double>(real_.size())}};
}

Params<FddaSettings> FddaParams() {
  GenerativeDefaults defaults;
  defaults.batch = {16, 64, 16};
  defaults.warm_up = {10000, 200, 4};
  defaults.iterations = {70000, 600, 6};
  defaults.lr = 1e-6;
  defaults.schedule = "cosine";
  defaults.period = 20000;
  defaults.label_weight = 0.5;
  defaults.statistics_weight = 0.2;
  defaults.distillation = 20;
  defaults.reduction = "batch";
  defaults.code_averages = "biased";
  defaults.source =
      "ImageNet: batch 16, 50 epochs of 200 of warm-up, 350 of training; no other exists";
  const char* const kCode = "authors' code";
  return {
      Part(&FddaSettings::common, GenerativeParams(defaults)),
      Part(&FddaSettings::distortion, DistortionParams(0.5, 1.0, kCode)),
      Bind(&FddaSettings::class_batch, ClassBatchParam({16, 32, 8}, kCode)),
      Bind(&FddaSettings::real_images,
           {.name = "real_images",
            .default_value = 0,
            .meaning = "of the calibration split, for the student: those of the centres, one of "
                       "each class, then any; 0: one of each class",
            .unit = "images",
            .source = "0: paper, 1000 for ImageNet's 1000 classes",
            .min = 0}),
      Bind(&FddaSettings::real_crop,
           FractionParam("real_crop", 0.08,
                         "smallest share of a real image's area that the student sees, resized and "
                         "mirrored by chance",
                         "authors' code, main_DBNS_CBNS.py: RandomResizedCrop's default, for "
                         "ImageNet")),
      Bind(&FddaSettings::synthetic_crop,
           FractionParam("synthetic_crop", 0.5,
                         "the same for synthetic images, one window for all of a step",
                         "authors' code, trainer_DBNS_CBNS.py")),
      Bind(&FddaSettings::any_class,
           {.name = "any_class",
            .default_value = 1000,
            .meaning = "first steps, in which the batch may be of a class whose real image the "
                       "teacher mistakes",
            .unit = "iterations",
            .source = "5 epochs of 200",
            .min = 0,
            .profiles = {{"fast", 50}, {"smoke", 2}}}),
      Bind(&FddaSettings::centre_weight,
           RateParam("centre_weight", 0.01, "of L_C", "README of the authors' code")),
      Bind(&FddaSettings::distorted_weight,
           RateParam("distorted_weight", 0.9, "of L_D", "README of the authors' code"))};
}

namespace {

Quantization Quantize(const QuantizationContext& context, const FddaSettings& settings) {
  Fdda method(context, settings);
  return TrainWithGenerator(context, "fdda", settings.common, method);
}

std::vector<Limit> Limits() {
  Limit of_real = NeedsAnImageARank("real_images");
  of_real.when.push_back({"param.real_images", "is_not", 0});
  return Concat(GenerativeLimits(), {NeedsAnImageARank("class_batch"), of_real});
}

const RegisterQuantizer kFdda{
    {.name = "fdda",
     .summary =
         "GDFQ with batch-norm centres from one real image of each class, and a student that "
         "sees real images too",
     .paper = "FDDA (Zhong et al., ECCV 2022)",
     .revision = 3,
     .uses_seed = true,
     .needs = {"real_data"},
     .limits = Limits(),
     .facts = MethodFacts{.joint = true, .groups = true}},
    FddaParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
