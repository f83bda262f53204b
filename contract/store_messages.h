// How the ranks of a group meet: each asks the keys and values of their attempt, which the
// coordinator keeps (docs/stage_protocol.md, "Store").
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

enum class StoreOperation { kSet, kAdd, kCompareSet, kDelete, kCheck, kCount, kWait };

struct StoreRequest {
  std::string attempt;
  int64_t id = 0;  // the process's number for it
  StoreOperation operation = StoreOperation::kCount;
  std::vector<std::string> keys;
  std::string value;     // of set and compare_set: any bytes
  std::string expected;  // of compare_set
  int64_t number = 0;    // what add adds
};

struct StoreAnswer {
  std::string attempt;
  int64_t id = 0;                   // of the request
  std::vector<std::string> values;  // wait: of its keys; compare_set: what is there now
  int64_t number = 0;  // add: the sum; delete: how many; check: whether all are there; count: keys
};

// Bytes travel as hex. The reverses throw kCluster or nlohmann::json::exception for what is not of
// the protocol.
void to_json(Json& json, const StoreRequest& request);
void from_json(const Json& json, StoreRequest& request);
void to_json(Json& json, const StoreAnswer& answer);
void from_json(const Json& json, StoreAnswer& answer);
// With its type.
Json ToJson(const StoreAnswer& answer);

}  // namespace zerosweep
