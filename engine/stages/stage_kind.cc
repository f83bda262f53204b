#include "engine/stages/stage_kind.h"

#include <set>

#include "base/files.h"
#include "contract/artifact.h"
#include "contract/weight_files.h"
#include "engine/data/fingerprint.h"
#include "engine/data/sample_grid.h"
#include "engine/graph/structure.h"
#include "engine/import/safetensors.h"
#include "engine/models/registry.h"
#include "engine/training/evaluate.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Keys of a stage's parameters that belong to the engine, not to the method.
const std::set<std::string> kStructural = {"name",   "seed",     "dataset", "data", "w_bits",
                                           "a_bits", "protocol", "ranks",   "eval"};

fs::path Lookup(const std::map<std::string, std::string>& paths, const std::string& role,
                const std::string& stage) {
  const auto found = paths.find(role);
  if (found == paths.end())
    Fail(ErrorKind::kInternal, "a {} stage was started without its '{}'", stage, role);
  return found->second;
}

}  // namespace

std::optional<EvalTransform> TransformOf(const Json& params) {
  if (!params.contains("eval")) return std::nullopt;
  const Json& eval = params["eval"];
  const int64_t channels = eval.value("channels", int64_t{3});
  if (eval.contains("height"))
    return EvalTransform{
        .channels = channels, .height = eval.at("height"), .width = eval.at("width")};
  return EvalTransform{eval.at("resize"), eval.at("crop"), channels};
}

Json StageContext::KindParams() const {
  Json given = Json::object();
  for (const auto& [name, value] : params().items())
    if (declaration.Find(name) != nullptr) given[name] = value;
  return given;
}

Json StageContext::MethodParams() const {
  Json given = Json::object();
  for (const auto& [name, value] : params().items())
    if (!kStructural.contains(name)) given[name] = value;
  return given;
}

fs::path StageContext::Input(const std::string& role) const {
  const fs::path folder = Lookup(run.inputs, role, run.stage.kind);
  std::error_code code;
  if (!fs::exists(folder / kManifestFile, code)) {
    FailTrial(Failure::kData,
              "its input '{}' is gone: {} is not there or not whole; `zerosweep fsck` names what "
              "is missing, `zerosweep retry` tries again when it is back",
              role, folder.string());
  }
  return folder;
}
fs::path StageContext::File(const std::string& role) const {
  return Lookup(run.files, role, run.stage.kind);
}

Dataset StageContext::LoadSplit(const std::string& split) const {
  return LoadVerifiedDataset(params().at("dataset"), split, File("data"), params().at("data"),
                             TransformOf(params()));
}

void SaveCurves(const Json& curves, const std::filesystem::path& folder) {
  if (curves.empty()) return;
  WriteFileDurably(folder / "curve.json", curves.dump() + "\n");
}

void SaveCurves(const Curves& curves, const std::filesystem::path& folder) {
  SaveCurves(CurvesToJson(curves), folder);
}

void SaveSamples(const torch::Tensor& images, const Teacher& teacher, const fs::path& folder) {
  WriteFileDurably(folder / "samples.png",
                   EncodePng(SampleGrid(images, teacher.mean, teacher.std)));
}

void SaveTeacher(const Teacher& teacher, const fs::path& folder) {
  WriteSafetensors(folder / "teacher.safetensors", StateOf(teacher.graph));
  Json json = teacher;
  json["format"] = 1;
  json["input_shape"] = teacher.graph.input_shape;
  if (teacher.arch == kImportedArch) json["graph"] = StructureOf(teacher.graph);
  WriteFileDurably(folder / "teacher.json", json.dump(1) + "\n");
}

Teacher LoadTeacher(const fs::path& folder, torch::Device device) {
  const Json json =
      ParseJson(ReadFile(folder / "teacher.json"), (folder / "teacher.json").string());
  try {
    auto teacher = json.get<Teacher>();
    const auto state = ReadSafetensors(folder / "teacher.safetensors");
    Graph graph;
    if (teacher.arch == kImportedArch) {
      graph = GraphOf(json.at("graph"), state, folder.string());
    } else {
      const std::vector<int64_t> shape = json.at("input_shape");
      graph = BuildModel(teacher.arch, shape.at(0), shape.at(1), shape.at(2), teacher.classes);
      LoadState(graph, state, folder.string());
    }
    teacher.graph = ToChannelsLast(graph).To(device);
    return teacher;
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kStorage, "{} is damaged ({}); run `zerosweep fsck`", folder.string(),
         error.what());
  }
}

}  // namespace zerosweep
