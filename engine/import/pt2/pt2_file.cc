#include "engine/import/pt2/pt2_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "engine/import/input_file.h"
#include "engine/import/names.h"
#include "engine/import/pt2/pt2_json.h"
#include "engine/import/pt2/pt2_weights.h"
#include "engine/import/zip.h"

namespace zerosweep {
namespace {

constexpr int64_t kSchema = 8;  // the major version of torch/_export/serde/schema.py
constexpr size_t kMaxNodes = 200'000;
constexpr const char* kExportAgain =
    R"(torch.export.save(torch.export.export(model.eval(), (example,)), "net.pt2"))";

using Entries = std::map<std::string, std::string_view>;

bool HasEntry(const Entries& entries, std::string_view ending) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const auto& entry) { return entry.first.ends_with(ending); });
}

// Says what an archive without "archive_format" is.
[[noreturn]] void FailOtherArchive(const Entries& entries, const std::string& origin) {
  if (HasEntry(entries, "serialized_exported_program.json")) {
    Fail(ErrorKind::kUsage,
         "{} has the layout of torch 2.7 and before, which is not read: export it again with a "
         "later torch: torch.export.save(torch.export.load(\"old.pt2\"), \"net.pt2\")",
         origin);
  }
  const bool code = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.first.starts_with("code/") || entry.first.find("/code/") != std::string::npos;
  });
  if (code || HasEntry(entries, "constants.pkl")) {
    Fail(ErrorKind::kUsage, "{} is a TorchScript archive, which is not read: export it again: {}",
         origin, kExportAgain);
  }
  if (HasEntry(entries, "data.pkl")) {
    Fail(ErrorKind::kUsage,
         "{} is a file of torch.save, without a program that can be read: export the network: {}",
         origin, kExportAgain);
  }
  Fail(ErrorKind::kUsage, "{} is a zip archive, but no .pt2 file: it has no archive_format",
       origin);
}

// Returns the folder in which everything lies, "net/".
std::string RootOf(const Entries& entries, const std::string& origin) {
  constexpr std::string_view kFormat = "archive_format";
  for (const auto& [name, content] : entries) {
    if (name != kFormat && !name.ends_with("/archive_format")) continue;
    if (content != "pt2") continue;
    return name.substr(0, name.size() - kFormat.size());
  }
  FailOtherArchive(entries, origin);
}

void CheckArchive(const Entries& entries, const std::string& root, const std::string& origin) {
  const auto version = entries.find(root + "archive_version");
  if (version != entries.end() && version->second != "0") {
    Fail(ErrorKind::kUsage,
         "{} has another version of the archive than 0: export it again with torch 2.8 to 2.15",
         origin);
  }
  const auto order = entries.find(root + "byteorder");
  if (order != entries.end() && order->second != "little") {
    Fail(ErrorKind::kUsage, "{} was written on a big-endian machine, which is not supported",
         origin);
  }
  // Example inputs, which torch.export.save adds, are the one pickle of a usual file.
  const auto pickle = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
    const std::string& name = entry.first;
    const bool pickled = name.ends_with(".pt") || name.ends_with(".pth") || name.ends_with(".pkl");
    return pickled && !name.starts_with(root + "data/sample_inputs/");
  });
  if (pickle != entries.end()) {
    Fail(ErrorKind::kUsage, "{} holds a pickle, '{}', which is not read: export it again: {}",
         origin, ShownBytes(pickle->first), kExportAgain);
  }
  if (HasEntry(entries, ".so")) {
    Fail(ErrorKind::kUsage, "{} holds compiled code, which is never run: export it again: {}",
         origin, kExportAgain);
  }
}

// Returns the name of the model: "model" of "net/models/model.json".
std::string ModelOf(const Entries& entries, const std::string& root, const std::string& origin) {
  const std::string folder = root + "models/";
  constexpr std::string_view kEnding = ".json";
  std::vector<std::string> models;
  for (auto entry = entries.lower_bound(folder);
       entry != entries.end() && entry->first.starts_with(folder); ++entry) {
    const std::string& name = entry->first;
    if (!name.ends_with(kEnding) || name.size() <= folder.size() + kEnding.size()) continue;
    models.push_back(name.substr(folder.size(), name.size() - folder.size() - kEnding.size()));
  }
  if (models.empty()) Fail(ErrorKind::kUsage, "{} is corrupt: it holds no model", origin);
  if (models.size() == 1) return models.front();
  if (std::find(models.begin(), models.end(), "model") != models.end()) return "model";
  Fail(ErrorKind::kUsage,
       "{} holds {} models of which none is called 'model': save the one that is wanted alone",
       origin, models.size());
}

