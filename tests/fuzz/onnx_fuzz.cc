// Reads damaged ONNX files for a while, in a build with sanitizers: `make fuzz`.
#include "tests/fuzz/fuzz_loop.h"
#include "tests/support/engine/import/onnx_mutations.h"

int main(int argc, char** argv) {
  return zerosweep::FuzzFor({.name = "onnx_fuzz",
                             .reads = "mutations of tests/golden/onnx",
                             .result = "networks",
                             .files = zerosweep::GoldenOnnx(),
                             .mutate = zerosweep::MutatedOnnx,
                             .read = zerosweep::ReadsOrRefusesOnnx},
                            argc, argv);
}
