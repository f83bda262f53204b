// Messages through which the ranks of a group meet: each sends requests to their attempt's
// key-value store, which the coordinator keeps (docs/stage_protocol.md, "Store").
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

enum class StoreOperation { kSet, kAdd, kCompareSet, kDelete, kCheck, kCount, kWait };

struct StoreRequest {
  std::string attempt;
  int64_t id = 0;  // the process's own number for the request
  StoreOperation operation = StoreOperation::kCount;
  std::vector<std::string> keys;
  std::string value;     // for set and compare_set; any bytes
  std::string expected;  // for compare_set
  int64_t number = 0;    // for add: the summand
};

struct StoreAnswer {
  std::string attempt;
  int64_t id = 0;                   // of the request
  std::vector<std::string> values;  // wait: those of its keys; compare_set: the current one
  int64_t number = 0;  // add: the sum; delete: how many; check: whether all are there; count: keys
};

// Bytes travel as hex. from_json throws kCluster or nlohmann::json::exception for content outside
// the protocol.
void to_json(Json& json, const StoreRequest& request);
void from_json(const Json& json, StoreRequest& request);
void to_json(Json& json, const StoreAnswer& answer);
void from_json(const Json& json, StoreAnswer& answer);
// The answer with its type.
Json ToJson(const StoreAnswer& answer);

}  // namespace zerosweep