void CheckVersion(const JsonView& program, const std::string& origin) {
  const JsonView version = program.At("schema_version");
  const int64_t major = version.At("major").Int(), minor = version.At("minor").Int();
  if (major != kSchema) {
    Fail(ErrorKind::kUsage, "{} has version {}.{} of torch.export's schema; version {} is read",
         origin, major, minor, kSchema);
  }
}

// A float; infinities and NaN are texts.
Json Number(const JsonView& view) {
  const Json& json = view.json();
  if (json.is_number()) return json;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (json == "Infinity") return kInfinity;
  if (json == "-Infinity") return -kInfinity;
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  view.FailCorrupt("a number is missing");
}

Json Integer(const JsonView& view) { return view.Int(); }
Json Boolean(const JsonView& view) { return view.Bool(); }
Json Words(const JsonView& view) { return view.Name(); }

template <typename Read>
Json ListOf(const JsonView& view, const Read& read) {
  Json list = Json::array();
  for (const JsonView& item : view.Items()) list.push_back(read(item));
  return list;
}

// A symbolic number of the program, or a literal in its place: {"as_name": "sym_size_int"}.
Pt2Item Symbol(const JsonView& view) {
  if (view.Has("as_name")) return Pt2Name{view.At("as_name").Name()};
  if (view.Has("as_int")) return Integer(view.At("as_int"));
  if (view.Has("as_float")) return Number(view.At("as_float"));
  return Boolean(view.At("as_bool"));
}

Pt2Item OptionalTensor(const JsonView& view) {
  if (view.Has("as_none")) return Json();
  return Pt2Name{view.At("as_tensor").At("name").Name()};
}

Pt2Item Tensor(const JsonView& view) { return Pt2Name{view.At("name").Name()}; }

using ArgumentValue = decltype(Pt2Argument::value);

ArgumentValue Single(Pt2Item item) {
  return std::visit([](auto&& one) -> ArgumentValue { return std::forward<decltype(one)>(one); },
                    std::move(item));
}

template <typename Read>
ArgumentValue Many(const JsonView& view, const Read& read) {
  std::vector<Pt2Item> items;
  for (const JsonView& item : view.Items()) items.push_back(read(item));
  return items;
}

// {"as_ints": [1, 1]}
ArgumentValue ValueOf(const JsonView& argument) {
  const std::string& kind = argument.Tag();
  const JsonView value = argument.At(kind.c_str());
  if (kind == "as_none") return Json();
  if (kind == "as_tensor") return Single(Tensor(value));
  if (kind == "as_tensors") return Many(value, Tensor);
  if (kind == "as_optional_tensor") return Single(OptionalTensor(value));
  if (kind == "as_optional_tensors") return Many(value, OptionalTensor);
  if (kind == "as_int" || kind == "as_scalar_type" || kind == "as_memory_format" ||
      kind == "as_layout")
    return Integer(value);
  if (kind == "as_ints") return ListOf(value, Integer);
  if (kind == "as_float") return Number(value);
  if (kind == "as_floats") return ListOf(value, Number);
  if (kind == "as_bool") return Boolean(value);
  if (kind == "as_bools") return ListOf(value, Boolean);
  if (kind == "as_string") return Words(value);
  if (kind == "as_sym_int" || kind == "as_sym_float" || kind == "as_sym_bool")
    return Single(Symbol(value));
  if (kind == "as_sym_ints" || kind == "as_sym_floats" || kind == "as_sym_bools")
    return Many(value, Symbol);
  return Pt2Unread{kind};
}

