#include "cluster/slurm/sbatch_answer.h"

#include <cctype>
#include <map>
#include <regex>
#include <sstream>

namespace zerosweep {
namespace {

constexpr size_t kLongestLine = 500;  // longer lines are not searched

// The line without control characters, colour codes and surrounding blanks.
std::string Plain(const std::string& line) {
  static const std::regex colour("\x1b\\[[0-9;]*[A-Za-z]");
  std::string text = std::regex_replace(line, colour, "");
  std::erase_if(text, [](unsigned char c) { return std::iscntrl(c) != 0 && c != '\t'; });
  const size_t start = text.find_first_not_of(" \t");
  return start == std::string::npos ? ""
                                    : text.substr(start, text.find_last_not_of(" \t") + 1 - start);
}

}  // namespace

NamedJob JobIn(const std::string& text, bool loosely) {
  // The most reliable form first: Slurm's own sentence, --parsable, other wording.
  static const std::regex forms[] = {
      std::regex(".*Submitted batch job ([0-9]{1,15})\\b(?: on cluster ([^ ]+))?.*"),
      std::regex("([0-9]{1,15})(?:;([^; ]+))?"),
      std::regex(".*\\bjob[ _-]*(?:id|number)?(?: is)?[ :=#]*([0-9]{1,15})()\\b.*",
                 std::regex::icase),
  };
  for (const std::regex& form : forms) {
    if (&form == &forms[2] && !loosely) break;
    std::map<std::string, std::string> found;  // cluster by id
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.size() > kLongestLine) continue;
      const std::string plain = Plain(line);
      std::smatch match;
      if (std::regex_match(plain, match, form)) found[match[1]] = match[2];
    }
    if (found.size() > 1) return {};
    if (!found.empty()) return {found.begin()->first, found.begin()->second};
  }
  return {};
}

}  // namespace zerosweep
