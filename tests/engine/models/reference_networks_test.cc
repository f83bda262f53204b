// The built-in networks against torchvision and pytorchcv: same weights (under the keys by which
// those save them), same image, same logits.
#include <gtest/gtest.h>

#include "tests/support/engine/reference_network.h"

namespace zerosweep {
namespace {

class ReferenceNetworksTest : public testing::TestWithParam<ReferenceNetwork> {};

TEST_P(ReferenceNetworksTest, LogitsAreThoseOfTheReference) { CheckAgainstReference(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Networks, ReferenceNetworksTest,
                         testing::ValuesIn(ReferenceNetworks(ReferenceSize::kSmall)),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace zerosweep
