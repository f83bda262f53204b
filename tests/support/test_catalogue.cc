#include "tests/support/test_catalogue.h"

#include <string>
#include <vector>

namespace zerosweep {
namespace {

Json Param(const char* name, const char* type, const Json& fallback, Json more = Json::object()) {
  more.update({{"name", name}, {"type", type}, {"default", fallback}, {"meaning", "for tests"}});
  return more;
}

Json Entry(const char* name, int revision, bool uses_seed, const std::vector<std::string>& needs,
           const std::vector<Json>& params, const Json& facts = Json::object()) {
  return {{"name", name},         {"summary", "for tests"},  {"paper", "Test et al. 2020"},
          {"revision", revision}, {"uses_seed", uses_seed},  {"needs", needs},
          {"params", params},     {"limits", Json::array()}, {"facts", facts}};
}

Json Limited(Json entry, const Json& when, const char* message) {
  entry["limits"].push_back({{"when", when}, {"message", message}});
  return entry;
}

Json OnBatchNorms(Json entry) {
  return Limited(std::move(entry), Json::array({{{"fact", "model.batch_norms"}, {"is", 0}}}),
                 "this network has no batch norm: exclude this pair");
}

Json Field(const char* name, const char* type, const Json& fallback, Json more = Json::object()) {
  more["stages"] = {"quantize"};
  return Param(name, type, fallback, std::move(more));
}

Json Pixels(const char* name) {
  return Param(name, "int", 0,
               {{"min", 0}, {"neutral", 0}, {"stages", {"teacher", "synthesize", "evaluate"}}});
}

Json Protocol() {
  return {
      {"fields",
       {Field("act_placement", "choice", "relu", {{"choices", {"relu", "op_output", "op_input"}}}),
        Field("first_w", "bits", "same"), Field("last_w", "bits", "same"),
        Field("bn", "choice", "kept", {{"choices", {"kept", "folded"}}}),
        Field("late", "choice", "no", {{"choices", {"no", "yes"}}, {"neutral", "no"}}),
        Pixels("eval_resize"), Pixels("eval_crop")}},
      {"presets",
       {{"zeroq", Json::object()},
        {"genie", {{"act_placement", "op_input"}, {"first_w", 8}, {"last_w", 8}}}}}};
}

Json Kinds() {
  const Json limit =
      Param("limit", "int", 0, {{"min", 0}, {"neutral", 0}, {"profiles", {{"smoke", 500}}}});
  return {Entry("evaluate", 3, false, {}, {limit}),
          Entry("quantize", 1, false, {},
                {Param("ranks", "int", 1, {{"min", 1}, {"max", 4096}, {"neutral", 1}})}),
          Entry("sensitivity", 2, false, {},
                {Param("divergence", "choice", "forward",
                       {{"choices", {"forward", "symmetric"}}, {"neutral", "forward"}})}),
          Entry("synthesize", 1, false, {},
                {Param("threads", "int", 1, {{"min", 1}, {"profiles", {{"fast", 2}}}})}),
          Entry("teacher", 2, false, {}, {limit})};
}

Json Synthesizers() {
  const Json images = Param("images", "int", 64, {{"min", 1}, {"profiles", {{"smoke", 8}}}});
  return {Entry("constant", 1, false, {}, {images}), Entry("noise", 1, true, {}, {images}),
          Entry("real", 1, true, {"real_data"}, {images}),
          OnBatchNorms(Entry(
              "zeroq", 5, true, {},
              {images,
               Param("iterations", "int", 500,
                     {{"min", 1}, {"max", 100000}, {"profiles", {{"fast", 100}, {"smoke", 3}}}}),
               Param("lr", "float", 0.5, {{"min", 0}}),
               Param("init", "choice", "uniform",
                     {{"choices", {"uniform", "gaussian"}},
                      {"variants", {{"paper", "gaussian"}, {"code", "uniform"}}}}),
               Param("jitter", "bool", false), Param("swing", "float", 0, {{"neutral", 0}}),
               Param("note", "string", "none", {{"neutral", "none"}})}))};
}

Json Quantizers() {
  Json rounding = Entry("rounding", 4, true, {},
                        {Param("iterations", "int", 1000,
                               {{"profiles", {{"fast", 50}}}, {"variants", {{"paper", 2000}}}})});
  rounding["facts"]["groups"] = true;
  return {
      OnBatchNorms(Entry("joint", 2, true, {"real_data"},
                         {Param("warm_up", "int", 100, {{"min", 0}, {"profiles", {{"fast", 10}}}})},
                         {{"joint", true}})),
      Entry("minmax", 1, false, {}, {Param("batch", "int", 64, {{"min", 1}})}),
      Entry("percentile", 1, false, {}, {Param("p", "float", 0.99999, {{"min", 0.5}, {"max", 1}})}),
      rounding};
}

Json Models() {
  const auto facts = [](int batch_norms, double macs, int side) -> Json {
    return {{"batch_norms", batch_norms}, {"macs", macs}, {"input_shape", {3, side, side}}};
  };
  return {Entry("large_cnn", 1, false, {}, {}, facts(19, 4e9, 224)),
          Entry("plain_cnn", 1, false, {}, {}, {{"batch_norms", 0}}),
          Entry("resnet20_cifar_a", 1, false, {}, {}, facts(19, 4e7, 32))};
}

Json Datasets() {
  const Json cifar = {{"classes", 10},
                      {"shape", {3, 32, 32}},
                      {"files",
                       {{"train", {"data_batch_1.bin", "data_batch_2.bin"}},
                        {"test", Json::array({"test_batch.bin"})},
                        {"calibration", Json::array({"calibration_batch.bin"})}}},
                      {"fallback", {{"calibration", "train"}}},
                      {"default_folder", ""},
                      {"debian_package", ""},
                      {"alternative_folders", Json::array({"cifar-10-batches-bin"})}};
  const Json fashion = {{"classes", 10},
                        {"shape", {1, 28, 28}},
                        {"files",
                         {{"train", {"train-images.gz", "train-labels.gz"}},
                          {"test", {"t10k-images.gz", "t10k-labels.gz"}}}},
                        {"fallback", {{"calibration", "train"}}},
                        {"default_folder", "/nonexistent/fashion-mnist"},
                        {"debian_package", "dataset-fashion-mnist"},
                        {"alternative_folders", Json::array()}};
  const Json folders = {{"classes", 0},
                        {"shape", {3, 224, 224}},
                        {"folders",
                         {{"train", Json::array({"train"})},
                          {"test", {"val", "test"}},
                          {"calibration", {"calibration", "train"}}}},
                        {"layout", "val/<class>/*"},
                        {"default_folder", ""},
                        {"debian_package", ""}};
  return {Entry("cifar10", 1, false, {}, {}, cifar),
          Entry("fashion_mnist", 1, false, {}, {}, fashion),
          Entry("image_folder", 1, false, {}, {}, folders)};
}

Json Recipe(const char* name, const char* synthesizer, const char* quantizer, const char* preset,
            const char* variant, const Json& params = Json::object()) {
  return {{"name", name},
          {"paper", "Test et al. 2020"},
          {"summary", "for tests"},
          {"synthesizer", {{"name", synthesizer}, {"params", params}}},
          {"quantizer", {{"name", quantizer}, {"params", Json::object()}}},
          {"protocol", {{"preset", preset}, {"fields", Json::object()}}},
          {"variant", variant}};
}

}  // namespace

Json TestCatalogueJson() {
  return {{"format", 1},
          {"protocol", Protocol()},
          {"kinds", Kinds()},
          {"synthesizers", Synthesizers()},
          {"quantizers", Quantizers()},
          {"trainers", Json::array()},
          {"models", Models()},
          {"datasets", Datasets()}};
}

Json TestRecipesJson() {
  Json joint = Recipe("joint", "", "joint", "zeroq", "fixed");
  joint.erase("synthesizer");
  return {std::move(joint), Recipe("zeroq", "zeroq", "minmax", "zeroq", "code"),
          Recipe("noise", "noise", "minmax", "zeroq", "code"),
          Recipe("real", "real", "minmax", "zeroq", "code"),
          Recipe("sharp", "zeroq", "rounding", "genie", "paper", {{"images", 96}})};
}

}  // namespace zerosweep
