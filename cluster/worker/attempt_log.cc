#include "cluster/worker/attempt_log.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "contract/subprocess.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr std::streamoff kKeptBytes = std::streamoff{4} << 20;
constexpr int kTailLines = 20;
constexpr size_t kLongestLine = 2000;

// Redacts line by line and cuts long lines, since the redactor recurses over its input.
std::string RedactedEnd(const fs::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kKeptBytes));
  std::string text;
  for (std::string line; std::getline(file, line);)
    text += Redact(std::string_view(line).substr(0, kLongestLine)) + "\n";
  return text;
}

}  // namespace

AttemptLog::AttemptLog(Home home, std::string slot_name)
    : home_(std::move(home)), path_(home_.folder / "logs" / "slots" / (slot_name + ".log")) {
  MakePrivateFolder(path_.parent_path());
}

AttemptLog::~AttemptLog() {
  if (!link_.empty()) End();
  std::error_code ignored;
  fs::remove(path_, ignored);
}

void AttemptLog::Begin(const std::string& attempt, int rank) {
  link_ = home_.log(attempt, rank);
  MakePrivateFolder(link_.parent_path());
  std::ofstream(path_, std::ios::binary | std::ios::trunc);
  std::error_code code;
  fs::create_symlink(fs::path("..") / "slots" / path_.filename(), link_, code);
  if (code)
    Fail(ErrorKind::kStorage, "cannot make the log {}: {}; make room or check its permissions",
         link_.string(), code.message());
}

std::string AttemptLog::End() {
  const fs::path target = std::exchange(link_, fs::path());
  try {
    WriteFileAtomically(target, RedactedEnd(path_));
  } catch (const Error& error) {
    spdlog::warn("{}", error.what());
  }
  return TailOfFile(path_, kTailLines);
}

}  // namespace zerosweep
