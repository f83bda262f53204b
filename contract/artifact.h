// An artifact: a folder of files with a manifest. Its digest is SHA-256 over the canonical JSON
// {file name: SHA-256 of its bytes}: the manifest's other fields (stage, attempt, metrics) say
// where it came from and are not part of it.
//
// Order in which things become true: the stage fills `artifacts/.staging/<attempt>/`, writes the
// manifest last, fsyncs and reports the digest; the coordinator renames the folder to `artifacts/<2
// hex>/<digest>/` and commits.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

inline constexpr const char* kManifestFile = "manifest.json";

// A file name that cannot leave its folder.
bool IsPlainName(const std::string& name);

struct Manifest {
  std::string stage;  // name of the stage that made it
  std::string attempt;
  std::map<std::string, std::string> files;  // plain file name → SHA-256
  std::map<std::string, double> metrics;
  Json signature = Json::object();  // execution signature of the run
  double seconds = 0;               // that the attempt took
  double earlier_seconds = 0;       // that other attempts took up to the checkpoint it goes on from

  std::string Digest() const;  // the artifact's digest
};

// Digests the files in `folder` (plain files only, no sub-folders), fsyncs each, writes the
// manifest and fsyncs the folder. `manifest.files` is filled in. Returns the artifact's digest.
// Throws kStorage.
std::string SealArtifact(const std::filesystem::path& folder, Manifest& manifest);

// Reads the manifest of a staged or published artifact. Throws kStorage when absent or malformed.
Manifest ReadManifest(const std::filesystem::path& folder);

// Names of files that are missing or whose bytes do not match the manifest; empty when all is well.
std::vector<std::string> CorruptFiles(const std::filesystem::path& folder,
                                      const Manifest& manifest);

}  // namespace zerosweep
