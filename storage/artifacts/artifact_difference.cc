#include "storage/artifacts/artifact_difference.h"

#include <cmath>
#include <limits>
#include <set>

#include "base/files.h"
#include "contract/artifact.h"
#include "contract/tensor_file.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// The largest |a − b|; two NaNs count as equal.
double LargestDifference(const TensorFile::Entry& one, const TensorFile::Entry& other) {
  if (one.bytes == other.bytes) return 0;
  double largest = 0;
  const size_t count = one.bytes.size() / TypeBytes(one.type);
  for (size_t i = 0; i < count; ++i) {
    const double a = ElementOf(one, i), b = ElementOf(other, i);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double difference = std::abs(a - b);
    if (!(difference <= largest))
      largest = std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
  }
  return largest;
}

void CompareTensors(const fs::path& one, const fs::path& other, ArtifactDifference& found) {
  const TensorFile ours(ReadFile(one), one.string()), theirs(ReadFile(other), other.string());
  const std::string file = one.filename().string() + ": ";
  for (const auto& [name, entry] : theirs.entries())
    if (!ours.entries().contains(name)) found.unlike.push_back(file + name);
  for (const auto& [name, entry] : ours.entries()) {
    const auto duplicate = theirs.entries().find(name);
    if (duplicate == theirs.entries().end() || duplicate->second.type != entry.type ||
        duplicate->second.shape != entry.shape) {
      found.unlike.push_back(file + name);
      continue;
    }
    ++found.tensors;
    const double difference = LargestDifference(entry, duplicate->second);
    if (difference == 0) continue;
    ++found.differing;
    if (difference <= found.largest) continue;
    found.largest = difference;
    found.largest_in = file + name;
  }
}

}  // namespace

ArtifactDifference CompareArtifacts(const fs::path& one, const fs::path& other) {
  const Manifest ours = ReadManifest(one), theirs = ReadManifest(other);
  std::set<std::string> names;
  for (const auto* manifest : {&ours, &theirs})
    for (const auto& [name, digest] : manifest->files) names.insert(name);
  ArtifactDifference found;
  for (const std::string& name : names) {
    const auto here = ours.files.find(name), there = theirs.files.find(name);
    const bool both = here != ours.files.end() && there != theirs.files.end();
    if (both && here->second == there->second) continue;
    found.files.push_back(name);
    if (both && fs::path(name).extension() == ".safetensors")
      CompareTensors(one / name, other / name, found);
  }
  return found;
}

}  // namespace zerosweep