// Adds the names of the values that an output of a node makes.
void AddOutputs(const JsonView& output, std::vector<std::string>& names) {
  const ArgumentValue value = ValueOf(output);
  if (const auto* one = std::get_if<Pt2Name>(&value)) names.push_back(one->name);
  if (std::holds_alternative<Json>(value)) names.emplace_back();
  if (const auto* list = std::get_if<std::vector<Pt2Item>>(&value)) {
    for (const Pt2Item& item : *list) {
      const auto* name = std::get_if<Pt2Name>(&item);
      names.push_back(name != nullptr ? name->name : "");
    }
  }
}

Pt2Node NodeOf(const JsonView& view) {
  Pt2Node node;
  node.target = view.At("target").Name();
  for (const JsonView& input : view.At("inputs").Items()) {
    node.arguments.push_back({input.At("name").Name(), ValueOf(input.At("arg"))});
  }
  for (const JsonView& output : view.At("outputs").Items()) AddOutputs(output, node.outputs);
  if (view.Has("name") && view.At("name").json().is_string()) node.name = view.At("name").Name();
  if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs.front();
  if (!view.Has("metadata")) return node;
  const JsonView metadata = view.At("metadata");
  const auto text = [&](const char* key) -> std::string_view {
    if (!metadata.Has(key) || !metadata.At(key).json().is_string()) return {};
    return metadata.At(key).json().get_ref<const std::string&>();
  };
  node.line = LineOfTrace(text("stack_trace"));
  node.module = ModuleOf(text("nn_module_stack"));
  return node;
}

class ProgramReader {
 public:
  ProgramReader(const JsonView& program, Pt2Weights& weights, std::string origin)
      : graph_(program.At("graph_module").At("graph")),
        signature_(program.At("graph_module").At("signature")),
        weights_(weights),
        origin_(std::move(origin)) {
    if (program.Has("torch_version")) program_.torch_version = program.At("torch_version").Name();
  }

  Pt2Program Read() {
    ReadNodes();
    ReadOutputs();
    ReadInputs();
    return std::move(program_);
  }

 private:
  void ReadNodes() {
    const JsonView nodes = graph_.At("nodes");
    const size_t count = nodes.json().size();
    if (count > kMaxNodes) {
      Fail(ErrorKind::kUsage, "{} has {} nodes; a network has at most {}", origin_, count,
           kMaxNodes);
    }
    program_.nodes.reserve(count);
    for (const JsonView& node : nodes.Items()) {
      const std::string place = fmt::format("{}: node {}", origin_, program_.nodes.size());
      program_.nodes.push_back(NodeOf(JsonView(node.json(), place)));
      for (const Pt2Argument& argument : program_.nodes.back().arguments) MarkUsed(argument);
    }
  }

  void MarkUsed(const Pt2Argument& argument) {
    if (const auto* name = std::get_if<Pt2Name>(&argument.value)) used_.insert(name->name);
    const auto* list = std::get_if<std::vector<Pt2Item>>(&argument.value);
    if (list == nullptr) return;
    for (const Pt2Item& item : *list) {
      if (const auto* name = std::get_if<Pt2Name>(&item)) used_.insert(name->name);
    }
  }

  void ReadOutputs() {
    for (const JsonView& spec : signature_.At("output_specs").Items()) {
      const std::string& kind = spec.Tag();
      if (kind == "buffer_mutation" || kind == "parameter_mutation") {
        const char* key = kind == "buffer_mutation" ? "buffer_name" : "parameter_name";
        Fail(ErrorKind::kUsage,
             "{} changes '{}' whenever it runs: call model.eval() before exporting", origin_,
             spec.At(kind.c_str()).At(key).Name());
      }
      if (kind == "user_input_mutation") continue;  // the caller's tensor is not read again
      if (kind != "user_output") {
        Fail(ErrorKind::kUsage, "{} has an output of kind {}, which is not read", origin_, kind);
      }
      const ArgumentValue value = ValueOf(spec.At("user_output").At("arg"));
      if (const auto* name = std::get_if<Pt2Name>(&value)) {
        program_.outputs.push_back(name->name);
        used_.insert(name->name);
      } else if (const auto* literal = std::get_if<Json>(&value);
                 literal == nullptr || !literal->is_null()) {
        Fail(ErrorKind::kUsage, "{} has an output that is no tensor, which is not read", origin_);
      }
    }
    if (program_.outputs.empty()) Fail(ErrorKind::kUsage, "{} has no outputs", origin_);
  }

