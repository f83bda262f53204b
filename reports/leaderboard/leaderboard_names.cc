// The names of leaderboard rows.
#include "base/text.h"
#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

std::string BitsName(const std::string& bits) {
  const size_t activations = bits.rfind('a');
  if (activations == std::string::npos || activations == 0) return bits;
  std::string weights = bits.substr(1, activations - 1);
  if (weights.starts_with("mp")) weights.replace(0, 2, "MP");
  return fmt::format("W{}A{}", weights, bits.substr(activations + 1));
}

std::string VariantName(const LeaderboardRow& row) {
  const bool plain = row.variant.empty() || row.variant == "code";
  return plain ? row.method : fmt::format("{} ({})", row.method, row.variant);
}

std::string MethodName(const LeaderboardRow& row) {
  std::vector<std::string> apart;
  for (const Setting& setting : row.settings)
    if (setting.tells_apart) apart.push_back(Assignment(setting));
  return apart.empty() ? VariantName(row)
                       : fmt::format("{} [{}]", VariantName(row), Join(apart, " "));
}

Json SettingsAsJson(const LeaderboardRow& row) {
  Json settings = Json::array();
  for (const Setting& setting : row.settings)
    if (!setting.IsPapers()) settings.push_back(Assignment(setting));
  return settings;
}

}  // namespace zerosweep
