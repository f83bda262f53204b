#include "engine/stages/accuracy.h"

#include <gtest/gtest.h>

#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/error_message.h"

namespace zerosweep {
namespace {

// A network that is fine fails with another one: the message names the one and the images.
TEST(AccuracyTest, NamesTheNetworkAndTheImagesThatAreNotFinite) {
  const Dataset data = {.name = "zeros",
                        .split = "test",
                        .images = ImagesInMemory(torch::zeros({250, 3, 8, 8}, torch::kUInt8)),
                        .labels = torch::zeros({250}, torch::kInt64),
                        .classes = 4};
  const Forward fine = [](const torch::Tensor& x) { return torch::zeros({x.size(0), 4}); };
  int64_t seen = 0;
  const Forward explodes = [&](const torch::Tensor& x) {
    seen += x.size(0);
    return torch::full({x.size(0), 4}, seen > 200 ? NAN : 0.0F);
  };
  QuietProgress quiet;
  Teacher teacher = TinyTeacher();
  teacher.mean = teacher.std = {1, 1, 1};
  EXPECT_EQ(ErrorMessage(ErrorKind::kTrial,
                         [&] {
                           MeasureAccuracies({fine, explodes}, data, teacher, 0, quiet);
                         }),
            "the logits of an image between 200 and 250 are not finite (network 2 of 2)");
}

}  // namespace
}  // namespace zerosweep
