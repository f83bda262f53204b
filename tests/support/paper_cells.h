// The cells of the papers' sweeps: every distinct (method, network, protocol) of sweeps/papers,
// apart from budgets and widths, and a sweep that takes one of them through one step on two images.
// Needs the room sweeps and the compiled catalogue.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "sweeps/plan/plan.h"
#include "tests/support/paper_stand_ins.h"

namespace zerosweep {

struct PaperCell {
  std::vector<std::string> papers;
  std::string method, network, dataset, protocol;
  std::string settings;  // distinguishes it from cells that agree in all of these
  std::string bits;
  Json resolved;  // the configuration of its narrowest width
};

// The first columns of its row in docs/paper_cells.md.
inline std::string FirstColumns(const PaperCell& cell) {
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} |", Join(cell.papers, ", "), cell.method,
                     cell.settings, cell.network, cell.dataset, cell.protocol, cell.bits);
}

// The smallest budgets, by the names that methods and kinds declare. A batch holds both images.
inline const std::map<std::string, Json>& SmallestBudgets() {
  static const std::map<std::string, Json> kBudgets = {
      {"act_init_images", 2},  {"act_iterations", 1},
      {"any_class", 1},        {"batch", 2},
      {"calibration", 1},      {"centroid_images", 1},
      {"centroids_from", 1},   {"class_batch", 2},
      {"correction_batch", 2}, {"correction_iterations", 1},
      {"generator_batch", 2},  {"images", 2},
      {"iterations", 1},       {"slack_images", 2}};
  return kBudgets;
}
// The smallest budgets of methods that make their own images, where the same names have another
// meaning. ClusterQ compares with a centroid from two steps on.
inline const std::map<std::string, Json>& SmallestJointBudgets() {
  static const std::map<std::string, Json> kBudgets = {
      {"epoch", 1}, {"heldout", 2}, {"warm_up", 2}};
  return kBudgets;
}

class PaperCells {
 public:
  // The cells of all papers; those of one network are adjacent.
  static std::vector<PaperCell> All(const Catalogue& catalogue) {
    const CommandLine line;
    WritePaperStandIns(line / "data");
    std::map<std::string, PaperCell> cells;
    for (const std::string& paper : PaperNames()) Collect(paper, line, catalogue, cells);
    std::vector<PaperCell> all;
    for (auto& [key, cell] : cells) all.push_back(std::move(cell));
    std::stable_sort(all.begin(), all.end(),
                     [](const PaperCell& a, const PaperCell& b) { return NameOf(a) < NameOf(b); });
    MarkDifferences(all);
    return all;
  }

  // The text of a sweep of this single trial, with weights.safetensors of the data folder.
  static std::string SweepOf(const PaperCell& cell) {
    const Json& resolved = cell.resolved;
    const bool joint = !resolved.contains("synthesizer");
    Json method = {{"recipe", resolved.at("method")}};
    method["quantize"] = Smallest(resolved.at("quantizer").at("params"), joint);
    if (resolved.contains("correct"))
      method["quantize"].update(Smallest(resolved["correct"], joint));
    if (!joint) method["synthesize"] = Smallest(resolved.at("synthesizer").at("params"), joint);
    const Json& model = resolved.at("model");
    const Json fixed = {
        {"model",
         {{"file", "weights.safetensors"},
          {"arch", model.at("arch")},
          {"dataset", cell.dataset},
          {"normalisation", {{"mean", model.at("mean")}, {"std", model.at("std")}}}}},
        {"method", method},
        {"bits", resolved.at("bits")},
        {"protocol", resolved.at("protocol")},
        {"variant", resolved.at("variant")},
        {"profile", resolved.at("profile")},
        {"evaluate", {{"limit", 2}}}};
    return Json{{"name", "cell"}, {"fixed", fixed}}.dump(1);
  }

 private:
  static std::string NameOf(const PaperCell& cell) {
    return fmt::format("{} {} {} {}", cell.dataset, cell.network, cell.method, cell.protocol);
  }

  static Json WithoutBudgets(Json params, bool joint) {
    for (const auto& [name, value] : SmallestBudgets()) params.erase(name);
    for (const auto& [name, value] : SmallestJointBudgets())
      if (joint) params.erase(name);
    return params;
  }
  static Json Smallest(Json params, bool joint) {
    for (const auto& [name, value] : SmallestBudgets())
      if (params.contains(name)) params[name] = value;
    for (const auto& [name, value] : SmallestJointBudgets())
      if (joint && params.contains(name)) params[name] = value;
    return params;
  }

  // All parameters of all stages except budgets.
  static Json SettingsOf(const Json& resolved) {
    const bool joint = !resolved.contains("synthesizer");
    Json settings = WithoutBudgets(resolved.at("quantizer").at("params"), joint);
    if (!joint) settings.update(WithoutBudgets(resolved.at("synthesizer").at("params"), joint));
    for (const char* kind : {"correct", "sensitivity"})
      if (resolved.contains(kind)) settings.update(WithoutBudgets(resolved[kind], joint));
    return settings;
  }

  static void Collect(const std::string& paper, const CommandLine& line, const Catalogue& catalogue,
                      std::map<std::string, PaperCell>& cells) {
    ExpandOptions options;
    options.file = PaperFolder() / (paper + ".yaml");
    options.overrides = {"seeds=[0]"};
    options.data = line / "data";
    options.home.folder = line.home();
    const Plan plan = ExpandSweep(options, catalogue);
    for (const TrialRow& trial : plan.trials) {
      const Configuration& c = *trial.configuration;
      const Json& resolved = c.resolved;
      const Json key = {c.method,
                        SettingsOf(resolved),
                        resolved.at("protocol"),
                        c.variant,
                        c.dataset,
                        resolved.at("model").at("arch"),
                        resolved.contains("sensitivity")};
      PaperCell& cell = cells[CanonicalJson(key)];
      if (cell.papers.empty() || cell.papers.back() != paper) cell.papers.push_back(paper);
      if (!cell.resolved.is_null() && WidthOf(cell.resolved) <= WidthOf(resolved)) continue;
      cell.method = c.method;
      cell.network = resolved.at("model").at("arch");
      cell.dataset = c.dataset;
      cell.protocol = c.protocol;
      cell.bits = c.bits;
      cell.resolved = resolved;
    }
  }

  // The sum of the widths of weights and activations; a budget of mixed precision counts as 0.
  static int64_t WidthOf(const Json& resolved) {
    const Json& bits = resolved.at("bits");
    const Json& w = bits.at("w");
    return bits.at("a").get<int64_t>() + (w.is_number() ? w.get<int64_t>() : 0);
  }

  static std::string TextOf(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  }

  // Adds to cells of the same name the settings in which they differ.
  static void MarkDifferences(std::vector<PaperCell>& cells) {
    std::map<std::string, std::map<std::string, std::set<std::string>>> values;
    std::vector<Json> settings;
    for (const PaperCell& cell : cells) {
      settings.push_back(SettingsOf(cell.resolved));
      for (const auto& [name, value] : settings.back().items())
        values[NameOf(cell)][name].insert(TextOf(value));
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      std::vector<std::string> shown;
      for (const auto& [name, value] : settings[i].items())
        if (values[NameOf(cells[i])][name].size() > 1) shown.push_back(name + " " + TextOf(value));
      cells[i].settings = Join(shown, ", ");
    }
  }
};

}  // namespace zerosweep
