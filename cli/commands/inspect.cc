// inspect: what the file of a network holds. Reads only.
#include "cli/network_report.h"
#include "cli/options/network_options.h"
#include "cli/output/table.h"
#include "cli/stage_program.h"
#include "cli/value_kinds.h"

namespace zerosweep {
namespace {

struct InspectOptions {
  std::string file, input_shape;
};

Json Cell(const Json& node, const char* key) { return node.contains(key) ? node.at(key) : Json(); }

int RunInspect(const InspectOptions& options, const Globals& globals) {
  RequireNetwork(options.file);
  const Json report = InspectFile(options.file, ShapeOf(options.input_shape), globals);
  if (globals.format == "json") {
    PrintObject(report);
    return kExitOk;
  }
  Table table{.columns = {"node", "op", "shape", "parameters", "macs", "batch_norm", "unit"}};
  for (const Json& node : report.at("nodes"))
    table.rows.push_back({node.at("name"), node.at("op"), node.at("shape"),
                          Cell(node, "parameters"), Cell(node, "macs"), Cell(node, "batch_norm"),
                          Cell(node, "unit")});
  PrintTable(table, globals);
  if (globals.format == "table")
    for (const std::string& line : LinesAbout(report, CompiledCatalogue()))
      fmt::print("{}\n", line);
  return kExitOk;
}

const RegisterCommand kInspect{
    "inspect", "Show what the file of a network (.onnx, .pt2) holds, and what runs on it",
    [](CLI::App& app, InspectOptions& options) {
      app.add_option("file", options.file, "The network: ONNX, or torch.export's .pt2")
          ->type_name(kind::kFile)
          ->required()
          ->check(CLI::ExistingFile);
      AddInputShape(app, options.input_shape);
    },
    RunInspect};

}  // namespace
}  // namespace zerosweep
