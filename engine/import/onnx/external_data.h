// Files next to an ONNX model that hold its large tensors (TensorProto.external_data).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace zerosweep {

// One file, open for reading.
class ExternalFile {
 public:
  // Opens `name` in `folder`. Throws kUsage, naming `origin` and the file, when `name` is no plain
  // name of a file, when there is none, and when it is a link, pipe, device or folder.
  ExternalFile(const std::filesystem::path& folder, const std::string& name,
               const std::string& origin);
  ~ExternalFile();
  ExternalFile(const ExternalFile&) = delete;
  ExternalFile& operator=(const ExternalFile&) = delete;

  uint64_t size() const { return size_; }
  // Reads bytes [offset, offset + count). REQUIRES: they lie in the file. Throws kUsage when they
  // cannot be read.
  void Read(uint64_t offset, uint64_t count, char* to) const;

 private:
  std::string shown_;  // for messages
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

// All such files of one model.
class ExternalFiles {
 public:
  ExternalFiles(std::filesystem::path folder, std::string origin)
      : folder_(std::move(folder)), origin_(std::move(origin)) {}

  // `entries`: location, offset and length as the model gives them, where it has them. `count`: the
  // bytes of the tensor, which `tensor` names. Returns where they begin, after all checks: the range
  // lies in the file, has `count` bytes, and all ranges together have at most the size of the files
  // and kFreeMemory. Throws kUsage otherwise.
  uint64_t Locate(const std::map<std::string, std::string>& entries, uint64_t count,
                  const std::string& tensor);
  // The file of the last Locate().
  const ExternalFile& file() const { return *file_; }

 private:
  std::filesystem::path folder_;
  std::string origin_;
  std::map<std::string, std::unique_ptr<ExternalFile>> files_;
  const ExternalFile* file_ = nullptr;
  uint64_t present_ = 0, read_ = 0;  // bytes of the files and of the ranges so far
};

}  // namespace zerosweep
