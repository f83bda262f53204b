#include "engine/catalogue/protocol_fields.h"

namespace zerosweep {
namespace {

constexpr int kNoBits = 32;  // full precision

ProtocolField Choice(const char* name, const char* fallback, std::vector<std::string> choices,
                     const char* meaning) {
  return {{.name = name,
           .type = ParamType::kChoice,
           .default_value = fallback,
           .meaning = meaning,
           .choices = std::move(choices)},
          {"quantize"}};
}

ProtocolField Bits(const char* name, const char* meaning) {
  return {{.name = name, .type = ParamType::kBits, .default_value = "same", .meaning = meaning},
          {"quantize"}};
}

// A tensor that papers leave in full precision.
ProtocolField OptionalBits(const char* name, const char* meaning) {
  return {{.name = name,
           .type = ParamType::kBits,
           .default_value = kNoBits,
           .meaning = meaning,
           .neutral = kNoBits},
          {"quantize"}};
}

ProtocolField Pixels(const char* name, const char* meaning) {
  return {{.name = name,
           .type = ParamType::kInt,
           .default_value = 0,
           .meaning = meaning,
           .unit = "pixels",
           .min = 0,
           .neutral = 0},
          {"teacher", "synthesize", "evaluate"}};
}

std::vector<ProtocolField> Fields() {
  return {
      Choice(
          "act_placement", "relu", {"relu", "op_output", "op_input"},
          "where activation quantizers sit: behind every activation, behind every op, or in front "
          "of every op"),
      Bits("first_w", "weight bits of the first op"),
      Bits("stem_out_a", "bits of the tensor that the first op makes"),
      Bits("last_w", "weight bits of the last op"),
      Bits("last_in_a", "bits of the tensor that the last op reads"),
      Choice(
          "shortcut", "shared", {"shared", "own", "option_a_fp", "fp"},
          "shortcuts read the quantized tensor, or quantize it for themselves; option-A ones, or "
          "all, read the full-precision one"),
      Choice("w_grid", "asymmetric_per_channel",
             {"asymmetric_per_channel", "symmetric_per_channel"},
             "grid of the weights; symmetric: zero point 0, codes ±(2^(k−1) − 1)"),
      Choice("act_grid", "asymmetric_per_tensor",
             {"asymmetric_per_tensor", "asymmetric_with_zero_per_tensor", "symmetric_per_tensor"},
             "grid of the activations; with zero: every range contains 0, as runtimes need it; "
             "symmetric: zero point 0, unsigned where nothing is negative"),
      Choice("act_init", "quantized_path", {"quantized_path", "fp"},
             "activation ranges are read on the path of already quantized tensors, or in the "
             "full-precision network"),
      Choice("bn", "kept", {"kept", "folded"},
             "batch norms stay in full precision, or are folded into the weights first"),
      Choice("select", "last", {"last"}, "which state of a trained network counts"),
      OptionalBits(
          "branch_a",
          "bits of the tensor that an op or an addition hands to an addition alone; 32: none"),
      OptionalBits("pooled_a", "bits of what average pools and concatenations make; 32: none"),
      {{.name = "exclude",
        .type = ParamType::kString,
        .default_value = "",
        .meaning = "regular expression (grep -E) of names: these convolutions and linear layers "
                   "keep their "
                   "weights, and what only they read, in full precision; empty: none",
        .neutral = ""},
       {"quantize"}},
      Pixels("eval_resize",
             "shorter side of images in folders after resizing; 0: the crop / 0.875, rounded up"),
      Pixels("eval_crop", "side of the centre crop; 0: the input size of the network"),
  };
}

// `brecq_released`: in networks that end in a residual sum, the released code assigns its 8 bits to
// a quantizer that is switched off (quant_model.py:60, quant_block.py:46), so the last op reads a
// tensor of n bits. `aquant`: the protocol under which borders act on every tensor that weights
// read. `deploy`: what onnxruntime runs as integers (docs/protocol.md).
std::map<std::string, Json> Presets() {
  return {
      {"zeroq", Json::object()},
      {"genie",
       {{"act_placement", "op_input"},
        {"first_w", 8},
        {"stem_out_a", 8},
        {"last_w", 8},
        {"last_in_a", 8},
        {"shortcut", "option_a_fp"},
        {"act_grid", "symmetric_per_tensor"}}},
      {"brecq",
       {{"act_placement", "op_output"},
        {"first_w", 8},
        {"stem_out_a", 8},
        {"last_w", 8},
        {"last_in_a", 8},
        {"bn", "folded"}}},
      {"brecq_released",
       {{"act_placement", "op_output"},
        {"first_w", 8},
        {"stem_out_a", 8},
        {"last_w", 8},
        {"bn", "folded"}}},
      {"aquant",
       {{"act_placement", "op_input"},
        {"first_w", 8},
        {"last_w", 8},
        {"last_in_a", 8},
        {"bn", "folded"}}},
      {"qdrop",
       {{"act_placement", "op_output"},
        {"first_w", 8},
        {"last_w", 8},
        {"last_in_a", 8},
        {"act_init", "fp"},
        {"bn", "folded"}}},
      {"deploy",
       {{"act_placement", "op_output"},
        {"first_w", 8},
        {"last_w", 8},
        {"last_in_a", 8},
        {"branch_a", 8},
        {"pooled_a", 8},
        {"w_grid", "symmetric_per_channel"},
        {"act_grid", "asymmetric_with_zero_per_tensor"},
        {"bn", "folded"}}},
      {"pd_quant",
       {{"act_placement", "op_output"},
        {"first_w", 8},
        {"last_w", 8},
        {"last_in_a", 8},
        {"bn", "folded"}}},
  };
}

}  // namespace

const ProtocolFields& Protocols() {
  static const ProtocolFields kProtocols = {Fields(), Presets()};
  return kProtocols;
}

}  // namespace zerosweep
