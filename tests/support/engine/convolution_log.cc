#include "tests/support/engine/convolution_log.h"

#include <ATen/record_function.h>

#include <array>
#include <chrono>
#include <utility>

namespace zerosweep {
namespace {

using Shape = std::pair<std::vector<int64_t>, std::vector<int64_t>>;  // sizes, strides

// A convolution, or its gradients if `mask` is given.
struct Call {
  Shape x, weight, gradient;
  at::ScalarType type = torch::kFloat32;
  bool bias = false;
  std::vector<int64_t> stride, padding, dilation, output_padding;
  bool transposed = false;
  int64_t groups = 1;
  std::vector<bool> mask;  // of x, weight and bias
  auto operator<=>(const Call&) const = default;
};

Shape ShapeOf(const c10::IValue& value) {
  const torch::Tensor tensor = value.toTensor();
  return {tensor.sizes().vec(), tensor.strides().vec()};
}

// Arguments of aten::convolution from `first` on.
void ReadSettings(const at::ArrayRef<const c10::IValue>& inputs, size_t first, Call& call) {
  call.stride = inputs[first].toIntVector();
  call.padding = inputs[first + 1].toIntVector();
  call.dilation = inputs[first + 2].toIntVector();
  call.transposed = inputs[first + 3].toBool();
  call.output_padding = inputs[first + 4].toIntVector();
  call.groups = inputs[first + 5].toInt();
}

struct Log {
  std::map<Call, size_t> known;
  std::vector<Call> calls;
  std::vector<size_t> taken;
};
thread_local Log* current = nullptr;

std::unique_ptr<at::ObserverContext> Record(const at::RecordFunction& function) {
  const std::string name = function.name();
  const bool backward = name == "aten::convolution_backward";
  if (current == nullptr || (!backward && name != "aten::convolution")) return nullptr;
  const auto inputs = function.inputs();
  Call call;
  if (backward) {
    call.gradient = ShapeOf(inputs[0]);
    call.type = inputs[0].toTensor().scalar_type();
    call.x = ShapeOf(inputs[1]);
    call.weight = ShapeOf(inputs[2]);
    ReadSettings(inputs, 4, call);
    for (const bool wanted : inputs[10].toBoolList()) call.mask.push_back(wanted);
  } else {
    call.type = inputs[0].toTensor().scalar_type();
    call.x = ShapeOf(inputs[0]);
    call.weight = ShapeOf(inputs[1]);
    call.bias = inputs[2].isTensor() && inputs[2].toTensor().defined();
    ReadSettings(inputs, 3, call);
  }
  const auto [found, is_new] = current->known.emplace(call, current->calls.size());
  if (is_new) current->calls.push_back(call);
  current->taken.push_back(found->second);
  return nullptr;
}

torch::Tensor Random(const Shape& shape, at::ScalarType type) {
  return torch::empty_strided(shape.first, shape.second).normal_().to(type);
}

}  // namespace

struct ConvolutionLog::Impl {
  struct Operands {
    torch::Tensor x, weight, gradient, bias;
  };
  Log log;
  at::CallbackHandle handle = 0;
  std::map<size_t, Operands> operands;  // by call
};

ConvolutionLog::ConvolutionLog() : impl_(std::make_unique<Impl>()) {
  current = &impl_->log;
  impl_->handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(Record).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

ConvolutionLog::~ConvolutionLog() {
  at::removeCallback(impl_->handle);
  current = nullptr;
}

ConvolutionLog::Calls ConvolutionLog::Take() { return std::exchange(impl_->log.taken, {}); }

double ConvolutionLog::Replay(const Calls& calls) {
  const torch::NoGradGuard no_grad;
  const at::DisableRecordFunctionGuard silent;
  for (const size_t i : calls) {
    Impl::Operands& own = impl_->operands[i];
    if (own.x.defined()) continue;
    const Call& call = impl_->log.calls[i];
    own.x = Random(call.x, call.type);
    own.weight = Random(call.weight, call.type);
    if (!call.mask.empty()) own.gradient = Random(call.gradient, call.type);
    if (call.bias) own.bias = torch::randn({call.weight.first[0]}, call.type);
  }
  const auto start = std::chrono::steady_clock::now();
  for (const size_t i : calls) {
    const Call& call = impl_->log.calls[i];
    const Impl::Operands& own = impl_->operands.at(i);
    if (call.mask.empty()) {
      at::convolution(own.x, own.weight, own.bias, call.stride, call.padding, call.dilation,
                      call.transposed, call.output_padding, call.groups);
    } else {
      const std::vector<int64_t> bias = {call.weight.first[0]};
      at::convolution_backward(own.gradient, own.x, own.weight, at::OptionalIntArrayRef(bias),
                               call.stride, call.padding, call.dilation, call.transposed,
                               call.output_padding, call.groups,
                               {call.mask[0], call.mask[1], call.mask[2]});
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace zerosweep
