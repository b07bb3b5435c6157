#include "learn/refine/explorer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace petrl {

void RefinementExplorer::operator()(const CellMesh &mesh, std::int64_t first, std::vector<signed char> &marks) {
  constexpr double kDeviation = .03;  // share of cells
  const auto d = static_cast<std::size_t>(mesh.dim), n = static_cast<std::size_t>(mesh.owned);
  // As many numbers whatever comes of them.
  const double all = rng_.uniform(), size = rng_.uniform(), around = rng_.uniform();
  double middle[3] = {rng_.uniform(), rng_.uniform(), 0};
  if (d == 3) middle[2] = rng_.uniform();
  const std::uint64_t seed = rng_.next();
  if (all >= explore_) {
    for (std::size_t i = 0; i < n; ++i) {
      learn::Rng own(seed + static_cast<std::uint64_t>(first) + i);
      if (own.uniform() < kDeviation) marks[i] = static_cast<signed char>(static_cast<int>(own.below(3)) - 1);
    }
    return;
  }
  double ends[6];
  std::fill_n(ends, 6, -std::numeric_limits<double>::max());
  for (std::size_t k = 0; k < n * d; ++k) {
    ends[k % d] = std::max(ends[k % d], mesh.centre[k]);
    ends[3 + k % d] = std::max(ends[3 + k % d], -mesh.centre[k]);
  }
  MPI_Allreduce(MPI_IN_PLACE, ends, 6, MPI_DOUBLE, MPI_MAX, comm_);
  double extent = 0;
  for (std::size_t i = 0; i < d; ++i) {
    const double length = ends[i] + ends[3 + i];
    middle[i] = middle[i] * length - ends[3 + i];
    extent = std::max(extent, length);
  }
  const double radius = .3 * size * extent;
  for (std::size_t i = 0; i < n; ++i) {
    double square = 0;
    for (std::size_t k = 0; k < d; ++k) square += std::pow(mesh.centre[i * d + k] - middle[k], 2);
    marks[i] = square < radius * radius ? 1 : around < .5 ? -1 : 0;
  }
}

}  // namespace petrl
