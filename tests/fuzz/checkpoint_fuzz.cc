// Reads damaged checkpoints for a while, in a build with sanitizers: `make fuzz`.
#include "tests/fuzz/fuzz_loop.h"
#include "tests/support/engine/checkpoint_mutations.h"

int main(int argc, char** argv) {
  return zerosweep::FuzzFor({.name = "checkpoint_fuzz",
                             .reads = "mutations of tests/golden/checkpoints",
                             .result = "weights",
                             .files = zerosweep::GoldenCheckpoints(),
                             .mutate = zerosweep::Mutated,
                             .read = zerosweep::ReadsOrRefuses},
                            argc, argv);
}
