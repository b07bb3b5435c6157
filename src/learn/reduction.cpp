#include "learn/reduction.hpp"

#include <cmath>
#include <numeric>

#include "base/error.hpp"

namespace petrl::learn {

static void checkMpi(int status, const char *what) {
  if (status != MPI_SUCCESS) throw Error(std::string(what) + " failed", PETSC_ERR_MPI);
}

Reduction::Reduction() {
  int initialised = 0;
  MPI_Initialized(&initialised);
  if (initialised == 0 || PETSC_COMM_WORLD == MPI_COMM_NULL) return;
  comm_ = PETSC_COMM_WORLD;
  checkMpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
  checkMpi(MPI_Comm_size(comm_, &ranks_), "MPI_Comm_size");
}

void Reduction::sum(std::vector<float> &values) const {
  if (ranks_ == 1) return;
  checkMpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_FLOAT, MPI_SUM, comm_),
           "MPI_Allreduce");
}

void Reduction::sum(std::vector<double> &values) const {
  if (ranks_ == 1) return;
  checkMpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM, comm_),
           "MPI_Allreduce");
}

std::int64_t Reduction::largest(std::int64_t value) const {
  if (ranks_ > 1) checkMpi(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_MAX, comm_), "MPI_Allreduce");
  return value;
}

void Reduction::largest(std::vector<double> &values) const {
  if (ranks_ == 1) return;
  checkMpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_MAX, comm_),
           "MPI_Allreduce");
}

template <typename T>
static std::vector<T> gatherAs(MPI_Datatype type, const std::vector<T> &values, std::vector<std::int64_t> &counts,
                               MPI_Comm comm, int rank, int ranks) {
  const auto n = static_cast<std::size_t>(ranks);
  counts.assign(n, static_cast<std::int64_t>(values.size()));
  if (ranks == 1) return values;
  const auto own = static_cast<std::int64_t>(values.size());
  checkMpi(MPI_Gather(&own, 1, MPI_INT64_T, counts.data(), 1, MPI_INT64_T, 0, comm), "MPI_Gather");
  std::vector<int> lengths(n), offsets(n);
  std::vector<T> all;
  if (rank == 0) {
    for (std::size_t r = 0; r < n; ++r) lengths[r] = static_cast<int>(counts[r]);
    std::partial_sum(lengths.begin(), lengths.end() - 1, offsets.begin() + 1);
    all.resize(static_cast<std::size_t>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0})));
  }
  checkMpi(MPI_Gatherv(values.data(), static_cast<int>(own), type, all.data(), lengths.data(), offsets.data(), type, 0,
                       comm),
           "MPI_Gatherv");
  return all;
}

std::vector<float> Reduction::gather(const std::vector<float> &values, std::vector<std::int64_t> &counts) const {
  return gatherAs(MPI_FLOAT, values, counts, comm_, rank_, ranks_);
}

std::vector<std::int64_t> Reduction::gather(const std::vector<std::int64_t> &values,
                                            std::vector<std::int64_t> &counts) const {
  return gatherAs(MPI_INT64_T, values, counts, comm_, rank_, ranks_);
}

void averageGradient(const Reduction &reduction, std::vector<float> &gradient, double weight,
                     std::vector<double> &terms) {
  if (reduction.ranks() == 1) return;
  const auto factor = static_cast<float>(weight);
  const std::size_t n = gradient.size();
  std::vector<float> flat(n);
  for (std::size_t i = 0; i < n; ++i) flat[i] = gradient[i] * factor;
  flat.push_back(factor);
  for (const double term : terms) flat.push_back(factor * static_cast<float>(term));
  reduction.sum(flat);
  const float total = flat[n];
  for (std::size_t i = 0; i < n; ++i) gradient[i] = flat[i] / total;
  for (std::size_t k = 0; k < terms.size(); ++k) terms[k] = static_cast<double>(flat[n + 1 + k] / total);
}

}  // namespace petrl::learn