  void ReadInputs() {
    for (const JsonView& spec : signature_.At("input_specs").Items()) {
      const std::string& kind = spec.Tag();
      const JsonView input = spec.At(kind.c_str());
      if (kind == "user_input") {
        ReadUserInput(input.At("arg"));
      } else if (kind == "parameter") {
        ReadWeight(input, "parameter_name", /*finite=*/true);
      } else if (kind == "buffer") {
        ReadWeight(input, "buffer_name", /*finite=*/true);
      } else if (kind == "tensor_constant") {
        ReadWeight(input, "tensor_constant_name", /*finite=*/false);
      } else if (kind != "constant_input" && kind != "token") {
        Fail(ErrorKind::kUsage, "{} has an input of kind {}, which is not read", origin_, kind);
      }
    }
  }

  void ReadUserInput(const JsonView& arg) {
    if (arg.Tag() == "as_none") return;
    if (!arg.Has("as_tensor")) {
      Fail(ErrorKind::kUsage, "{} has an input that is no tensor: export it with images alone",
           origin_);
    }
    Pt2Input input{.name = arg.At("as_tensor").At("name").Name()};
    const JsonView meta = graph_.At("tensor_values").At(input.name.c_str());
    for (const JsonView& size : meta.At("sizes").Items()) {
      const bool fixed = size.Has("as_int");
      input.shape.push_back(fixed ? size.At("as_int").Int() : -1);
      if (fixed && input.shape.back() <= 0) size.FailCorrupt("an input has an impossible shape");
      if (!fixed) static_cast<void>(size.At("as_expr"));
    }
    input.type = Pt2Type(meta.At("dtype").Int());
    program_.inputs.push_back(std::move(input));
  }

  void ReadWeight(const JsonView& input, const char* key_name, bool finite) {
    const std::string& name = input.At("arg").At("name").Name();
    if (!used_.contains(name)) return;
    const std::string& key = input.At(key_name).Name();
    if (!weights_.Has(key)) {
      Fail(ErrorKind::kUsage, "{} is corrupt: the tensor '{}' is missing", origin_, key);
    }
    const torch::Tensor tensor = weights_.Read(key);
    // A sum is not finite if a number is not, and takes a fifth of the time.
    if (finite && tensor.is_floating_point() && !std::isfinite(tensor.sum().item<double>()) &&
        !torch::isfinite(tensor).all().item<bool>()) {
      Fail(ErrorKind::kUsage, "{}: '{}' holds NaN or infinity: export a network that works",
           origin_, key);
    }
    program_.weights[name] = {key, tensor};
  }

  JsonView graph_, signature_;
  Pt2Weights& weights_;
  std::string origin_;
  Pt2Program program_;
  std::set<std::string> used_;  // values that a node or the caller reads
};

}  // namespace

Pt2Program ParsePt2(const std::string& bytes, const std::string& origin) {
  if (!bytes.starts_with("PK")) {
    Fail(ErrorKind::kUsage, "{} is no .pt2 file, which is a zip archive: export the network: {}",
         origin, kExportAgain);
  }
  const ZipArchive archive(bytes, origin);
  const Entries& entries = archive.entries();
  const std::string root = RootOf(entries, origin);
  CheckArchive(entries, root, origin);
  const std::string model = ModelOf(entries, root, origin);
  const std::string place = origin + ": the program";
  const Json json = ParseBoundedJson(entries.at(root + "models/" + model + ".json"), place);
  const JsonView program(json, place);
  CheckVersion(program, origin);
  Pt2Weights weights(entries, origin, bytes.size() + kFreeMemory);
  weights.AddTable(root + "data/weights/", model + "_weights_config.json");
  weights.AddTable(root + "data/constants/", model + "_constants_config.json");
  return ProgramReader(program, weights, origin).Read();
}

Pt2Program ReadPt2File(const std::filesystem::path& path) {
  return ParsePt2(ReadInputFile(path, "network"), path.string());
}

}  // namespace zerosweep
