#include "engine/stages/input_check.h"

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/import/state.h"
#include "engine/models/registry.h"
#include "engine/models/weights.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {

Teacher ReadTeacher(const Json& params, const std::filesystem::path& file,
                    const std::vector<int64_t>& shape, std::vector<std::string>& notes) {
  auto teacher = params.get<Teacher>();
  teacher.graph = BuildModel(teacher.arch, shape.at(0), shape.at(1), shape.at(2), teacher.classes);
  const auto taken = LoadWeights(teacher.graph, teacher.arch, ReadState(file), file.string(),
                                 params.value("weights_key", ""));
  notes.insert(notes.end(), taken.begin(), taken.end());
  return teacher;
}

std::vector<std::string> CheckInputs(const Json& request) {
  const Json& params = request.at("params");
  const Json& files = request.at("files");
  const Dataset images = LoadDataset(params.at("dataset"), request.at("split"),
                                     files.at("data").get<std::string>(), TransformOf(params));
  images.Images(0, 1);
  images.Images(images.size() - 1, images.size());
  std::vector<std::string> notes;
  if (!files.contains("weights")) return notes;
  const int64_t classes = params.at("classes");
  if (classes != images.classes) {
    Fail(ErrorKind::kUsage, "the model has {} classes, the {} images of {} have {}", classes,
         images.split, images.name, images.classes);
  }
  ReadTeacher(params, files.at("weights").get<std::string>(), images.shape(), notes);
  return notes;
}

}  // namespace zerosweep
