// Fake quantization on a GPU.
#pragma once

#include <torch/types.h>

namespace zerosweep {

// y = fake-quantized x; both float32, dense, on one CUDA device; y may be x. On the current stream,
// each operation rounded separately, as on the CPU (engine/kernels/fake_quantizer.h).
void FakeQuantizeOnGpu(const torch::Tensor& x, torch::Tensor& y, float inverse_scale, float offset,
                       float low, float high);

// Its launch (fake_quantizer.cu). x, y: device pointers to `count` floats. Throws
// std::runtime_error with CUDA's message.
void LaunchFakeQuantize(const float* x, float* y, int64_t count, float inverse_scale, float offset,
                        float low, float high, void* stream);

}  // namespace zerosweep
