// Files of the home's folder cache/: JSON that can be made again at any time.
#pragma once

#include <string>

#include "base/json.h"
#include "storage/home/home.h"

namespace zerosweep {

// The JSON of cache/<name>; null when there is no such file, or a damaged one.
Json ReadCache(const Home& home, const std::string& name);

// Writes it if the home exists. A failure is no error. Several processes may write: each writes all
// of it, and the last one wins.
void WriteCache(const Home& home, const std::string& name, const Json& json);

}  // namespace zerosweep
