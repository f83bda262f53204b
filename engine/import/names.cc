#include "engine/import/names.h"

#include <algorithm>

#include "base/text.h"

namespace zerosweep {
namespace {

constexpr int kShownColumns = 120;

// PyTorch's own modules stand innermost in a trace, though a user's model called them.
bool IsOfTorch(std::string_view path) {
  return path.find("/torch/") != std::string_view::npos ||
         path.find("\\torch\\") != std::string_view::npos;
}

}  // namespace

std::string ShownName(std::string_view name) {
  const std::string shown = ShownBytes(name.substr(0, size_t{4} * kShownColumns));
  const std::string cut = FirstColumns(shown, kShownColumns);
  return name.size() > size_t{4} * kShownColumns || cut.size() < shown.size() ? cut + "…" : cut;
}

std::string LineOfTrace(std::string_view trace) {
  constexpr std::string_view kFile = "File \"", kLine = "\", line ";
  std::string found;
  while (!trace.empty()) {
    const std::string_view line = trace.substr(0, trace.find('\n'));
    trace.remove_prefix(std::min(trace.size(), line.size() + 1));
    const size_t begin = line.find(kFile), end = line.find(kLine);
    if (begin == std::string_view::npos || end == std::string_view::npos ||
        end < begin + kFile.size()) {
      continue;
    }
    const std::string_view path = line.substr(begin + kFile.size(), end - begin - kFile.size());
    const std::string_view rest = line.substr(end + kLine.size());
    const std::string_view number = rest.substr(0, rest.find_first_not_of("0123456789"));
    if (IsOfTorch(path) || number.empty()) continue;
    found = ShownName(path.substr(path.find_last_of("/\\") + 1)) + ":" + ShownName(number);
  }
  return found;
}

}  // namespace zerosweep
