// The writer: the papers' numbers.
#include <cstdlib>

#include "base/hash.h"
#include "storage/results/results_impl.h"

namespace zerosweep {
namespace {

// The number that the word states; none for "MP(avg6)".
std::optional<double> BitsOf(const std::string& word) {
  char* end = nullptr;
  const double bits = std::strtod(word.c_str(), &end);
  if (word.empty() || *end != 0) return std::nullopt;
  return bits;
}

std::string DigestOf(const std::vector<PublishedRow>& rows) {
  Json all = Json::array();
  for (const PublishedRow& row : rows) {
    all.push_back(Json::array({row.paper,  row.title,           row.table,    row.method,
                               row.recipe, row.dataset,         row.arch,     row.model_as_printed,
                               row.fp32,   row.w_bits,          row.a_bits,   row.metric,
                               row.value,  row.preset,          row.stem_out, row.checkpoint,
                               row.pick,   row.needs_real_data, row.training, row.confidence,
                               row.source}));
  }
  return Sha256Hex(all.dump());
}

}  // namespace

void ResultsWriter::SetPublished(const std::vector<PublishedRow>& rows) {
  const std::string digest = DigestOf(rows);
  impl_->Do([&] {
    Database& db = impl_->db;
    if (db.Scalar("SELECT value FROM meta WHERE key = 'published'") == digest) return;
    db.Exec("DELETE FROM published");
    Statement& insert = db.Prepare(
        "INSERT INTO published (paper, title, table_, method, recipe, dataset, arch, "
        "model_as_printed, w_bits, a_bits, bits, metric, value, fp32, preset, stem_out, "
        "checkpoint, pick, needs_real_data, training, confidence, source) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const PublishedRow& row : rows) {
      insert.Run(row.paper, row.title, row.table, row.method, row.recipe, row.dataset, row.arch,
                 row.model_as_printed, BitsOf(row.w_bits), BitsOf(row.a_bits),
                 "w" + row.w_bits + "a" + row.a_bits, row.metric, row.value, row.fp32, row.preset,
                 row.stem_out, row.checkpoint, row.pick, row.needs_real_data, row.training,
                 row.confidence, row.source);
    }
    db.Prepare("INSERT OR REPLACE INTO meta VALUES ('published', ?)").Run(digest);
  });
}

}  // namespace zerosweep
