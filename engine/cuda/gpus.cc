#include "engine/cuda/gpus.h"

#include <cuda_runtime_api.h>
#include <torch/types.h>

#include <exception>

namespace zerosweep {
namespace {

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string GpuName(int index) {
  cudaDeviceProp properties{};
  const bool known = cudaGetDeviceProperties(&properties, index) == cudaSuccess;
  cudaGetLastError();  // otherwise the next call would report it again
  return known ? properties.name : "unknown";
}

std::string GpuProblem(int index) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (error != cudaSuccess) return cudaGetErrorString(error);
  if (index >= count) return "CUDA shows " + std::to_string(count) + " GPUs";
  try {
    // Runs a kernel: a card that is too old for our kernels can still allocate memory.
    const torch::Device device(torch::kCUDA, static_cast<c10::DeviceIndex>(index));
    const torch::Tensor numbers = torch::arange(5, torch::TensorOptions(device));
    const auto sum = numbers.sum().item<int64_t>();
    return sum == 10 ? "" : "it adds 0 to 4 up to " + std::to_string(sum);
  } catch (const c10::Error& failure) {
    return FirstLine(failure.what_without_backtrace());
  } catch (const std::exception& failure) {
    return FirstLine(failure.what());
  }
}

Json DescribeGpus() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (error != cudaSuccess)
    return {{"problem", cudaGetErrorString(error)}, {"gpus", Json::array()}};
  Json gpus = Json::array();
  for (int i = 0; i < count; ++i)
    gpus.push_back({{"name", GpuName(i)}, {"problem", GpuProblem(i)}});
  return {{"problem", count == 0 ? "no CUDA-capable device is detected" : ""}, {"gpus", gpus}};
}

}  // namespace zerosweep
