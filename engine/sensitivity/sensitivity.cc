#include "engine/sensitivity/sensitivity.h"

#include <torch/types.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "engine/graph/executor.h"
#include "engine/quant/number_format.h"

namespace zerosweep {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OpSensitivity, op, weights, omega)

namespace {

constexpr const char* kFile = "sensitivity.json";
constexpr int64_t kCpuBatch = 64;
constexpr int64_t kGpuBatch = 256;
constexpr size_t kWidths = kMaxBits - kMinBits + 1;

// Returns N×K log-probabilities, in float64 since differences between nearly equal distributions
// are small.
torch::Tensor LogProbabilities(const Teacher& teacher, const torch::Tensor& images,
                               const ForwardHooks& hooks) {
  const int64_t total = images.size(0);
  const int64_t batch = images.is_cuda() ? kGpuBatch : kCpuBatch;
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < total; first += batch) {
    const torch::Tensor logits =
        Run(teacher.graph, images.slice(0, first, std::min(first + batch, total)), hooks);
    if (!torch::isfinite(logits).all().item<bool>()) {
      FailTrial(Failure::kNonFinite, "sensitivity: a logit is not finite");
    }
    parts.push_back(torch::log_softmax(logits.to(torch::kFloat64), 1));
  }
  return torch::cat(parts);
}

// Returns the log-probabilities with only the weights of one op at `bits`.
torch::Tensor WithOneOpAt(int bits, int op, const Teacher& teacher, const torch::Tensor& images) {
  const Node& node = teacher.graph.nodes[op];
  const torch::Tensor& weight = node.parameters.at("weight");
  const torch::Tensor quantized = FakeQuantize(weight, PerChannelMinMaxGrid(weight, bits));
  ForwardHooks hooks;
  hooks.replace_weight = [&](int at, const torch::Tensor& own) {
    return at == op ? quantized : own;
  };
  return LogProbabilities(teacher, images, hooks);
}

const char* NameOf(Divergence divergence) {
  return divergence == Divergence::kForward ? "forward" : "symmetric";
}

}  // namespace

double Sensitivity::Omega(size_t op, int bits) const {
  if (bits == kPassThroughBits) return 0;
  return ops.at(op).omega.at(static_cast<size_t>(bits - kMinBits));
}

double MeanDivergence(const torch::Tensor& log_p, const torch::Tensor& log_q,
                      Divergence divergence) {
  const auto mean_kl = [](const torch::Tensor& log_a, const torch::Tensor& log_b) {
    return (torch::exp(log_a) * (log_a - log_b)).sum(1).mean().item<double>();
  };
  const double forward = mean_kl(log_p, log_q);
  return divergence == Divergence::kForward ? forward : (forward + mean_kl(log_q, log_p)) / 2;
}

Sensitivity MeasureSensitivity(const Teacher& teacher, const torch::Tensor& images,
                               Divergence divergence, Progress& progress,
                               Checkpoints& checkpoints) {
  const torch::NoGradGuard no_grad;
  std::vector<double> omega;  // op by op, width by width; saved in checkpoints
  if (const auto state = checkpoints.Restore()) state->values.at("omega").get_to(omega);
  const std::vector<int> ops = teacher.graph.Weighted();
  const size_t total = ops.size() * kWidths;
  const torch::Tensor reference = LogProbabilities(teacher, images, {});
  while (omega.size() < total) {
    const int op = ops[omega.size() / kWidths];
    const int bits = kMinBits + static_cast<int>(omega.size() % kWidths);
    omega.push_back(MeanDivergence(reference, WithOneOpAt(bits, op, teacher, images), divergence));
    progress.Report(omega.size(), total, "measurements", teacher.graph.nodes[op].name);
    checkpoints.MaybeSave(static_cast<int64_t>(omega.size()), [&] {
      CheckpointState state;
      state.values = {{"omega", omega}};
      return state;
    });
  }
  Sensitivity sensitivity{divergence, images.size(0), {}};
  for (size_t i = 0; i < ops.size(); ++i) {
    const Node& node = teacher.graph.nodes[ops[i]];
    const auto own = omega.begin() + static_cast<std::ptrdiff_t>(i * kWidths);
    sensitivity.ops.push_back(
        {node.name, node.parameters.at("weight").numel(), {own, own + kWidths}});
  }
  return sensitivity;
}

void SaveSensitivity(const Sensitivity& sensitivity, const std::filesystem::path& folder) {
  Json widths = Json::array();
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) widths.push_back(bits);
  const Json json = {{"format", 1},
                     {"divergence", NameOf(sensitivity.divergence)},
                     {"images", sensitivity.images},
                     {"widths", widths},
                     {"ops", sensitivity.ops}};
  WriteFileDurably(folder / kFile, json.dump(1) + "\n");
}

Sensitivity LoadSensitivity(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFile;
  const Json json = ParseJson(ReadFile(path), path.string());
  Sensitivity sensitivity;
  try {
    sensitivity.divergence =
        json.at("divergence") == "symmetric" ? Divergence::kSymmetric : Divergence::kForward;
    sensitivity.images = json.at("images");
    for (const Json& entry : json.at("ops")) {
      auto op = entry.get<OpSensitivity>();
      if (op.omega.size() != kWidths) {
        Fail(ErrorKind::kStorage, "{}: '{}' has {} widths instead of {}; run `zerosweep fsck`",
             path.string(), op.op, op.omega.size(), kWidths);
      }
      sensitivity.ops.push_back(std::move(op));
    }
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kStorage, "{} is damaged ({}); run `zerosweep fsck`", path.string(),
         error.what());
  }
  return sensitivity;
}

}  // namespace zerosweep
