// SHA-256 as 64 lower-case hex characters.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace zerosweep {

// Incremental: (Update)* Hex. Not copyable; single-threaded.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Update(std::string_view bytes);
  // Ends the computation. REQUIRES: called once.
  std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(std::string_view bytes);
// Bytes as lower-case hex characters.
std::string HexOf(std::string_view bytes);
// Whether `word` is `size` lower-case hex characters.
bool IsHex(std::string_view word, size_t size = 64);

// Throws kStorage, naming the file, when it cannot be read.
std::string Sha256File(const std::filesystem::path& path);

}  // namespace zerosweep
