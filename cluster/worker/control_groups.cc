#include "cluster/worker/control_groups.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

// Where a hierarchy is mounted, and which of its groups appears there.
struct Mount {
  fs::path at, group;
};

// Mounts by controller ("memory"); "" is version 2. Where there are several, the first one:
// containers have mounted the others themselves.
std::map<std::string, Mount> Mounts(const fs::path& root) {
  std::map<std::string, Mount> mounts;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent, device, group, at, word, type, source, options;
    words >> id >> parent >> device >> group >> at;
    while (words >> word && word != "-") {
    }
    if (!(words >> type >> source >> options)) continue;
    if (type == "cgroup2") mounts.try_emplace("", Mount{at, group});
    if (type != "cgroup") continue;
    std::istringstream names(options);
    for (std::string name; std::getline(names, name, ',');)
      mounts.try_emplace(name, Mount{at, group});
  }
  return mounts;
}

// The word at index `word` of a file as a number; NaN for "max" and -1.
double Number(const fs::path& file, int word = 0) {
  std::ifstream stream(file);
  std::string text;
  for (int i = 0; i <= word; ++i) stream >> text;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool whole = stream && end != text.c_str() && *end == '\0';
  return whole && value > 0 ? value : std::numeric_limits<double>::quiet_NaN();
}

// `limit` is NaN where there is none.
void Apply(double limit, double& least) {
  if (limit > 0) least = std::min(least, limit);
}

void ReadGroup(const fs::path& folder, ControlGroupLimits& limits) {
  Apply(Number(folder / "cpu.max", 0) / Number(folder / "cpu.max", 1), limits.cores);
  Apply(Number(folder / "cpu.cfs_quota_us") / Number(folder / "cpu.cfs_period_us"), limits.cores);
  // Above `high` a process is slowed down until it barely moves.
  for (const char* name : {"memory.max", "memory.high", "memory.limit_in_bytes"})
    Apply(Number(folder / name), limits.memory);
}

// Reads `group` and its parents, as far as they are visible under the mount.
void ReadUpwards(const fs::path& root, const Mount& mount, const fs::path& group,
                 ControlGroupLimits& limits) {
  const fs::path top = root / mount.at.relative_path();
  fs::path inside = group.lexically_relative(mount.group);
  // In a container the group may have a name that is not mounted.
  if (inside.empty() || *inside.begin() == "..") inside = ".";
  for (; !inside.empty() && inside != "."; inside = inside.parent_path())
    ReadGroup(top / inside, limits);
  ReadGroup(top, limits);
}

}  // namespace

ControlGroupLimits ReadControlGroups(const fs::path& root) {
  ControlGroupLimits limits;
  const std::map<std::string, Mount> mounts = Mounts(root);
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "4:memory:/a/b", "0::/a/b"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::istringstream names(line.substr(first + 1, second - first - 1) + ",");
    for (std::string name; std::getline(names, name, ',');) {
      const auto mount = mounts.find(name);
      if (mount != mounts.end()) ReadUpwards(root, mount->second, line.substr(second + 1), limits);
    }
  }
  return limits;
}

}  // namespace zerosweep
