#include "cli/output/networks_page.h"

#include "base/text.h"
#include "cli/output/markdown.h"

namespace zerosweep {
namespace {

constexpr const char* kPreface = R"(# Networks

`zerosweep models --markdown` prints this page from what the stage program declares.
A test compares the two.
After a change: `build/bin/zerosweep models --markdown > docs/networks.md`.

A test proves each architecture equal to its reference: the same weights, batch-norm statistics and
image give the same logits (`tests/engine/models/reference_networks_test.cc`).
`tests/golden/make_reference_logits.py` computes the reference's logits.

)";

constexpr const char* kCheckpoints = R"(
An architecture takes images of every size from its smallest side on.
Where a reference ends in a pool of 7 × 7, ours takes the mean of the whole map.
Stems never change with the size of the images: CIFAR networks have names of their own.

## Checkpoints

The layouts of an architecture say which names a file of weights may use:

- `torchvision` and `pytorchcv`: the names of these libraries
- `brecq`: those of BRECQ's release where they differ from torchvision's (MobileNetV2, RegNetX)
- `akamaster`: those of the usual code of CIFAR ResNets
- `zerosweep`: the graph's own names, where no library has the same

Zerosweep finds the layout from the names.
It refuses a file that fits none in one line.

Two things do not stand in a file of weights:

- Where a ResNet-50 has its strides: choose the architecture by its name.
- torchvision's trained Inception-v3 maps its images, normalised as usual for ImageNet, to mean and
  deviation 0.5 before the first convolution (`transform_input`).
  Here that is part of the normalisation, so that its model card says 0.5 for both.
)";

std::string Million(int64_t number) {
  return fmt::format("{:.2f} M", static_cast<double>(number) / 1e6);
}

}  // namespace

std::string NetworksPage(const Catalogue& catalogue) {
  std::string text =
      kPreface + MarkdownHeadings({"name", "network", "paper", "images", "smallest side",
                                   "batch norms", "parameters", "multiply-adds", "layouts"});
  for (const Declaration& arch : catalogue.Of(Role::kModel)) {
    const ModelFacts& facts = arch.model();
    const auto& [channels, height, width] = facts.input_shape;
    text +=
        MarkdownRow({"`" + arch.name + "`", arch.summary, arch.paper,
                     fmt::format("{} × {} × {}", channels, height, width),
                     std::to_string(facts.min_side), std::to_string(facts.batch_norms),
                     Million(facts.parameters), Million(facts.macs), Join(facts.layouts, ", ")});
  }
  return text + kCheckpoints;
}

}  // namespace zerosweep
