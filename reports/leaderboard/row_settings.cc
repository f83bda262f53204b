#include "reports/leaderboard/row_settings.h"

#include <map>
#include <tuple>

namespace zerosweep {
namespace {

// Resolves what a paper has once for all rows of one method, variant and parts.
class PapersOfRows {
 public:
  explicit PapersOfRows(const PaperSettings& papers) : papers_(papers) {}

  const Json& Of(const RowAndMethod& of) {
    const auto& [row, method] = of;
    const auto [place, is_new] =
        known_.try_emplace({row->method, row->variant, PartsOf(*method)}, Json());
    if (is_new) place->second = PapersConfiguration(*method, row->method, row->variant, papers_);
    return place->second;
  }

 private:
  // "quantizer gdfq;"
  static std::string PartsOf(const Json& method) {
    std::string parts;
    for (const auto& [part, value] : method.items())
      parts += fmt::format("{} {};", part, value.is_object() ? value.value("name", "") : "");
    return parts;
  }

  const PaperSettings& papers_;
  std::map<std::tuple<std::string, std::string, std::string>, Json> known_;
};

// A recipe has its own protocol, by variant.
void AddProtocol(const PaperSettings& papers, LeaderboardRow& row) {
  const auto recipe = papers.recipes.find(row.method);
  if (recipe == papers.recipes.end()) return;
  const Json& own = recipe->second.at("protocol").at(row.variant.empty() ? "code" : row.variant);
  if (own != row.protocol)
    row.settings.insert(row.settings.begin(),
                        {"/preset", "protocol", row.protocol, own, /*tells_apart=*/false});
}

auto NameOf(const LeaderboardRow& row) {
  return std::tuple(row.dataset, row.model, row.bits, row.method, row.protocol, row.variant);
}

Json ConfigurationOf(const LeaderboardRow& row, const ResultsReader& reader) {
  const Table table =
      reader.Query("SELECT config FROM configuration WHERE id = ?", {row.configuration});
  Json configuration = ParseJson(table.rows.at(0).at(0).get<std::string>(), "a configuration");
  configuration["revision"] = row.revisions;
  return configuration;
}

}  // namespace

void NameSettings(const std::vector<RowAndMethod>& rows, const ResultsReader& reader,
                  const PaperSettings& papers) {
  PapersOfRows papers_of(papers);
  std::map<decltype(NameOf(*rows.front().row)), std::vector<const RowAndMethod*>> by_name;
  for (const RowAndMethod& of : rows) {
    const Json& theirs = papers_of.Of(of);
    of.row->papers_known = !theirs.is_null();
    of.row->settings = NotPapers(*of.method, theirs);
    AddProtocol(papers, *of.row);
    by_name[NameOf(*of.row)].push_back(&of);
  }
  for (const auto& [name, same] : by_name) {
    if (same.size() < 2) continue;
    std::vector<Namesake> namesakes;
    for (const RowAndMethod* of : same)
      namesakes.push_back(
          {ConfigurationOf(*of->row, reader), &papers_of.Of(*of), &of->row->settings});
    MarkDifferences(namesakes);
  }
}

}  // namespace zerosweep
