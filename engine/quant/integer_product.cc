#include "engine/quant/integer_product.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

// Calls an operator of ATen that has no function in C++.
template <typename... Args>
torch::Tensor CallOverload(const char* name, const char* overload, Args&&... args) {
  torch::jit::Stack stack{c10::IValue(std::forward<Args>(args))...};
  c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).callBoxed(stack);
  return stack.at(0).toTensor();
}
template <typename... Args>
torch::Tensor Call(const char* name, Args&&... args) {
  return CallOverload(name, "", std::forward<Args>(args)...);
}

c10::IValue OrNone(const torch::Tensor& tensor) {
  return tensor.defined() ? c10::IValue(tensor) : c10::IValue();
}

// No operation behind the product.
const std::string kNone = "none";
c10::List<std::optional<at::Scalar>> NoNumbers() { return c10::List<std::optional<at::Scalar>>(); }

}  // namespace

IntegerProduct::IntegerProduct(Unchecked, const Node& node, const torch::Tensor& weight,
                               const CodeScale& input, const torch::Tensor& scale,
                               const torch::Tensor& bias)
    : convolution_(node.op == Op::kConv2d),
      stride_(Pair(node, "stride", 1)),
      padding_(Pair(node, "padding", 0)),
      dilation_(Pair(node, "dilation", 1)),
      groups_(node.attributes.value("groups", int64_t{1})),
      input_(input),
      scale_(scale.contiguous()),
      zero_points_(torch::zeros(scale.sizes(), torch::kInt32)),
      bias_(bias) {
  const torch::Tensor dense = weight.contiguous();
  weight_ = convolution_ ? Call("onednn::qconv_prepack", dense, scale_, input_.step, input_.zero,
                                stride_, padding_, dilation_, groups_, c10::IValue())
                         : Call("onednn::qlinear_prepack", dense, c10::IValue());
}

IntegerProduct::IntegerProduct(const Node& node, const torch::Tensor& weight,
                               const CodeScale& input, const torch::Tensor& scale,
                               const torch::Tensor& bias)
    : IntegerProduct(Unchecked(), node, weight, input, scale, bias) {
  if (!Exact())
    Fail(ErrorKind::kUsage,
         "integer evaluation: this CPU adds products of 8-bit numbers in 16 bits (it has no VNNI), "
         "where sums saturate: evaluate with integer: false");
}

torch::Tensor IntegerProduct::Of(const torch::Tensor& codes) const {
  constexpr double kScale = 1;  // of the output, which is float32
  constexpr int64_t kZero = 0;
  if (!convolution_)
    return Call("onednn::qlinear_pointwise", codes, input_.step, input_.zero, weight_, scale_,
                zero_points_, OrNone(bias_), kScale, kZero, torch::kFloat32, kNone, NoNumbers(),
                std::string());
  return Call("onednn::qconv_pointwise", codes, input_.step, input_.zero, weight_, scale_,
              zero_points_, OrNone(bias_), stride_, padding_, dilation_, groups_, kScale, kZero,
              torch::kFloat32, kNone, NoNumbers(), std::string());
}

torch::Tensor IntegerProduct::CodesOf(const torch::Tensor& codes, const CodeScale& output,
                                      double low, double high) const {
  c10::List<std::optional<at::Scalar>> bounds = NoNumbers();
  bounds.push_back(low);
  bounds.push_back(high);
  return Call("onednn::qconv_pointwise", codes, input_.step, input_.zero, weight_, scale_,
              zero_points_, OrNone(bias_), stride_, padding_, dilation_, groups_, output.step,
              output.zero, torch::kUInt8, std::string("hardtanh"), bounds, std::string());
}

torch::Tensor IntegerProduct::CodesOfSum(const torch::Tensor& codes, const torch::Tensor& added,
                                         const CodeScale& of_added, const CodeScale& output,
                                         bool positive) const {
  return CallOverload("onednn::qconv2d_pointwise", "binary", codes, input_.step, input_.zero,
                      weight_, scale_, zero_points_, added, OrNone(bias_), stride_, padding_,
                      dilation_, groups_, output.step, output.zero, torch::kUInt8, of_added.step,
                      of_added.zero, std::string("sum"), at::Scalar(1.0),
                      positive ? std::string("relu") : kNone, NoNumbers(), std::string());
}

// Whether a product of nothing but the largest numbers has the right sums.
bool IntegerProduct::ExactOn(const Node& node, at::IntArrayRef weight, at::IntArrayRef codes) {
  constexpr int kCode = 255, kWeight = 127;
  const torch::Tensor sums =
      IntegerProduct(Unchecked(), node, torch::full(weight, kWeight, torch::kInt8), {},
                     torch::ones(weight[0]), {})
          .Of(torch::full(codes, kCode, torch::kUInt8));
  const int64_t terms = c10::multiply_integers(weight.slice(1));
  return (sums == static_cast<double>(kCode * kWeight * terms)).all().item<bool>();
}

bool IntegerProduct::Exact() {
  static const bool exact = AllExact();
  return exact;
}

bool IntegerProduct::AllExact() {
  const Node convolution{.name = "", .op = Op::kConv2d}, linear{.name = "", .op = Op::kLinear};
  const Node depthwise{.name = "", .op = Op::kConv2d, .attributes = {{"groups", 64}}};
  return ExactOn(convolution, {64, 64, 3, 3}, {1, 64, 4, 4}) &&
         ExactOn(depthwise, {64, 1, 3, 3}, {1, 64, 4, 4}) && ExactOn(linear, {64, 64}, {4, 64});
}

}  // namespace zerosweep
