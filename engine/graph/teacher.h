// A trained network as the methods see it: frozen, in float32, on the device of the stage.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "contract/output_kind.h"
#include "engine/graph/graph.h"

namespace zerosweep {

struct Teacher {
  Graph graph;  // no parameter requires a gradient
  std::string arch;
  std::string dataset;
  int classes = 0;
  OutputKind output = OutputKind::kClasses;
  std::vector<double> mean, std;  // its inputs are (x / 255 − mean) / std

  torch::TensorOptions options() const { return graph.Options(); }  // type and device
  torch::Device device() const { return options().device(); }
};

// The facts of a teacher, without its graph. The usual kind of output is left out.
inline void to_json(Json& json, const Teacher& teacher) {
  json = {{"arch", teacher.arch},
          {"dataset", teacher.dataset},
          {"classes", teacher.classes},
          {"mean", teacher.mean},
          {"std", teacher.std}};
  if (teacher.output != OutputKind::kClasses) json["output"] = ToString(teacher.output);
}
inline void from_json(const Json& json, Teacher& teacher) {
  json.at("arch").get_to(teacher.arch);
  json.at("dataset").get_to(teacher.dataset);
  json.at("classes").get_to(teacher.classes);
  json.at("mean").get_to(teacher.mean);
  json.at("std").get_to(teacher.std);
  const std::string word = json.value("output", ToString(OutputKind::kClasses));
  const auto output = EnumOf<OutputKind>(kOutputWords, word);
  if (!output) Fail(ErrorKind::kInternal, "a teacher's output is '{}'", word);
  teacher.output = *output;
}

}  // namespace zerosweep
