#include "engine/models/weights.h"

#include <algorithm>
#include <regex>

#include "base/error.h"
#include "base/text.h"
#include "engine/import/weight_fit.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

using State = std::map<std::string, torch::Tensor>;

constexpr size_t kShown = 3;  // names in a list for the user

// "'a', 'b', 'c' and 12 others"
std::string Some(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    shown.push_back("'" + ShownBytes(names[i]) + "'");
  }
  const std::string list = Join(shown, ", ");
  return names.size() > kShown ? fmt::format("{} and {} others", list, names.size() - kShown)
                               : list;
}

// "state_dict" of "state_dict."
std::string KeyOf(const WeightFit& fit) {
  return fit.prefix.empty() ? kTopLevel : fit.prefix.substr(0, fit.prefix.size() - 1);
}

bool SameWeights(const WeightFit& a, const WeightFit& b, const State& file) {
  return std::all_of(a.names.begin(), a.names.end(), [&](const auto& entry) {
    const auto other = b.names.find(entry.first);
    return other != b.names.end() && torch::equal(file.at(entry.second), file.at(other->second));
  });
}

// The built-in architectures, for images of this shape, that the file fits with some number of
// classes.
std::vector<std::string> ArchitecturesThatFit(const State& file, const std::string& key,
                                              const std::vector<int64_t>& shape) {
  std::vector<std::string> fitting;
  for (const std::string& arch : ModelNames()) {
    try {
      const Graph graph = BuildModel(arch, shape.at(0), shape.at(1), shape.at(2), 1);
      if (!FindWeights(graph, file, LayoutsOf(arch), key, /*any_classes=*/true).fits.empty()) {
        fitting.push_back(arch);
      }
    } catch (const Error&) {
      // The network cannot take such images.
    }
  }
  return fitting;
}

// The end of an error message: what the user can do.
std::string Advice(const std::vector<std::string>& fitting, bool other_shapes) {
  if (!fitting.empty()) {
    return fmt::format(": these weights belong to another network: they fit {}",
                       Join(fitting, ", "));
  }
  return other_shapes ? ": these weights belong to another network, and to no built-in one" : "";
}

// Advice for one of several files ("model-00001-of-00002.safetensors").
std::string ShardAdvice(const std::string& origin) {
  static const std::regex kShard(".*-[0-9]+-of-[0-9]+\\.[a-z]+");
  return std::regex_match(origin, kShard)
             ? ": it is one of several shards: give their index, ….index.json"
             : "";
}

[[noreturn]] void FailUnknownKeys(const State& file, const std::string& arch,
                                  const std::vector<std::string>& fitting, const std::string& key,
                                  const std::string& origin) {
  std::vector<std::string> known;
  for (const KeyLayout& layout : LayoutsOf(arch)) {
    known.push_back(fmt::format("{} ('{}')", layout.name, layout.marker));
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : file) names.push_back(name);
  Fail(ErrorKind::kUsage, "{}: its keys ({}){} are of no layout known of {}, which are {}{}{}",
       origin, names.empty() ? "none" : Some(names), key.empty() ? "" : " under '" + key + "'",
       arch, Join(known, ", "), Advice(fitting, false), ShardAdvice(origin));
}

[[noreturn]] void FailMisfit(const WeightMisfit& misfit, const std::string& arch,
                             const std::vector<std::string>& fitting, const std::string& origin) {
  if (misfit.other_classes && std::find(fitting.begin(), fitting.end(), arch) != fitting.end()) {
    Fail(ErrorKind::kUsage,
         "{}: {}: these weights have another number of classes than the test images; give the "
         "dataset that they were trained on",
         origin, misfit.defect);
  }
  Fail(ErrorKind::kUsage, "{}: {} ({}){}{}", origin, misfit.defect, arch,
       Advice(fitting, misfit.other_shapes), ShardAdvice(origin));
}

const WeightFit& TheOne(const WeightSearch& search, const State& file, const std::string& origin) {
  const WeightFit& first = search.fits.front();
  if (search.fits.size() == 1) return first;
  std::vector<std::string> keys;
  bool same = true;
  for (const WeightFit& fit : search.fits) {
    keys.push_back(KeyOf(fit));
    same = same && SameWeights(first, fit, file);
  }
  if (same) return first;
  Fail(ErrorKind::kUsage,
       "{} holds weights of the network {} times, and they differ: choose with `key:`, one of {}",
       origin, keys.size(), Join(keys, ", "));
}

}  // namespace

std::vector<std::string> LoadWeights(Graph& graph, const std::string& arch, const State& file,
                                     const std::string& origin, const std::string& key) {
  const WeightSearch search = FindWeights(graph, file, LayoutsOf(arch), key);
  if (search.fits.empty()) {
    const auto fitting = ArchitecturesThatFit(file, key, graph.input_shape);
    if (!search.nearest) FailUnknownKeys(file, arch, fitting, key, origin);
    FailMisfit(*search.nearest, arch, fitting, origin);
  }
  const WeightFit& fit = TheOne(search, file, origin);
  CopyWeights(fit, file, graph, origin);
  std::vector<std::string> notes;
  if (!fit.elsewhere.empty()) {
    notes.push_back(fmt::format("takes the weights under '{}', not {}", ShownBytes(KeyOf(fit)),
                                Some(fit.elsewhere)));
  }
  if (!fit.ignored.empty()) {
    notes.push_back(fmt::format("ignores {}: no layer of {} has them", Some(fit.ignored), arch));
  }
  return notes;
}

}  // namespace zerosweep
