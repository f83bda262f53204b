#include "engine/loop/curve.h"

#include <algorithm>

namespace zerosweep {

void Curve::Add(double value) {
  if (bins_.empty()) first_ = value;
  last_ = value;
  if (bins_.empty() || bins_.back().count == values_per_bin_) {
    if (bins_.size() == kMaxBins) {
      for (size_t i = 0; i < kMaxBins / 2; ++i) {
        const Bin &a = bins_[2 * i], &b = bins_[2 * i + 1];
        bins_[i] = {std::min(a.min, b.min), a.sum + b.sum, std::max(a.max, b.max),
                    a.count + b.count};
      }
      bins_.resize(kMaxBins / 2);
      values_per_bin_ *= 2;
    }
    bins_.push_back({value, value, value, 1});
    return;
  }
  Bin& bin = bins_.back();
  bin = {std::min(bin.min, value), bin.sum + value, std::max(bin.max, value), bin.count + 1};
}

int64_t Curve::count() const {
  int64_t count = 0;
  for (const Bin& bin : bins_) count += bin.count;
  return count;
}

Json Curve::ToJson() const {
  Json json = {
      {"x", Json::array()}, {"y", Json::array()}, {"min", Json::array()}, {"max", Json::array()}};
  int64_t before = 0;
  for (const Bin& bin : bins_) {
    json["x"].push_back(static_cast<double>(before) + static_cast<double>(bin.count - 1) / 2);
    json["y"].push_back(bin.sum / static_cast<double>(bin.count));
    json["min"].push_back(bin.min);
    json["max"].push_back(bin.max);
    before += bin.count;
  }
  return json;
}

Json Curve::State() const {
  Json bins = Json::array();
  for (const Bin& bin : bins_) bins.push_back({bin.min, bin.sum, bin.max, bin.count});
  return {{"bins", bins}, {"values_per_bin", values_per_bin_}, {"first", first_}, {"last", last_}};
}

Curve Curve::FromState(const Json& state) {
  Curve curve;
  for (const Json& bin : state.at("bins"))
    curve.bins_.push_back({bin.at(0), bin.at(1), bin.at(2), bin.at(3)});
  curve.values_per_bin_ = state.at("values_per_bin");
  curve.first_ = state.at("first");
  curve.last_ = state.at("last");
  return curve;
}

Json CurvesToJson(const Curves& curves) {
  Json json = Json::object();
  for (const auto& [term, curve] : curves) json[term] = curve.ToJson();
  return json;
}

Json CurvesState(const Curves& curves) {
  Json json = Json::object();
  for (const auto& [term, curve] : curves) json[term] = curve.State();
  return json;
}

Curves CurvesFromState(const Json& state) {
  Curves curves;
  for (const auto& [term, curve] : state.items()) curves[term] = Curve::FromState(curve);
  return curves;
}

}  // namespace zerosweep
