#include "engine/models/inception_layout.h"

#include <array>
#include <string>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

// The convolutions of a unit: pytorchcv's name inside "branches", and torchvision's name.
using Unit = std::vector<std::pair<std::string, std::string>>;

Unit UnitA() {
  return {{"branch1.conv", "branch1x1"},
          {"branch2.conv_list.conv#", "branch5x5_{1}"},
          {"branch3.conv_list.conv#", "branch3x3dbl_{1}"},
          {"branch4.conv", "branch_pool"}};
}

Unit UnitB() {
  return {{"branch1.conv_list.conv1", "branch3x3"},
          {"branch2.conv_list.conv#", "branch3x3dbl_{1}"}};
}

Unit UnitC() {
  return {{"branch1.conv", "branch1x1"},
          {"branch2.conv_list.conv#", "branch7x7_{1}"},
          {"branch3.conv_list.conv#", "branch7x7dbl_{1}"},
          {"branch4.conv", "branch_pool"}};
}

Unit UnitD() {
  return {{"branch1.conv_list.conv#", "branch3x3_{1}"},
          {"branch2.conv_list.conv#", "branch7x7x3_{1}"}};
}

Unit UnitE() {
  return {{"branch1.conv", "branch1x1"},
          {"branch2.conv_list.conv#", "branch3x3_{1}"},
          {"branch2.conv1x3", "branch3x3_2a"},
          {"branch2.conv3x1", "branch3x3_2b"},
          {"branch3.conv_list.conv#", "branch3x3dbl_{1}"},
          {"branch3.conv1x3", "branch3x3dbl_3a"},
          {"branch3.conv3x1", "branch3x3dbl_3b"},
          {"branch4.conv", "branch_pool"}};
}

void AddUnit(KeyLayout& layout, const std::string& from, const std::string& to, const Unit& unit) {
  for (const auto& [branch, name] : unit) {
    const bool numbered = branch.ends_with('#');
    layout.rules.push_back({fmt::format("features.{}.branches.{}.*", from, branch),
                            fmt::format("{}.{}.{}", to, name, numbered ? "{2}" : "{1}")});
  }
}

KeyLayout PytorchcvLayout() {
  KeyLayout layout{.name = "pytorchcv",
                   .marker = "features.init_block.conv1.conv.weight",
                   .rules = {{"features.init_block.conv1.*", "Conv2d_1a_3x3.{1}"},
                             {"features.init_block.conv2.*", "Conv2d_2a_3x3.{1}"},
                             {"features.init_block.conv3.*", "Conv2d_2b_3x3.{1}"},
                             {"features.init_block.conv4.*", "Conv2d_3b_1x1.{1}"},
                             {"features.init_block.conv5.*", "Conv2d_4a_3x3.{1}"},
                             {"output.fc.*", "fc.{1}"}}};
  AddUnit(layout, "stage1.unit1", "Mixed_5b", UnitA());
  AddUnit(layout, "stage1.unit2", "Mixed_5c", UnitA());
  AddUnit(layout, "stage1.unit3", "Mixed_5d", UnitA());
  AddUnit(layout, "stage2.unit1", "Mixed_6a", UnitB());
  AddUnit(layout, "stage2.unit2", "Mixed_6b", UnitC());
  AddUnit(layout, "stage2.unit3", "Mixed_6c", UnitC());
  AddUnit(layout, "stage2.unit4", "Mixed_6d", UnitC());
  AddUnit(layout, "stage2.unit5", "Mixed_6e", UnitC());
  AddUnit(layout, "stage3.unit1", "Mixed_7a", UnitD());
  AddUnit(layout, "stage3.unit2", "Mixed_7b", UnitE());
  AddUnit(layout, "stage3.unit3", "Mixed_7c", UnitE());
  return layout;
}

}  // namespace

std::vector<KeyLayout> InceptionLayouts() {
  return {{.name = "torchvision", .marker = "Conv2d_1a_3x3.conv.weight", .unused = {"AuxLogits.*"}},
          PytorchcvLayout()};
}

}  // namespace zerosweep
