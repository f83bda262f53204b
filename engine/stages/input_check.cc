#include "engine/stages/input_check.h"

#include <utility>

#include "base/error.h"
#include "contract/weight_files.h"
#include "engine/import/network_file.h"
#include "engine/import/passes.h"
#include "engine/import/state.h"
#include "engine/models/registry.h"
#include "engine/models/weights.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

// Refuses an output that is not of the kind that the model is said to have.
void CheckOutput(const ImportedNetwork& network, const Teacher& teacher,
                 const std::string& origin) {
  const std::vector<int64_t> output = ShapeOfOutput(network);
  const bool map = teacher.output == OutputKind::kDense;
  if (network.outputs.size() > 1 && teacher.output != OutputKind::kEmbedding)
    Fail(ErrorKind::kUsage,
         "{}: it has {} outputs, which count as one embedding: give output: "
         "embedding",
         origin, network.outputs.size());
  if (output.size() == (map ? 3u : 1u) && output[0] == teacher.classes) return;
  Fail(ErrorKind::kUsage, "{}: an image's output is {}, must be {} of {} {} (output: {})", origin,
       c10::str(output), map ? "maps" : "numbers", teacher.classes,
       map                                      ? "channels"
       : teacher.output == OutputKind::kClasses ? "classes"
                                                : "features",
       ToString(teacher.output));
}

// Leaves out a softmax over the classes at the end; returns whether there was one.
bool TakeLogits(Graph& graph) {
  const Node& last = graph.nodes[static_cast<size_t>(graph.output.node)];
  if (last.op != Op::kSoftmax || last.attributes.at("dim") != 1) return false;
  graph.output = last.inputs[0];
  graph = JoinOperators(std::move(graph));  // without the softmax, which nothing reads now
  return true;
}

}  // namespace

Teacher ReadTeacher(const Json& params, const std::filesystem::path& file,
                    const std::vector<int64_t>& shape, std::vector<std::string>& notes) {
  auto teacher = params.get<Teacher>();
  if (teacher.arch == kImportedArch) {
    ImportedNetwork network = ReadNetworkFile(file, shape);
    CheckOutput(network, teacher, file.string());
    notes.insert(notes.end(), network.notes.begin(), network.notes.end());
    teacher.graph = std::move(network.graph);
    if (teacher.output == OutputKind::kClasses && TakeLogits(teacher.graph))
      notes.push_back("its last softmax is left out: methods and evaluation take logits");
    return teacher;
  }
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
  RequireClasses(images, params.at("classes"));
  ReadTeacher(params, files.at("weights").get<std::string>(), images.shape(), notes);
  return notes;
}

}  // namespace zerosweep
