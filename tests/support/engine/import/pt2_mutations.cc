#include "tests/support/engine/import/pt2_mutations.h"

#include <torch/types.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "base/error.h"
#include "base/json.h"
#include "engine/graph/executor.h"
#include "engine/import/pt2/pt2_lowering.h"
#include "engine/import/zip.h"
#include "tests/support/engine/checkpoint_mutations.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// All values of a program, in the order in which they stand.
void ListValues(Json& value, std::vector<Json*>& values) {
  values.push_back(&value);
  if (!value.is_structured()) return;
  for (Json& item : value) ListValues(item, values);
}

Json EdgeNumber(std::mt19937_64& random) {
  const std::vector<Json> edges = {0,    1,       -1,         2,         3,         7,
                                   64,   65537,   1e30,       INT64_MAX, INT64_MIN, INT32_MAX,
                                   1e-9, 1 << 20, UINT64_MAX, nullptr};
  return edges[random() % edges.size()];
}

void ChangeValue(Json& whole, std::mt19937_64& random) {
  std::vector<Json*> values;
  ListValues(whole, values);
  Json& value = *values[random() % values.size()];
  const Json& other = *values[random() % values.size()];
  switch (random() % 6) {
    case 0: {  // one of the numbers
      std::vector<Json*> numbers;
      std::copy_if(values.begin(), values.end(), std::back_inserter(numbers),
                   [](const Json* one) { return one->is_number(); });
      if (!numbers.empty()) *numbers[random() % numbers.size()] = EdgeNumber(random);
      break;
    }
    case 1: {  // one of the texts, by another
      std::vector<Json*> texts;
      std::copy_if(values.begin(), values.end(), std::back_inserter(texts),
                   [](const Json* one) { return one->is_string(); });
      if (texts.empty()) break;
      const Json name = *texts[random() % texts.size()];
      *texts[random() % texts.size()] = name;
      break;
    }
    case 2: {
      const Json copy = other.size() < 100 ? other : Json();  // not the whole in itself
      value = copy;
      break;
    }
    case 3:
      if (value.is_array() && !value.empty()) value.erase(random() % value.size());
      if (value.is_object() && !value.empty())
        value.erase(std::next(value.begin(), static_cast<std::ptrdiff_t>(random() % value.size())));
      break;
    case 4:
      if (value.is_array() && !value.empty()) {
        const Json copy = value[random() % value.size()];
        value.push_back(copy);
      }
      break;
    default:
      value = EdgeNumber(random);
  }
}

}  // namespace

std::vector<fs::path> GoldenPt2Files() {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(source != nullptr ? source : ".") / "tests/golden/pt2")) {
    if (entry.path().extension() == ".pt2") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string MutatedPt2(const std::string& bytes, std::mt19937_64& random) {
  if (random() % 16 == 0) return Mutated(bytes, random);
  const ZipArchive archive(bytes, "seed");
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [name, content] : archive.entries()) {
    entries.emplace_back(name, content);
    std::string& changed = entries.back().second;
    const bool program = name.ends_with("model.json");
    if (program || (name.ends_with(".json") && random() % 8 == 0)) {
      Json json = Json::parse(content);
      for (size_t changes = 1 + random() % 4; changes > 0; --changes) ChangeValue(json, random);
      changed = json.dump();
      if (random() % 16 == 0) changed = Mutated(changed, random);
    } else if (random() % 256 == 0) {
      changed = Mutated(changed, random);
    }
  }
  return StoredZip(entries);
}

bool Pt2ReadsOrRefuses(const fs::path& file) {
  try {
    const ImportedNetwork network = ReadPt2(file);
    const torch::NoGradGuard no_grad;
    Run(network.graph, torch::zeros(network.graph.BatchShape(1)));
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUsage) return false;
    throw std::runtime_error(std::string("a refusal must be of kind usage: ") + error.what());
  }
}

}  // namespace zerosweep
