// Reads damaged files of torch.export for a while, in a build with sanitizers: `make fuzz`.
#include "tests/fuzz/fuzz_loop.h"
#include "tests/support/engine/import/pt2_mutations.h"

int main(int argc, char** argv) {
  return zerosweep::FuzzFor({.name = "pt2_fuzz",
                             .reads = "mutations of tests/golden/pt2",
                             .result = "networks",
                             .files = zerosweep::GoldenPt2Files(),
                             .mutate = zerosweep::MutatedPt2,
                             .read = zerosweep::Pt2ReadsOrRefuses},
                            argc, argv);
}
