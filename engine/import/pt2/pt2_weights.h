// The tensors of a .pt2 archive: raw storages, and a JSON table that says which tensor lies where.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// Of the table's numbers (torch/_export/serde/schema.py, ScalarType) those that are read. Returns
// Undefined for others.
torch::ScalarType Pt2Type(int64_t code);

class Pt2Weights {
 public:
  // `entries` are those of the archive below `folder` ("net/data/weights/"); they must outlive the
  // object. `room`: bytes that all tensors together may take. `origin` names the file in errors.
  Pt2Weights(const std::map<std::string, std::string_view>& entries, std::string origin,
             uint64_t room);

  // Adds the tensors that the table names; "net/data/weights/model_weights_config.json" names
  // those of the folder "net/data/weights/". Without the entry, none.
  void AddTable(const std::string& folder, const std::string& file);

  bool Has(const std::string& key) const { return tensors_.contains(key); }
  // The tensor of this key, with memory of its own: contiguous, on the CPU. Keys that share a
  // view of a storage share a tensor. Throws kUsage for tensors that are pickled, of other types
  // and layouts, reach outside their storage or take more than the room.
  torch::Tensor Read(const std::string& key);

 private:
  struct Entry {
    Json meta;
    std::string folder;
  };
  using View =
      std::tuple<std::string, int64_t, int64_t, std::vector<int64_t>, std::vector<int64_t>>;

  torch::Tensor Copy(const std::string& key, const View& view);

  const std::map<std::string, std::string_view>& entries_;
  std::string origin_;
  uint64_t room_;
  std::map<std::string, Entry> tensors_;
  std::map<View, torch::Tensor> read_;  // by file, type, offset, shape and strides
};

}  // namespace zerosweep
