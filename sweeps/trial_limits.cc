#include "sweeps/trial_limits.h"

#include "contract/limits.h"

namespace zerosweep {
namespace {

const Json& FactsOf(const Json& declaration) { return declaration.at("facts"); }

// Pixels of the images that the network is given.
int64_t SideOf(const Assignment& trial, TrialResolver& resolver) {
  const Json eval = resolver.EvalOf(trial);
  if (!eval.is_null()) return eval.at("crop");
  return FactsOf(*resolver.ModelOf(trial)->dataset).at("shape").at(1);
}

void CheckModel(const Assignment& trial, TrialResolver& resolver) {
  const Model& model = *resolver.ModelOf(trial);
  const Json side = {{"side", SideOf(trial, resolver)}};
  const auto refusal = Refusal(model.architecture->at("limits"),
                               {{"model", &FactsOf(*model.architecture)}, {"trial", &side}});
  if (refusal) FailAt(model.where, "{}: {}", model.arch(), *refusal);
}

// Whether a synthesizer makes images for classes: where its declaration says so, and when.
bool MakesLabels(const Json& synthesizer, const Json& params) {
  const Json& facts = FactsOf(synthesizer);
  return facts.contains("labels") && AllHold(facts["labels"], {{"param", &params}});
}

void CheckPart(const Assignment& trial, const Method& method, const Part& part,
               TrialResolver& resolver) {
  const Json& limits = part.declaration->at("limits");
  if (limits.empty()) return;
  const bool quantizes = &part == &method.quantizer;
  const Model& model = *resolver.ModelOf(trial);
  const Json& params = resolver.PartParams(trial, quantizes ? "quantize" : "synthesize").all;
  Json known = {{"side", SideOf(trial, resolver)}, {"a_bits", resolver.BitsOf(trial)->a}};
  if (quantizes && method.synthesizer)
    known["labelled"] =
        MakesLabels(*method.synthesizer->declaration, resolver.PartParams(trial, "synthesize").all);
  const auto refusal = Refusal(limits, {{"param", &params},
                                        {"protocol", &resolver.ProtocolOf(trial).fields},
                                        {"model", &FactsOf(*model.architecture)},
                                        {"trial", &known}});
  if (refusal) FailAt(part.where, "{} on {}: {}", part.name(), model.arch(), *refusal);
}

void CheckRealData(const Assignment& trial, const Part& part, TrialResolver& resolver) {
  if (!Needs(*part.declaration, "real_data")) return;
  const DatasetFiles& data = resolver.DataOf(trial);
  if (data.splits.contains("train") || data.splits.contains("calibration")) return;
  FailAt(part.where,
         "{} needs real images, but {} holds no training or calibration images of dataset {}",
         part.name(), data.folder.string(), data.name);
}

// Bits chosen on images need images before the quantizer.
void CheckMixedPrecision(const Assignment& trial, const Method& method, TrialResolver& resolver) {
  if (!resolver.BitsOf(trial)->mixed() || method.synthesizer) return;
  const YamlNode& bits = *trial.Get(TrialKey::kBits);
  FailAt(bits.where,
         "{} is mixed precision, which is chosen on images, but {} makes its own while it "
         "quantizes: give widths, or the bits of each layer",
         bits.Shown(), method.name);
}

}  // namespace

void CheckTrial(const Assignment& trial, const Method& method, TrialResolver& resolver) {
  CheckModel(trial, resolver);
  for (const Part* part : PartsOf(method)) {
    CheckPart(trial, method, *part, resolver);
    CheckRealData(trial, *part, resolver);
  }
  CheckMixedPrecision(trial, method, resolver);
}

}  // namespace zerosweep
