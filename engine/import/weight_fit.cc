#include "engine/import/weight_fit.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

using State = std::map<std::string, torch::Tensor>;

// Whether a wrapper (DataParallel, torch.compile) may insert this part anywhere in a name.
bool IsWrapper(std::string_view part) { return part == "module" || part == "_orig_mod"; }

std::string WithoutWrappers(const std::string& name) {
  std::string kept;
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('.', at), name.size());
    const std::string part = name.substr(at, end - at);
    if (!IsWrapper(part)) kept += (kept.empty() ? "" : ".") + part;
    at = end + 1;
  }
  return kept;
}

// Returns the name to look for → the name in the file. Wrappers are left out if all names then
// remain distinct; the names are then `bare`.
std::map<std::string, std::string> Names(const State& file, bool& bare) {
  std::map<std::string, std::string> stripped, full;
  for (const auto& [name, tensor] : file) {
    stripped.emplace(WithoutWrappers(name), name);
    full.emplace(name, name);
  }
  bare = stripped.size() == full.size();
  return bare ? stripped : full;
}

std::string AndOthers(size_t all) {
  if (all <= 1) return "";
  return all == 2 ? " (and another)" : fmt::format(" (and {} others)", all - 1);
}

// Counts defects of one kind and keeps the first for display.
struct Defects {
  size_t count = 0;
  std::string first;

  template <typename Text>
  void Add(Text text) {
    if (count++ == 0) first = text();
  }
};

std::string LeafOf(const std::string& key) { return key.substr(key.rfind('.') + 1); }

// Whether a layer computes with it; other programs' counters, masks and statistics are ignored.
bool IsParameter(const std::string& key, const torch::Tensor& tensor) {
  const std::string leaf = LeafOf(key);
  return tensor.defined() && tensor.is_floating_point() &&
         (leaf == "weight" || leaf == "bias" || leaf == "running_mean" || leaf == "running_var");
}

// Compares the tensors under one prefix with the graph.
class Fitting {
 public:
  Fitting(const Graph& graph, const State& file, bool any_classes)
      : wanted_(StateOf(graph)), file_(file), any_classes_(any_classes) {
    const std::vector<int> weighted = graph.Weighted();
    if (!weighted.empty()) classifier_ = graph.nodes[weighted.back()].name + ".";
  }

  size_t parameters() const { return wanted_.size(); }

  // Returns exactly one of the two. `names`: names without the prefix → names in the file.
  std::pair<std::optional<WeightFit>, std::optional<WeightMisfit>> Try(
      const std::string& prefix, const std::map<std::string, std::string>& names,
      const KeyLayout& layout) const {
    WeightFit fit{.prefix = prefix};
    std::vector<std::string> foreign;
    std::string twice;
    for (const auto& [key, name] : names) {
      const std::optional<std::string> graph_key = GraphKey(layout, key);
      if (!graph_key) continue;
      if (wanted_.contains(*graph_key)) {
        if (!fit.names.emplace(*graph_key, name).second && twice.empty()) {
          twice = fmt::format("'{}' and '{}' both mean '{}'", fit.names.at(*graph_key), name,
                              *graph_key);
        }
      } else if (IsParameter(key, file_.at(name))) {
        foreign.push_back(name);
      } else if (file_.at(name).defined() && LeafOf(key) != "num_batches_tracked") {
        fit.ignored.push_back(name);
      }
    }
    WeightMisfit misfit{.prefix = prefix, .present = fit.names.size()};
    misfit.defect = Defect(fit, layout, foreign, twice, misfit);
    if (misfit.defect.empty()) return {std::move(fit), std::nullopt};
    return {std::nullopt, std::move(misfit)};
  }

 private:
  std::string Defect(const WeightFit& fit, const KeyLayout& layout,
                     const std::vector<std::string>& foreign, const std::string& twice,
                     WeightMisfit& misfit) const {
    Defects missing, misshaped;
    size_t of_classes = 0;
    for (const auto& [key, wanted] : wanted_) {
      const auto found = fit.names.find(key);
      if (found == fit.names.end()) {
        if (MatchesAny(layout.zeros, key)) continue;
        missing.Add([&, &key = key, &wanted = wanted] {
          return fmt::format("'{}' {} is missing", misfit.prefix + key, c10::str(wanted.sizes()));
        });
        continue;
      }
      const torch::Tensor& given = file_.at(found->second);
      if (!given.defined()) {
        return fmt::format(
            "'{}' is of a kind that is not read (sparse, quantized, complex, 8-bit, numpy's)",
            found->second);
      }
      const bool classes_differ = DiffersInClasses(key, given, wanted);
      if (given.sizes() == wanted.sizes() || (any_classes_ && classes_differ)) {
        if (!given.is_floating_point()) {
          return fmt::format("'{}' holds {} instead of floating-point numbers", found->second,
                             c10::toString(given.scalar_type()));
        }
        ++misfit.matching;
        continue;
      }
      of_classes += classes_differ ? 1 : 0;
      misshaped.Add([&, &wanted = wanted] {
        return fmt::format("'{}' has shape {}, but the network needs {}", found->second,
                           c10::str(given.sizes()), c10::str(wanted.sizes()));
      });
    }
    misfit.other_shapes = misshaped.count > 0;
    misfit.other_classes = misshaped.count > 0 && of_classes == misshaped.count &&
                           missing.count == 0 && foreign.empty();
    if (!twice.empty()) return twice;
    if (misshaped.count > 0) return misshaped.first + AndOthers(misshaped.count);
    if (missing.count > 0) return missing.first + AndOthers(missing.count);
    if (foreign.empty()) return "";
    return fmt::format("'{}' {} is used nowhere in the network{}", foreign.front(),
                       c10::str(file_.at(foreign.front()).sizes()), AndOthers(foreign.size()));
  }

