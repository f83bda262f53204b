// SHA-256 as 64 lower-case hex characters.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace zerosweep {

// Incremental: (Update)* Hex. Not copyable; single-threaded.
class Sha256 {
 public:
  Sha256();
  void Update(std::string_view bytes);
  // Ends the computation. REQUIRES: called once.
  std::string Hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

std::string Sha256Hex(std::string_view bytes);
// Bytes as lower-case hex characters.
std::string HexOf(std::string_view bytes);
// Whether `word` is `size` lower-case hex characters.
bool IsHex(std::string_view word, size_t size = 64);

// Throws kStorage, naming the file, when it cannot be read.
std::string Sha256File(const std::filesystem::path& path);

}  // namespace zerosweep
