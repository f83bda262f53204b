// docs/schema.md against the schema: every example runs, every view and column is named.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

struct SchemaDocumentTest : testing::Test, ResultsHome {
  SchemaDocumentTest() {
    const char* source = std::getenv("ZEROSWEEP_SOURCE");
    document = ReadFile(std::filesystem::path(source == nullptr ? "." : source) / "docs/schema.md");
  }
  std::vector<std::string> Examples() const {
    const std::string open = "```sql\n";
    std::vector<std::string> examples;
    for (size_t at = document.find(open); at != std::string::npos; at = document.find(open, at)) {
      at += open.size();
      examples.push_back(document.substr(at, document.find("```", at) - at));
    }
    return examples;
  }
  std::string document;
};

TEST_F(SchemaDocumentTest, EveryExampleRunsAndFindsSomething) {
  for (const int64_t seed : {0, 1}) Done({.seed = seed}, 88);
  const std::string stage = rows.NameOf(Cell({.seed = 9}), "synthesize");
  Add();
  writer.StartAttempt({.id = "a", .stage = stage, .worker = "w", .device = "cpu"});
  writer.FailAttempt({.attempt = "a",
                      .stage = stage,
                      .failure = Failure::kOutOfMemory,
                      .message = "killed",
                      .log_tail = ""});
  writer.SetPublished({{.paper = "zeroq", .metric = "top1", .confidence = "primary"}});
  const std::vector<std::string> examples = Examples();
  EXPECT_GE(examples.size(), 7u);
  for (const std::string& example : examples) {
    EXPECT_FALSE(Reader().Query(example).rows.empty()) << example;
  }
}

TEST_F(SchemaDocumentTest, EveryViewAndColumnIsNamed) {
  const auto views = Reader().Query("SELECT name FROM sqlite_schema WHERE type = 'view'").rows;
  EXPECT_EQ(views.size(), 8u);
  for (const auto& view : views) {
    const std::string name = view[0];
    const size_t start = document.find("## " + name + ":");
    ASSERT_NE(start, std::string::npos) << name;
    const std::string section = document.substr(start, document.find("\n## ", start + 1) - start);
    for (const std::string& column : Reader().Query("SELECT * FROM " + name).columns) {
      EXPECT_NE(section.find(column), std::string::npos) << name << "." << column;
    }
  }
}

}  // namespace
}  // namespace zerosweep
