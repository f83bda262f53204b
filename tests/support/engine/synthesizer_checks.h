// Runs a registered synthesizer, and checks properties of all that match statistics.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/synthesis/synthesizer.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {

// `params`, in which those of `more` are set.
inline Json Merged(Json params, const Json& more) {
  params.update(more);
  return params;
}

inline SyntheticData SynthesizeWith(const std::string& name, const Teacher& teacher,
                                    const Json& given, Checkpoints& checkpoints,
                                    uint64_t seed = 0) {
  QuietProgress progress;
  return SynthesizerRegistry::Get(name).function({.teacher = teacher,
                                                  .random = RandomStreams(seed),
                                                  .progress = progress,
                                                  .checkpoints = checkpoints},
                                                 given);
}

inline SyntheticData SynthesizeWith(const std::string& name, const Teacher& teacher,
                                    const Json& given, uint64_t seed = 0) {
  NoCheckpoints none;
  return SynthesizeWith(name, teacher, given, none, seed);
}

inline void ExpectSameSeedSameBits(const std::string& name, const Json& params) {
  const Teacher teacher = TinyTeacher();
  const auto images = [&](uint64_t seed) {
    return SynthesizeWith(name, teacher, params, seed).images;
  };
  EXPECT_TRUE(torch::equal(images(3), images(3)));
  EXPECT_FALSE(torch::equal(images(3), images(4)));
}

inline void ExpectRefusedWithoutBatchNorm(const std::string& name, const Json& params) {
  Teacher teacher = TinyTeacher();
  teacher.graph = FoldBatchNorms(teacher.graph);
  try {
    SynthesizeWith(name, teacher, params);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_EQ(error.what(),
              name + " matches batch-norm statistics, and this network has no batch norm");
  }
}

// Interrupted at each of these steps, the synthesizer resumes to the same images and curves.
inline void ExpectResumesBitForBit(const std::string& name, const Json& params,
                                   const std::vector<int64_t>& cuts) {
  const Teacher teacher = TinyTeacher();
  const SyntheticData straight = SynthesizeWith(name, teacher, params);
  for (const int64_t cut : cuts) {
    const SyntheticData resumed = CutAndResume(cut, [&](Checkpoints& checkpoints) {
      return SynthesizeWith(name, teacher, params, checkpoints);
    });
    EXPECT_TRUE(torch::equal(straight.images, resumed.images))
        << params.dump() << " cut at step " << cut;
    EXPECT_EQ(CurvesToJson(straight.curves), CurvesToJson(resumed.curves));
  }
}

}  // namespace zerosweep
