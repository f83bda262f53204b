// How operators without a weight are computed. Each takes the inputs of its node and may overwrite
// those that are Unshared. All are differentiable once in their inputs.
#pragma once

#include <torch/types.h>

#include <vector>

namespace zerosweep {

struct Node;

namespace kernels {

using Tensors = std::vector<torch::Tensor>;

torch::Tensor Relu(const Node& node, Tensors& inputs);
torch::Tensor Relu6(const Node& node, Tensors& inputs);
torch::Tensor LeakyRelu(const Node& node, Tensors& inputs);
torch::Tensor PRelu(const Node& node, Tensors& inputs);
torch::Tensor Elu(const Node& node, Tensors& inputs);
torch::Tensor Clip(const Node& node, Tensors& inputs);
torch::Tensor Sigmoid(const Node& node, Tensors& inputs);
torch::Tensor HardSigmoid(const Node& node, Tensors& inputs);
torch::Tensor Silu(const Node& node, Tensors& inputs);
torch::Tensor HardSwish(const Node& node, Tensors& inputs);
torch::Tensor Mish(const Node& node, Tensors& inputs);
torch::Tensor Gelu(const Node& node, Tensors& inputs);
torch::Tensor Tanh(const Node& node, Tensors& inputs);
torch::Tensor Softplus(const Node& node, Tensors& inputs);
torch::Tensor Erf(const Node& node, Tensors& inputs);
torch::Tensor Add(const Node& node, Tensors& inputs);
torch::Tensor BroadcastAdd(const Node& node, Tensors& inputs);
torch::Tensor Sub(const Node& node, Tensors& inputs);
torch::Tensor Mul(const Node& node, Tensors& inputs);
torch::Tensor Div(const Node& node, Tensors& inputs);
torch::Tensor Offset(const Node& node, Tensors& inputs);
torch::Tensor Scale(const Node& node, Tensors& inputs);
torch::Tensor MatMul(const Node& node, Tensors& inputs);
torch::Tensor Neg(const Node& node, Tensors& inputs);
torch::Tensor Abs(const Node& node, Tensors& inputs);
torch::Tensor Exp(const Node& node, Tensors& inputs);
torch::Tensor Sqrt(const Node& node, Tensors& inputs);
torch::Tensor Pow(const Node& node, Tensors& inputs);
torch::Tensor Concat(const Node& node, Tensors& inputs);
torch::Tensor Slice(const Node& node, Tensors& inputs);
torch::Tensor ShuffleChannels(const Node& node, Tensors& inputs);
torch::Tensor Flatten(const Node& node, Tensors& inputs);
torch::Tensor Reshape(const Node& node, Tensors& inputs);
torch::Tensor Permute(const Node& node, Tensors& inputs);
torch::Tensor PixelShuffle(const Node& node, Tensors& inputs);
torch::Tensor PixelUnshuffle(const Node& node, Tensors& inputs);
torch::Tensor UpsampleNearest(const Node& node, Tensors& inputs);
torch::Tensor UpsampleLinear(const Node& node, Tensors& inputs);
torch::Tensor Pad(const Node& node, Tensors& inputs);
torch::Tensor InsertZeros(const Node& node, Tensors& inputs);
torch::Tensor ShortcutA(const Node& node, Tensors& inputs);
torch::Tensor MaxPool(const Node& node, Tensors& inputs);
torch::Tensor AvgPool(const Node& node, Tensors& inputs);
torch::Tensor GlobalAvgPool(const Node& node, Tensors& inputs);
torch::Tensor AdaptiveAvgPool(const Node& node, Tensors& inputs);
torch::Tensor Mean(const Node& node, Tensors& inputs);
torch::Tensor Sum(const Node& node, Tensors& inputs);
torch::Tensor Max(const Node& node, Tensors& inputs);
torch::Tensor Softmax(const Node& node, Tensors& inputs);
torch::Tensor LogSoftmax(const Node& node, Tensors& inputs);
torch::Tensor LayerNorm(const Node& node, Tensors& inputs);

}  // namespace kernels
}  // namespace zerosweep
