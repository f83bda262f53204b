#include "storage/results/stage_text.h"

#include "base/hash.h"

namespace zerosweep {

StageText::StageText(const StageDesign& design)
    : without_seed_(CanonicalJson(design.params)),
      kind_(R"(,"kind":)" + CanonicalJson(design.kind) + R"(,"params":)"),
      revision_(R"(,"revision":)" + CanonicalJson(design.revision) + "}") {
  Json before = Json::object(), after = Json::object();
  for (const auto& [name, value] : design.params.items())
    (name < "seed" ? before : after)[name] = value;
  before_seed_ = CanonicalJson(before);
  before_seed_.back() = ',';
  if (before.empty()) before_seed_ = "{";
  before_seed_ += R"("seed":)";
  after_seed_ = CanonicalJson(after);
  after_seed_.front() = ',';
  if (after.empty()) after_seed_ = "}";
  for (const std::string& role : design.roles) roles_.push_back(CanonicalJson(role) + ":");
}

std::string StageText::Name(std::optional<int64_t> seed,
                            const std::vector<std::string_view>& inputs) const {
  std::string text = R"({"inputs":{)";
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i > 0) text += ',';
    text += roles_[i];
    text += '"';
    text += inputs[i];
    text += '"';
  }
  text += '}';
  text += kind_;
  text += seed ? before_seed_ + std::to_string(*seed) + after_seed_ : without_seed_;
  text += revision_;
  return Sha256Hex(text);
}

std::string TrialTail(const Configuration& configuration) {
  const std::string others = CanonicalJson({{"method", configuration.method},
                                            {"protocol", configuration.protocol},
                                            {"variant", configuration.variant}});
  return "\"," + others.substr(1);
}

std::string TrialName(const std::string& evaluate, const std::string& tail) {
  return Sha256Hex(R"({"evaluate":")" + evaluate + tail);
}

}  // namespace zerosweep
