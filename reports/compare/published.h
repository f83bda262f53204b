// The papers' numbers: reports/published/published.csv, a part of the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/results/rows.h"

namespace zerosweep {

// In the order of the file.
const std::vector<PublishedRow>& PublishedNumbers();

// Rows of a CSV file with the columns of reports/published/README.md. Throws kUsage, with the line,
// for another header, a number that is none, or a confidence that is unknown.
std::vector<PublishedRow> ParsePublished(std::string_view csv);

// "resnet20_cifar" of "resnet20_cifar_a" and "resnet20_cifar_b", "mobilenetv2" of "mobilenetv2_tv":
// networks of one name that differ in details.
std::string ArchFamily(const std::string& arch);

}  // namespace zerosweep
