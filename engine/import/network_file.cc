#include "engine/import/network_file.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "engine/import/onnx/onnx_lowering.h"
#include "engine/import/pt2/pt2_lowering.h"

namespace zerosweep {
namespace {

// Zip archives begin so: .pt2, and what torch.save and TorchScript write.
bool IsArchive(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string head(2, '\0');
  if (!stream.read(head.data(), 2))
    Fail(ErrorKind::kUsage, "{}: it cannot be read, or is empty", file.string());
  return head == "PK";
}

bool HasBias(const Node& node) { return node.parameters.contains("bias"); }

// Exporters fold batch norms into the layers before, whose biases then take the shift.
void NoteFoldedNorms(ImportedNetwork& network, bool onnx) {
  const Graph& graph = network.graph;
  const std::vector<int> weighted = graph.Weighted();
  if (!graph.BatchNorms().empty() || weighted.empty()) return;
  const bool biased = std::all_of(weighted.begin(), weighted.end(), [&](int node) {
    return HasBias(graph.nodes[static_cast<size_t>(node)]);
  });
  network.notes.push_back(
      onnx && biased
          ? "it has no batch norms; its layers have biases, so the exporter has probably folded "
            "them. To keep them: torch.onnx.export(model.eval(), (images,), \"net.onnx\", "
            "dynamo=False, training=torch.onnx.TrainingMode.PRESERVE)"
          : "it has no batch norms: methods that match their statistics cannot run");
}

}  // namespace

ImportedNetwork ReadNetworkFile(const std::filesystem::path& file,
                                const std::vector<int64_t>& image_shape) {
  const bool archive = IsArchive(file);
  // Both programs take the ending at its word: which files belong to it, and what may run it.
  if (archive != (LowerCase(file.extension().string()) == ".pt2")) {
    Fail(ErrorKind::kUsage, "{} is {}: its name must end in {}", file.string(),
         archive ? "an archive of PyTorch" : "no archive of PyTorch", archive ? ".pt2" : ".onnx");
  }
  ImportedNetwork network =
      archive ? ReadPt2(file, image_shape) : ReadOnnx(file, {.image_shape = image_shape});
  NoteFoldedNorms(network, !archive);
  return network;
}

}  // namespace zerosweep
