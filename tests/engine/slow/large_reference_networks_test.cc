// The large built-in networks against torchvision and pytorchcv
// (tests/engine/models/reference_networks_test.cc has the others).
#include <gtest/gtest.h>

#include "tests/support/engine/reference_network.h"

namespace zerosweep {
namespace {

class LargeReferenceNetworksTest : public testing::TestWithParam<ReferenceNetwork> {};

TEST_P(LargeReferenceNetworksTest, LogitsAreThoseOfTheReference) {
  CheckAgainstReference(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Networks, LargeReferenceNetworksTest,
                         testing::ValuesIn(ReferenceNetworks(ReferenceSize::kLarge)),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace zerosweep
