#include "storage/results/configuration.h"

namespace zerosweep {
namespace {

void MoveSeeds(const Json::json_pointer& at, Json& value, Json& seeds) {
  if (!value.is_object()) return;  // list elements have no stable place to return to
  for (auto member = value.begin(); member != value.end();) {
    if (member.key() == "seed" || member.key() == "seeds") {
      seeds[(at / member.key()).to_string()] = *member;
      member = value.erase(member);
    } else {
      MoveSeeds(at / member.key(), *member, seeds);
      ++member;
    }
  }
}

}  // namespace

SplitConfig SplitConfiguration(const Json& config) {
  SplitConfig split{config};
  MoveSeeds(Json::json_pointer(), split.shared, split.own);
  for (const char* key : {"threads", "profile"}) {
    const auto member = split.shared.find(key);
    if (member == split.shared.end()) continue;
    split.own["/" + std::string(key)] = *member;
    split.shared.erase(member);
  }
  return split;
}

std::string ConfigurationDigest(const Json& shared, const Configuration& c) {
  return JsonDigest(Json::array({shared, c.dataset, c.model, c.method, c.synthesizer, c.quantizer,
                                 c.w_bits, c.a_bits, c.protocol, c.variant}));
}

Json JoinConfiguration(const SplitConfig& split) {
  Json config = split.shared;
  for (const auto& [pointer, value] : split.own.items()) {
    config[Json::json_pointer(pointer)] = value;
  }
  return config;
}

}  // namespace zerosweep
