#include "tests/support/engine/checkpoint_mutations.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "base/error.h"
#include "base/files.h"
#include "engine/import/state.h"
#include "engine/import/weight_fit.h"
#include "engine/import/zip.h"
#include "engine/models/builder.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

std::string Little(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i, value >>= 8) bytes.push_back(static_cast<char>(value & 0xff));
  return bytes;
}

size_t Below(size_t limit, std::mt19937_64& random) { return limit == 0 ? 0 : random() % limit; }

void ChangeOnce(std::string& bytes, std::mt19937_64& random) {
  if (bytes.empty()) return;
  const size_t at = Below(bytes.size(), random);
  const size_t size = 1 + Below(std::min<size_t>(64, bytes.size() - at), random);
  switch (random() % 8) {
    case 0:
      bytes[at] = static_cast<char>(random());
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    case 2: {
      constexpr uint64_t kEdges[] = {0,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     ~uint64_t{0}};
      const std::string edge = Little(kEdges[random() % std::size(kEdges)], 1 << random() % 4);
      bytes.replace(at, edge.size(), edge);
      break;
    }
    case 3:
      bytes.erase(at, size);
      break;
    case 4:
      bytes.insert(at, bytes.substr(at, size));
      break;
    case 5: {
      const std::string piece = bytes.substr(at, size);
      bytes.insert(Below(bytes.size(), random), piece);
      break;
    }
    case 6: {  // an opcode of pickle, or a character of JSON
      constexpr std::string_view kWords =
          "(}])tedaubRQqhjrc.0 12NKMJXUCTBGl\x80\x81\x85\x86\x87"
          "\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95{[,:\"";
      bytes.insert(at, 1, kWords[Below(kWords.size(), random)]);
      break;
    }
    default:
      if (random() % 16 == 0) bytes.resize(at);
  }
}

std::string InsideArchive(const std::string& bytes, std::mt19937_64& random) {
  const ZipArchive archive(bytes, "seed");
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [name, content] : archive.entries()) {
    entries.emplace_back(name, content);
    if (name.ends_with("data.pkl")) ChangeOnce(entries.back().second, random);
  }
  if (!entries.empty() && random() % 8 == 0)
    ChangeOnce(entries[Below(entries.size(), random)].second, random);
  return StoredZip(entries);
}

// input → conv (1 → 2, kernel 1×3, bias) → bn: the network of the golden checkpoints.
Graph Tiny() {
  GraphBuilder build({1, 5, 5});
  Value x = build.Conv("conv", build.Input(), {.in = 1, .out = 2, .kernel = {1, 3}, .bias = true});
  return build.Finish(build.BatchNorm("bn", x, 2));
}

}  // namespace

std::vector<fs::path> GoldenCheckpoints() {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(source != nullptr ? source : ".") /
                                                  "tests/golden/checkpoints")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string StoredZip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string file, directory;
  for (const auto& [name, content] : entries) {
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                           static_cast<unsigned>(content.size()));
    const std::string common = Little(0, 8) + Little(crc, 4) + Little(content.size(), 4) +
                               Little(content.size(), 4) + Little(name.size(), 2);
    directory += "PK\1\2" + Little(0, 2) + Little(0, 2) + common + Little(0, 12) +
                 Little(file.size(), 4) + name;
    file += "PK\3\4" + Little(0, 2) + common + Little(0, 2) + name + content;
  }
  return file + directory + "PK\5\6" + Little(0, 4) + Little(entries.size(), 2) +
         Little(entries.size(), 2) + Little(directory.size(), 4) + Little(file.size(), 4) +
         Little(0, 2);
}

std::string Mutated(const std::string& bytes, std::mt19937_64& random) {
  const bool archive = bytes.starts_with("PK");
  std::string mutated = bytes;
  for (size_t changes = 1 + random() % 8; changes > 0; --changes) {
    if (archive && random() % 4 != 0) {
      try {
        mutated = InsideArchive(mutated, random);
        continue;
      } catch (const Error&) {
        // An earlier change has broken the archive.
      }
    }
    ChangeOnce(mutated, random);
  }
  return mutated;
}

bool ReadsOrRefuses(const fs::path& file) {
  static const std::vector<KeyLayout> kLayouts = {{.name = "own", .marker = "conv.weight"}};
  try {
    const auto state = ReadState(file);
    Graph graph = Tiny();
    const WeightSearch search = FindWeights(graph, state, kLayouts);
    for (const WeightFit& fit : search.fits) CopyWeights(fit, state, graph, file.string());
    return !search.fits.empty();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) {
      throw std::runtime_error(std::string("a refusal must be of kind usage: ") + error.what());
    }
    return false;
  }
}

}  // namespace zerosweep
