// The papers' numbers: reports/published/published.csv, which is compiled into the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/results/rows.h"

namespace zerosweep {

// In the order of the file.
const std::vector<PublishedRow>& PublishedNumbers();

// Parses a CSV file with the columns of reports/published/README.md. Throws kUsage, with the line,
// for another header, a malformed number or an unknown confidence.
std::vector<PublishedRow> ParsePublished(std::string_view csv);

// Maps networks that differ only in details to one name: "resnet20_cifar" for "resnet20_cifar_a"
// and "resnet20_cifar_b", "mobilenetv2" for "mobilenetv2_tv".
std::string ArchFamily(const std::string& arch);

}  // namespace zerosweep
