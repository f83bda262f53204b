#include "storage/home/cache_file.h"

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

fs::path CacheFile(const Home& home, const std::string& name) {
  return home.folder / "cache" / name;
}

}  // namespace

Json ReadCache(const Home& home, const std::string& name) {
  const fs::path file = CacheFile(home, name);
  if (home.folder.empty() || !IsFile(file)) return nullptr;
  try {
    return ParseJson(ReadFile(file), file.string());
  } catch (const Error&) {
    return nullptr;
  }
}

void WriteCache(const Home& home, const std::string& name, const Json& json) {
  std::error_code ignored;
  if (home.folder.empty() || !fs::is_directory(home.folder, ignored)) return;
  try {
    MakePrivateFolder(CacheFile(home, name).parent_path());
    WriteFileAtomically(CacheFile(home, name), json.dump(1));
  } catch (const Error& error) {
    spdlog::debug("{}", error.what());
  }
}

}  // namespace zerosweep
