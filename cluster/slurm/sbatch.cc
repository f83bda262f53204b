#include "cluster/slurm/sbatch.h"

#include <fmt/format.h>

#include <cctype>
#include <map>
#include <regex>
#include <sstream>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr size_t kLongestName = 40;
constexpr size_t kLongestLine = 500;  // longer lines are not searched

// A name that every tool can print: letters, digits, dots, dashes.
std::string JobName(const std::string& sweep) {
  std::string name = "zerosweep-";
  for (const char c : sweep.substr(0, kLongestName))
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ? c : '-';
  return name;
}

// Escapes %: Slurm replaces %j and the like in file names.
std::string OutputPath(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (text.find('\\') != std::string::npos)
    Fail(ErrorKind::kUsage,
         "Slurm cannot write below a path with a backslash: {}; choose another --home", text);
  std::string escaped;
  for (const char c : text) escaped += c == '%' ? "%%" : std::string(1, c);
  return escaped;
}

void CheckPassed(const std::vector<std::string>& passed) {
  if (!passed.empty() && !passed[0].starts_with('-'))
    Fail(ErrorKind::kUsage,
         "'{}' is not an option of sbatch: put those after --, as in -- --qos=long", passed[0]);
  for (const std::string& word : passed) {
    if (word == "-a" || word == "--array" || word.starts_with("--array="))
      Fail(ErrorKind::kUsage,
           "{}: a sweep is one job, whose trials spread over --nodes; leave --array out", word);
    if (word == "--wrap" || word.starts_with("--wrap="))
      Fail(ErrorKind::kUsage, "{}: the script is zerosweep's own; see --setup for lines before it",
           word);
  }
}

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

std::vector<std::string> SbatchArguments(const SbatchRequest& request,
                                         const std::filesystem::path& folder,
                                         const std::filesystem::path& program) {
  CheckPassed(request.passed);
  std::vector<std::string> words = {
      "--job-name=" + JobName(request.sweep),
      fmt::format("--nodes={}", request.nodes),
      "--ntasks-per-node=1",
      fmt::format("--signal=B:USR1@{}", request.notice),
      "--requeue",
      "--open-mode=append",
      "--output=" + OutputPath(folder / "output.txt"),
  };
  const auto add = [&words](const char* option, const std::string& value) {
    if (!value.empty()) words.push_back(std::string(option) + "=" + value);
  };
  const auto count = [&](const char* option, int value) {
    if (value > 0) add(option, std::to_string(value));
  };
  count("--gpus-per-node", request.gpus_per_node);
  count("--cpus-per-task", request.cpus_per_node);
  add("--mem", request.memory);
  add("--time", request.time);
  add("--partition", request.partition);
  add("--account", request.account);
  words.insert(words.end(), request.passed.begin(), request.passed.end());
  words.insert(words.end(), {(folder / "job.sh").string(), program.string(), folder.string()});
  return words;
}

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

std::string ShellWord(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace zerosweep
