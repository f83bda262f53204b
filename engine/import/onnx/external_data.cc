#include "engine/import/onnx/external_data.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "contract/onnx_data.h"
#include "engine/import/input_file.h"
#include "engine/import/names.h"

namespace zerosweep {
namespace {

constexpr size_t kMostFiles = 100;

// Reads a decimal number without a sign; false if the text is none.
bool ParseSize(const std::string& text, uint64_t& number) {
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && last == end && number >> 62 == 0;
}

}  // namespace

ExternalFile::ExternalFile(const std::filesystem::path& folder, const std::string& name,
                           const std::string& origin)
    : shown_(fmt::format("{}: its data file '{}'", origin, ShownName(name))) {
  if (!IsPlainFileName(name)) {
    Fail(ErrorKind::kUsage, "{} must be the name of a file next to the model", shown_);
  }
  // Neither a link nor, until it is known to be a file, a pipe is waited for.
  descriptor_ = open((folder / name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) {
    if (errno == ELOOP) Fail(ErrorKind::kUsage, "{} is a link: put the file itself there", shown_);
    Fail(ErrorKind::kUsage, "{} cannot be opened: {}", shown_, std::strerror(errno));
  }
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    Fail(ErrorKind::kUsage, "{} is no regular file", shown_);
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

ExternalFile::~ExternalFile() { close(descriptor_); }

void ExternalFile::Read(uint64_t offset, uint64_t count, char* to) const {
  while (count > 0) {
    const ssize_t got = pread(descriptor_, to, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      Fail(ErrorKind::kUsage, "{} cannot be read: {}", shown_,
           got == 0 ? "it ends too early" : std::strerror(errno));
    }
    offset += static_cast<uint64_t>(got), count -= static_cast<uint64_t>(got), to += got;
  }
}

uint64_t ExternalFiles::Locate(const std::map<std::string, std::string>& entries, uint64_t count,
                               const std::string& tensor) {
  const auto entry = [&](const char* key) -> const std::string* {
    const auto found = entries.find(key);
    return found == entries.end() ? nullptr : &found->second;
  };
  const std::string* location = entry("location");
  if (location == nullptr) {
    Fail(ErrorKind::kUsage, "{}: '{}' lies in another file, but does not say in which", origin_,
         tensor);
  }
  std::unique_ptr<ExternalFile>& file = files_[*location];
  if (file == nullptr) {
    if (files_.size() > kMostFiles) {
      Fail(ErrorKind::kUsage, "{} names more than {} data files", origin_, kMostFiles);
    }
    file = std::make_unique<ExternalFile>(folder_, *location, origin_);
    present_ += file->size();
  }
  file_ = file.get();
  uint64_t offset = 0, length = count;
  const bool numbers = (entry("offset") == nullptr || ParseSize(*entry("offset"), offset)) &&
                       (entry("length") == nullptr || ParseSize(*entry("length"), length));
  if (!numbers || length != count || offset > file->size() || count > file->size() - offset) {
    Fail(ErrorKind::kUsage,
         "{}: '{}' needs {} bytes of {}, which has {}, but says offset '{}' and length '{}'",
         origin_, tensor, count, ShownName(*location), file->size(),
         ShownName(entry("offset") == nullptr ? "0" : *entry("offset")),
         ShownName(entry("length") == nullptr ? "to the end" : *entry("length")));
  }
  // Tensors may share bytes, but not without end.
  read_ += count;
  if (read_ > present_ + kFreeMemory) {
    Fail(ErrorKind::kUsage, "{}: its tensors take more bytes than its data files have", origin_);
  }
  return offset;
}

}  // namespace zerosweep
