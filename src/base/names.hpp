// Names that somebody may have misspelled.
#pragma once

#include <cstddef>
#include <string>

#include "base/api.hpp"

namespace petrl {

/// Letters to insert, delete or replace to get from one to the other.
PETRL_API std::size_t editDistance(const std::string &a, const std::string &b);

/// The nearest of `known` (any range of strings); "" if there is none.
template <typename Range>
std::string nearestName(const std::string &name, const Range &known) {
  std::string nearest;
  std::size_t best = std::string::npos;
  for (const std::string &candidate : known) {
    const std::size_t d = editDistance(name, candidate);
    if (d < best) best = d, nearest = candidate;
  }
  return nearest;
}

}  // namespace petrl