  // Whether the last weighted node differs only in the number of its outputs.
  bool DiffersInClasses(const std::string& key, const torch::Tensor& given,
                        const torch::Tensor& wanted) const {
    return !classifier_.empty() && key.starts_with(classifier_) && given.dim() == wanted.dim() &&
           given.dim() > 0 && given.size(0) != wanted.size(0) &&
           given.sizes().slice(1) == wanted.sizes().slice(1);
  }

  State wanted_;
  const State& file_;
  bool any_classes_;
  std::string classifier_;
};

// Whether `key` chooses the prefix. `bare`: the prefix is without wrappers.
bool Chooses(const std::string& key, const std::string& prefix, bool bare) {
  if (key.empty()) return true;
  const std::string word = bare ? WithoutWrappers(key) : key;
  if (key == kTopLevel || word.empty()) return prefix.empty();
  return (prefix + ".").starts_with(word + ".");
}

// Returns the prefixes under which a layout's marker occurs, longest first.
std::vector<std::string> PrefixesOf(const std::map<std::string, std::string>& names,
                                    const std::string& marker) {
  std::vector<std::string> prefixes;
  for (const auto& [name, full] : names) {
    if (!name.ends_with(marker)) continue;
    const std::string prefix = name.substr(0, name.size() - marker.size());
    if (prefix.empty() || prefix.ends_with('.')) prefixes.push_back(prefix);
  }
  std::sort(prefixes.begin(), prefixes.end(), [](const std::string& a, const std::string& b) {
    return std::pair(b.size(), a) < std::pair(a.size(), b);
  });
  return prefixes;
}

// Returns the names that begin with the prefix, without it. Excludes `taken`, the tensors of a
// network that was found inside.
std::map<std::string, std::string> Under(const std::map<std::string, std::string>& names,
                                         const std::string& prefix,
                                         const std::set<std::string>& taken) {
  std::map<std::string, std::string> under;
  for (auto it = names.lower_bound(prefix); it != names.end() && it->first.starts_with(prefix);
       ++it) {
    if (!taken.contains(it->second)) under.emplace(it->first.substr(prefix.size()), it->second);
  }
  return under;
}

std::vector<std::string> Others(const std::map<std::string, std::string>& names,
                                const std::map<std::string, std::string>& under) {
  std::set<std::string> here;
  for (const auto& [key, full] : under) here.insert(full);
  std::vector<std::string> others;
  for (const auto& [name, full] : names) {
    if (!here.contains(full)) others.push_back(full);
  }
  return others;
}

}  // namespace

WeightSearch FindWeights(const Graph& graph, const State& file,
                         const std::vector<KeyLayout>& layouts, const std::string& key,
                         bool any_classes) {
  bool bare = false;
  const std::map<std::string, std::string> names = Names(file, bare);
  const Fitting fitting(graph, file, any_classes);
  WeightSearch search;
  std::set<std::string> tried, taken;
  // The first layout has the graph's own keys, which others may share, so it is tried last.
  for (auto layout = layouts.rbegin(); layout != layouts.rend(); ++layout) {
    for (const std::string& prefix : PrefixesOf(names, layout->marker)) {
      if (!tried.insert(prefix).second) continue;
      const auto under = Under(names, prefix, taken);
      auto [fit, misfit] = fitting.Try(prefix, under, *layout);
      if (fit) {
        fit->elsewhere = Others(names, under);
        for (const auto& [graph_key, full] : fit->names) taken.insert(full);
        if (Chooses(key, prefix, bare)) search.fits.push_back(std::move(*fit));
        continue;
      }
      // Many names inside a network end like the marker ("layer1.0.conv1.weight").
      const bool near = Chooses(key, prefix, bare) && 2 * misfit->present >= fitting.parameters();
      if (near && (!search.nearest || misfit->matching >= search.nearest->matching)) {
        search.nearest = std::move(misfit);
      }
    }
  }
  std::sort(search.fits.begin(), search.fits.end(), [](const WeightFit& a, const WeightFit& b) {
    return std::pair(a.prefix.size(), a.prefix) < std::pair(b.prefix.size(), b.prefix);
  });
  return search;
}

void CopyWeights(const WeightFit& fit, const State& file, Graph& graph, const std::string& origin) {
  const torch::NoGradGuard no_grad;
  for (Node& node : graph.nodes) {
    for (auto& [parameter, tensor] : node.parameters) {
      const auto name = fit.names.find(node.name + "." + parameter);
      if (name == fit.names.end()) {
        tensor.zero_();
        continue;
      }
      tensor.copy_(file.at(name->second));
      if (tensor.numel() == 0) continue;
      const auto [low, high] = tensor.aminmax();  // with a NaN, both are NaN
      if (!torch::isfinite(low).item<bool>() || !torch::isfinite(high).item<bool>()) {
        Fail(ErrorKind::kUsage,
             "{}: '{}' holds numbers that are not finite: the training that made it broke down; "
             "use an earlier checkpoint",
             origin, name->second);
      }
      if (parameter == "running_var" && low.item<double>() < 0) {
        Fail(ErrorKind::kUsage, "{}: '{}' holds a negative variance, {:g}: it is damaged", origin,
             name->second, low.item<double>());
      }
    }
  }
}

}  // namespace zerosweep
