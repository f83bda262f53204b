// Tensors of an ONNX file. Only engine/import/onnx knows the messages of protobuf.
#pragma once

#include <torch/types.h>

#include <string>

#include "engine/import/onnx/external_data.h"

namespace onnx {
class TensorProto;
}  // namespace onnx

namespace zerosweep {

// The tensor that the message describes, of type float32, float64, float16, bfloat16, int64, int32,
// int16, int8, uint8 or bool. Takes the message's raw bytes out of it. `what` names the tensor in
// errors. Throws kUsage, naming `origin`, for other types, more than 8 dimensions, sizes that do not
// match the shape, NaN, and infinities in tensors of more than one element (an infinite limit of a
// clip is a number).
torch::Tensor TakeOnnxTensor(onnx::TensorProto& tensor, ExternalFiles& files,
                             const std::string& what, const std::string& origin);

}  // namespace zerosweep
