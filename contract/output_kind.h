// What the output of a network is, as model cards and sweeps say it.
#pragma once

#include <array>

#include "base/enum_words.h"

namespace zerosweep {

enum class OutputKind {
  kClasses,   // N×K: a logit for each class
  kDense,     // N×C×H×W: maps
  kEmbedding  // N×D: features, compared by their direction
};
inline constexpr std::array kOutputWords = {"classes", "dense", "embedding"};

constexpr const char* ToString(OutputKind kind) { return kOutputWords[static_cast<size_t>(kind)]; }

}  // namespace zerosweep
