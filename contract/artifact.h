// An artifact is a folder of files with a manifest. Its digest is the SHA-256 of the canonical JSON
// {file name: SHA-256 of its bytes}. The manifest's other fields (stage, attempt, metrics) give its
// origin and are not part of the digest.
//
// The order of publication: the stage fills `artifacts/.staging/<attempt>/`, writes the manifest
// last, fsyncs and reports the digest; the coordinator renames the folder to `artifacts/<2
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
  double seconds = 0;               // duration of the attempt
  double earlier_seconds = 0;       // of other attempts, up to the checkpoint that it resumed
  double peak_bytes = 0;            // largest resident memory of rank 0; 0: unknown

  std::string Digest() const;  // the artifact's digest
};

// Digests the files in `folder` (plain files only, no sub-folders) and fsyncs each, fills in
// `manifest.files`, writes the manifest and fsyncs the folder. Returns the artifact's digest.
// Throws kStorage.
std::string SealArtifact(const std::filesystem::path& folder, Manifest& manifest);

// Reads the manifest of a staged or published artifact. Throws kStorage when it is missing or
// malformed.
Manifest ReadManifest(const std::filesystem::path& folder);

// The names of files that are missing or do not match the manifest; empty when there are none.
std::vector<std::string> CorruptFiles(const std::filesystem::path& folder,
                                      const Manifest& manifest);

}  // namespace zerosweep
