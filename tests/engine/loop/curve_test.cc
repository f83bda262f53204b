#include "engine/loop/curve.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(CurveTest, ShortCurvesKeepEveryValue) {
  Curve curve;
  for (const double value : {3.0, 1.0, 2.0}) curve.Add(value);
  const Json json = curve.ToJson();
  EXPECT_EQ(json.at("x"), Json({0.0, 1.0, 2.0}));
  EXPECT_EQ(json.at("y"), Json({3.0, 1.0, 2.0}));
  EXPECT_EQ(json.at("min"), json.at("max"));
  EXPECT_EQ(curve.first(), 3.0);
  EXPECT_EQ(curve.last(), 2.0);
}

TEST(CurveTest, LongCurvesMergeBinsAndLoseNoExtreme) {
  Curve curve;
  for (int i = 0; i < 5000; ++i) curve.Add(i == 1234 ? -7 : i);
  const Json json = curve.ToJson();
  EXPECT_EQ(curve.count(), 5000);
  EXPECT_LE(json.at("x").size(), Curve::kMaxBins);
  EXPECT_GT(json.at("x").size(), Curve::kMaxBins / 2);
  EXPECT_EQ(*std::min_element(json.at("min").begin(), json.at("min").end()), -7.0);
  EXPECT_EQ(json.at("max").back(), 4999.0);
  for (size_t i = 1; i < json.at("x").size(); ++i) {
    if (json["min"][i] < 0) continue;  // the bin with the dip
    EXPECT_DOUBLE_EQ(json["x"][i].get<double>(), json["y"][i].get<double>()) << i;
  }
}

TEST(CurveTest, GoesOnFromItsState) {
  Curves straight, cut;
  for (int i = 0; i < 1500; ++i) straight["loss"].Add(i % 37);
  for (int i = 0; i < 777; ++i) cut["loss"].Add(i % 37);
  Curves resumed = CurvesFromState(Json::parse(CurvesState(cut).dump()));
  for (int i = 777; i < 1500; ++i) resumed["loss"].Add(i % 37);
  EXPECT_EQ(CurvesToJson(resumed), CurvesToJson(straight));
  EXPECT_EQ(resumed["loss"].first(), 0.0);
}

}  // namespace
}  // namespace zerosweep
