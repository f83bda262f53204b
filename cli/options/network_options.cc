#include "cli/options/network_options.h"

#include <regex>

#include "base/error.h"
#include "cli/value_kinds.h"
#include "contract/weight_files.h"

namespace zerosweep {

void AddInputShape(CLI::App& app, std::string& shape) {
  app.add_option("--input-shape", shape,
                 "Channels, height and width of its images, as 3x224x224, where the file leaves "
                 "them open")
      ->type_name("CxHxW");
}

void AddNormalisation(CLI::App& app, std::vector<double>& mean, std::vector<double>& std) {
  app.add_option("--mean", mean, "Of each channel of its images, whose values are from 0 to 1")
      ->type_name(kind::kNumber)
      ->delimiter(',');
  app.add_option("--std", std, "Its deviations, likewise")
      ->type_name(kind::kNumber)
      ->delimiter(',');
}

std::vector<int64_t> ShapeOf(const std::string& shape) {
  if (shape.empty()) return {};
  static const std::regex kForm("([1-9][0-9]{0,5})x([1-9][0-9]{0,5})x([1-9][0-9]{0,5})");
  std::smatch parts;
  if (!std::regex_match(shape, parts, kForm))
    Fail(ErrorKind::kUsage, "--input-shape is '{}', must be CxHxW, as 3x224x224", shape);
  return {std::stoll(parts[1]), std::stoll(parts[2]), std::stoll(parts[3])};
}

void RequireNetwork(const std::filesystem::path& file) {
  if (IsNetworkFile(file)) return;
  Fail(ErrorKind::kUsage,
       "{} must end in .onnx or .pt2: torch.export.save(torch.export.export(model.eval(), "
       "(images,)), \"net.pt2\") writes a PyTorch model so",
       file.string());
}

}  // namespace zerosweep
