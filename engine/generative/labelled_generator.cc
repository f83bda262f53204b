#include "engine/generative/labelled_generator.h"

#include "engine/synthesis/initial_parameters.h"
#include "engine/synthesis/labels.h"

namespace zerosweep {
namespace {

constexpr int64_t kLargestSmallSide = 64;  // pixels

}  // namespace

bool HasConditionalNorms(const Graph& graph, Conditioning conditioning) {
  if (conditioning == Conditioning::kAuto) return graph.input_shape.at(1) > kLargestSmallSide;
  return conditioning == Conditioning::kNorms;
}

Params<LabelledGeneratorSettings> LabelledGeneratorParams(int64_t latents,
                                                          const std::string& latents_meaning) {
  return {Bind(&LabelledGeneratorSettings::latents, {.name = "latents",
                                                     .default_value = latents,
                                                     .meaning = latents_meaning,
                                                     .source = "authors' code",
                                                     .min = latents == 0 ? 0 : 1}),
          Bind(&LabelledGeneratorSettings::conditioning,
               {.name = "conditioning",
                .default_value = "auto",
                .meaning = "how the generator is told the class: by an embedding, or by norms of "
                           "each class; auto: embedding for sides up to 64 pixels",
                .source = "embedding for CIFAR, norms for ImageNet"},
               {{"auto", Conditioning::kAuto},
                {"embedding", Conditioning::kEmbedding},
                {"norms", Conditioning::kNorms}})};
}

LabelledGenerator::LabelledGenerator(const QuantizationContext& context,
                                     const LabelledGeneratorSettings& settings)
    : context_(context),
      latents_(settings.latents),
      classes_(context.teacher.classes),
      generator_({context.teacher.graph.input_shape, latents_, classes_,
                  HasConditionalNorms(context.teacher.graph, settings.conditioning)},
                 context.random, context.teacher.options()) {
  if (HasConditionalNorms(context.teacher.graph, settings.conditioning)) return;
  embedding_ =
      NormalParameter({classes_, latents_}, context.random.Shared(0, "generator.embedding"),
                      context.teacher.options());
}

std::vector<torch::Tensor> LabelledGenerator::Parameters() const {
  std::vector<torch::Tensor> parameters = generator_.Parameters();
  if (embedding_.defined()) parameters.push_back(embedding_);
  return parameters;
}

GeneratedBatch LabelledGenerator::OfAllClasses(uint64_t step, const std::string& purpose,
                                               BatchPart part) const {
  const torch::Tensor labels = DrawClasses(context_.random, step, purpose + ".labels",
                                           context_.teacher.classes, part.first, part.count)
                                   .flatten();
  return Make(step, purpose, part, labels);
}

GeneratedBatch LabelledGenerator::OfOneClass(uint64_t step, const std::string& purpose,
                                             BatchPart part, int64_t label) const {
  return Make(step, purpose, part, torch::full({part.count}, label, torch::kInt64));
}

GeneratedBatch LabelledGenerator::Make(uint64_t step, const std::string& purpose, BatchPart part,
                                       const torch::Tensor& labels) const {
  const torch::TensorOptions options = context_.teacher.options();
  const torch::Tensor mixture = OneHot(labels, classes_, options);
  torch::Tensor inputs = context_.random
                             .NormalForSamples(step, purpose + ".latents", {part.count, latents_},
                                               static_cast<uint64_t>(part.first))
                             .to(options);
  if (embedding_.defined())
    inputs = inputs * embedding_.index_select(0, labels.to(options.device()));
  return {generator_.Images(context_.group, inputs, mixture), mixture};
}

}  // namespace zerosweep
