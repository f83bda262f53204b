#include "engine/reconstruction/reconstruction_limits.h"

#include <string>

namespace zerosweep {
namespace {

// Only the stage can check units given by name, since it knows what they hold.
Limit ShortcutLimit(const std::string& placement) {
  return {{{"param.units", "is", "blocks"},
           {"param.max_unit_macs", "is", 0},
           {"protocol.act_placement", "is", placement},
           {"protocol.shortcut", "is", FactNamed("model.shortcuts." + placement)}},
          "under shortcut: {protocol.shortcut} the shortcuts of its blocks do not read the "
          "quantized tensor, and a reconstruction knows only that one: set the protocol field "
          "act_placement to op_input, or shortcut to shared"};
}

}  // namespace

std::vector<Limit> ShortcutLimits() { return {ShortcutLimit("relu"), ShortcutLimit("op_output")}; }

std::vector<Limit> ReconstructionLimits() {
  const Condition by_name = {"param.units", "is_not", {"blocks", "layers"}};
  return Concat(
      {{{by_name, {"param.units", "off_path", FactNamed("model.unit_ends")}},
        "units is '{param.units}': it must be blocks, layers, or names of nodes at which all paths "
        "meet, in the network's order and the last of them its output"},
       {{by_name,
         {"param.stem", "is", {"skip", "pre_bn"}},
         {"param.units", "starts_off", FactNamed("model.stem_ends")}},
        "units is '{param.units}', whose first unit holds more than the first convolution: give "
        "units that begin with it alone, or set stem: post_act"}},
      ShortcutLimits());
}

}  // namespace zerosweep
