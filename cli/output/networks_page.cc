#include "cli/output/networks_page.h"

#include "base/text.h"
#include "cli/output/markdown.h"
#include "cli/pages.h"

namespace zerosweep {
namespace {

std::string Million(int64_t number) {
  return fmt::format("{:.2f} M", static_cast<double>(number) / 1e6);
}

}  // namespace

std::string NetworksPage(const Catalogue& catalogue) {
  std::string networks =
      MarkdownHeadings({"name", "network", "paper", "images", "smallest side", "batch norms",
                        "parameters", "multiply-adds", "layouts"});
  for (const Declaration& arch : catalogue.Of(Role::kModel)) {
    const ModelFacts& facts = arch.model();
    const auto& [channels, height, width] = facts.input_shape;
    networks +=
        MarkdownRow({"`" + arch.name + "`", arch.summary, arch.paper,
                     fmt::format("{} × {} × {}", channels, height, width),
                     std::to_string(facts.min_side), std::to_string(facts.batch_norms),
                     Million(facts.parameters), Million(facts.macs), Join(facts.layouts, ", ")});
  }
  return fmt::format(kNetworksPage, fmt::arg("networks", networks));
}

}  // namespace zerosweep
