// Mean size of the terms of a loss's gradient, one a row. Twin: lib/reference/solver/rowslopes.ts.
#pragma once

#include <cmath>
#include <vector>

#include "../objective/objective.h"

namespace nabla {

// Of each weight the mean of |∂ℓ/∂w| at `weights`, over at most 256 rows from all over the table.
inline std::vector<double> rowSlopes(Objective& objective, const Table& table, const double* weights,
                                     size_t size) {
  constexpr size_t mostRows = 256;
  std::vector<double> mean(size), own(size);
  const size_t rows = table.count < mostRows ? table.count : mostRows;
  for (size_t i = 0; i < rows; ++i) {
    const size_t start = i * table.count / rows;
    objective.evaluate({start, 1, table.index ? table.index + start : nullptr}, weights, own.data());
    for (size_t j = 0; j < size; ++j) mean[j] += std::fabs(own[j]) / static_cast<double>(rows);
  }
  return mean;
}

}  // namespace nabla
