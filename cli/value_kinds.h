// What the value of an option is: `app.add_option(…)->type_name(kind::kFolder)`. The name stands in
// `--help` and in the manual page, and it tells shells what to offer.
#pragma once

namespace zerosweep::kind {

// Paths.
inline constexpr const char* kFile = "FILE";
inline constexpr const char* kFolder = "FOLDER";
inline constexpr const char* kSweepFile = "SWEEP.yaml";

// Names in the catalogue. A model may be a file, too.
inline constexpr const char* kArch = "ARCH";
inline constexpr const char* kDataset = "DATASET";
inline constexpr const char* kModel = "MODEL";
inline constexpr const char* kPaper = "PAPER";
inline constexpr const char* kProfile = "PROFILE";
inline constexpr const char* kRecipe = "RECIPE";

// Names in the home. A sweep may be given by its file, too.
inline constexpr const char* kSweep = "SWEEP";
inline constexpr const char* kTrial = "TRIAL";
inline constexpr const char* kId = "ID";  // of a trial, stage or attempt

// Values that nothing can offer.
inline constexpr const char* kBits = "BITS";
inline constexpr const char* kDevice = "DEVICE";
inline constexpr const char* kNumber = "N";
inline constexpr const char* kSeconds = "SECONDS";
inline constexpr const char* kSetting = "KEY=VALUE";
inline constexpr const char* kText = "TEXT";

}  // namespace zerosweep::kind
