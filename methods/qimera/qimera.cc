// Qimera (Choi et al., NeurIPS 2021; authors' code): GDFQ, whose generator makes convex mixes of K
// classes in a share p of the steps, so that images lie near the teacher's decision boundaries.
//
//   e_k = DM(norm(E[y_k] + z_k))     z_k ~ N(0, I)
//   λ = softmax(K draws of N(0, 1))
//   input of the generator: Σ_k λ_k e_k
//   label for teacher and student: Σ_k λ_k onehot(y_k)
//
// DM ("disentanglement mapping") is a linear layer; an inverted flag switches it off in the
// released scripts. E may begin as the rows of the teacher's classifier. Conditional norms take Σ_k
// λ_k γ_{y_k}; the released code takes the mean over k instead, which leaves images without
// contrast when K is in the hundreds.
#include "methods/qimera/qimera.h"

#include "base/error.h"
#include "engine/generative/generative_training.h"
#include "engine/generative/labelled_generator.h"
#include "engine/parallel/moments.h"
#include "engine/synthesis/classifier.h"
#include "engine/synthesis/initial_parameters.h"
#include "engine/synthesis/labels.h"

namespace zerosweep {
namespace {

using Embedding = QimeraSettings::Embedding;

constexpr int64_t kMapped = 100;  // outputs of the disentanglement mapping
constexpr double kEpsilon = 1e-5;

torch::Tensor ClassifierWeight(const Graph& graph) {
  return ClassifierRows(graph, "qimera", "give latents, with embedding: random");
}

// Dimension of an embedding.
int64_t EmbeddingSize(const Graph& teacher, const QimeraSettings& settings) {
  const int64_t given = settings.common.generator.latents;
  const bool of_classifier = settings.embedding != Embedding::kRandom;
  if (given > 0 && !of_classifier) return given;
  const int64_t features = ClassifierWeight(teacher).size(1);
  if (given > 0 && given != features) {
    Fail(ErrorKind::kUsage, "qimera.latents is {}, but the classifier's rows have {} numbers",
         given, features);
  }
  return features;
}

}  // namespace

Qimera::Qimera(const QuantizationContext& context, const QimeraSettings& settings)
    : context_(context),
      settings_(settings),
      classes_(context.teacher.classes),
      generator_(
          {context.teacher.graph.input_shape,
           settings.disentangle ? kMapped : EmbeddingSize(context.teacher.graph, settings),
           classes_,
           HasConditionalNorms(context.teacher.graph, settings.common.generator.conditioning)},
          context.random, context.teacher.options()) {
  const torch::TensorOptions options = context.teacher.options();
  const int64_t size = EmbeddingSize(context.teacher.graph, settings);
  embedding_ = settings.embedding == Embedding::kRandom
                   ? NormalParameter({classes_, size},
                                     context.random.Shared(0, "generator.embedding"), options)
                   : ClassifierWeight(context.teacher.graph)
                         .clone()
                         .set_requires_grad(settings.embedding == Embedding::kClassifier);
  if (!settings.disentangle) return;
  mapping_weight_ = UniformParameter({kMapped, size}, size,
                                     context.random.Shared(0, "generator.mapping.weight"), options);
  mapping_bias_ = UniformParameter({kMapped}, size,
                                   context.random.Shared(0, "generator.mapping.bias"), options);
}

std::vector<torch::Tensor> Qimera::Parameters() const {
  std::vector<torch::Tensor> parameters = generator_.Parameters();
  for (const torch::Tensor& tensor : {embedding_, mapping_weight_, mapping_bias_})
    if (tensor.defined() && tensor.requires_grad()) parameters.push_back(tensor);
  return parameters;
}

bool Qimera::IsSuperposed(uint64_t step) const {
  return context_.random.Shared(step, "superposed").Uniform() <
         static_cast<float>(settings_.superposed);
}

Superposition Qimera::Superpose(uint64_t step, BatchPart part) const {
  const int64_t mixed = settings_.mixed_classes;
  const torch::Tensor classes = Classes(step, part, mixed);
  const torch::Tensor weights =
      torch::softmax(context_.random.NormalForSamples(step, "mix", {part.count, mixed},
                                                      static_cast<uint64_t>(part.first)),
                     1);
  return {classes, weights.to(context_.teacher.options())};
}

Superposition Qimera::Plain(uint64_t step, BatchPart part) const {
  return {Classes(step, part, 1), torch::ones({part.count, 1}, context_.teacher.options())};
}

torch::Tensor Qimera::Classes(uint64_t step, BatchPart part, int64_t each) const {
  return DrawClasses(context_.random, step, "images.labels", context_.teacher.classes, part.first,
                     part.count, each)
      .to(context_.teacher.device());
}

torch::Tensor Qimera::LabelsOf(const Superposition& mix) const {
  return torch::zeros({mix.classes.size(0), classes_}, mix.weights.options())
      .scatter_add(1, mix.classes, mix.weights);
}

torch::Tensor Qimera::Embed(uint64_t step, BatchPart part, const torch::Tensor& classes,
                            bool superposed) const {
  const int64_t slots = classes.size(1), size = embedding_.size(1);
  const torch::Tensor noise =
      context_.random
          .NormalForSamples(step, "images.latents", {part.count, slots, size},
                            static_cast<uint64_t>(part.first))
          .to(embedding_.options());
  const torch::Tensor sum =
      embedding_.index_select(0, classes.flatten()).view({part.count, slots, size}) +
      settings_.noise * noise;
  if (superposed) return GlobalBatchNorm(context_.group, sum, {}, {}, kEpsilon);
  return torch::layer_norm(sum, {size}, {}, {}, kEpsilon);
}

GeneratedBatch Qimera::Make(uint64_t step, BatchPart part, bool superposed) {
  const Superposition mix = superposed ? Superpose(step, part) : Plain(step, part);
  torch::Tensor slots = Embed(step, part, mix.classes, superposed);
  if (mapping_weight_.defined()) slots = torch::linear(slots, mapping_weight_, mapping_bias_);
  const torch::Tensor inputs = (mix.weights.unsqueeze(2) * slots).sum(1);
  const torch::Tensor labels = LabelsOf(mix);
  const torch::Tensor of_norms =
      settings_.mix_averages ? labels / static_cast<double>(mix.classes.size(1)) : labels;
  return {generator_.Images(context_.group, inputs, of_norms), labels};
}

Params<QimeraSettings> QimeraParams() {
  GenerativeDefaults defaults;
  defaults.latents = 0;
  defaults.latents_meaning =
      "random numbers of an image, and of its class's embedding; 0: as many as the teacher's "
      "classifier takes";
  return {
      Part(&QimeraSettings::common, GenerativeParams(defaults)),
      Bind(&QimeraSettings::superposed,
           FractionParam("superposed", 0.4, "p: of the steps, whose images mix classes",
                         "0.4; ResNet-50 on ImageNet: 0.7")),
      Bind(&QimeraSettings::mixed_classes,
           {.name = "mixed_classes",
            .default_value = 2,
            .meaning = "K: classes in a mix, drawn with replacement",
            .source = "2 for CIFAR-10; CIFAR-100: 10 (4 bits), 50 (5 bits); ImageNet: 100 to 500",
            .min = 1}),
      Bind(&QimeraSettings::noise,
           RateParam("noise", 1,
                     "η, the scale of the random numbers that are added to the embedding",
                     "authors' code")),
      Bind(&QimeraSettings::disentangle,
           {.name = "disentangle",
            .default_value = true,
            .meaning = "a linear layer behind the embeddings",
            .source = "paper; the released scripts run without it, by an inverted flag",
            .variants = {{"code", false}}}),
      Bind(&QimeraSettings::embedding,
           {.name = "embedding",
            .default_value = "random",
            .meaning = "what the embeddings begin as: N(0, 1), or the rows of the teacher's "
                       "classifier; frozen: those, not trained",
            .source = "random for CIFAR-10, classifier for CIFAR-100 (scripts); classifier: paper",
            .variants = {{"paper", "classifier"}}},
           {{"random", Embedding::kRandom},
            {"classifier", Embedding::kClassifier},
            {"frozen", Embedding::kFrozen}}),
      Bind(&QimeraSettings::mix_averages,
           {.name = "conditional_mix",
            .default_value = "sum",
            .meaning = "what a norm of each class takes of a mix: the sum of its weighted classes, "
                       "or their mean",
            .source = "mean: authors' code, for which images of many classes lose their contrast",
            .variants = {{"code", "mean"}}},
           {{"sum", false}, {"mean", true}})};
}

namespace {

Quantization Quantize(const QuantizationContext& context, const QimeraSettings& settings) {
  Qimera method(context, settings);
  return TrainWithGenerator(context, "qimera", settings.common, method);
}

const RegisterQuantizer kQimera{
    {.name = "qimera",
     .summary = "GDFQ whose generator also mixes classes, for images near decision boundaries",
     .paper = "Qimera (Choi et al., NeurIPS 2021)",
     .revision = 2,
     .uses_seed = true,
     .limits =
         Concat(GenerativeLimits(),
                {{{{"param.embedding", "is_not", "random"},
                   {"param.latents", "is_not", 0},
                   {"param.latents", "is_not", FactNamed("model.features")}},
                  "latents is {param.latents}, but embedding: {param.embedding} takes rows "
                  "of the classifier, which have {model.features} numbers: leave latents out, "
                  "or set embedding: random"}}),
     .facts = MethodFacts{.joint = true, .groups = true}},
    QimeraParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
