// Values of shared faces or vertices, swapped between the ranks that share them.
#pragma once

#include <map>
#include <vector>

#include "mesh/forest_impl.hpp"

namespace petrl {

/// For every interface: sends get(i) for each i in list(interface), then calls put(other rank, i, its value).
/// Collective over the ranks that touch.
template <typename T, typename List, typename Get, typename Put>
void exchange(const ForestBase &base, const std::vector<ForestInterface> &interfaces, const List &list, const Get &get,
              const Put &put) {
  const std::size_t n = interfaces.size();
  std::vector<std::vector<T>> mine(n), theirs(n);
  std::vector<MPI_Request> requests(2 * n);
  for (std::size_t k = 0; k < n; ++k) {
    const ForestInterface &i = interfaces[k];
    const std::vector<int> &points = list(i);
    const int bytes = static_cast<int>(points.size() * sizeof(T));
    theirs[k].resize(points.size());
    MPI_Irecv(theirs[k].data(), bytes, MPI_BYTE, i.rank, base.tag, base.comm, &requests[k]);
    mine[k].reserve(points.size());
    for (const int p : points) mine[k].push_back(get(p));
    MPI_Isend(mine[k].data(), bytes, MPI_BYTE, i.rank, base.tag, base.comm, &requests[n + k]);
  }
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  for (std::size_t k = 0; k < n; ++k) {
    const std::vector<int> &points = list(interfaces[k]);
    for (std::size_t j = 0; j < points.size(); ++j) put(interfaces[k].rank, points[j], theirs[k][j]);
  }
}

/// One list for each rank of `out`, which has this one in its own `out`: all that they send here, in the order of ranks;
/// from, if given: the rank of each. Collective over the ranks that touch.
template <typename T>
std::vector<T> swapLists(const ForestBase &base, const std::map<int, std::vector<T>> &out,
                         std::vector<int> *from = nullptr) {
  const std::size_t n = out.size();
  std::vector<int> mine(n), theirs(n);
  std::vector<MPI_Request> requests(2 * n);
  std::vector<std::vector<T>> in(n);
  std::size_t k = 0;
  for (const auto &[rank, list] : out) {
    mine[k] = static_cast<int>(list.size());
    MPI_Irecv(&theirs[k], 1, MPI_INT, rank, base.tag, base.comm, &requests[k]);
    MPI_Isend(&mine[k], 1, MPI_INT, rank, base.tag, base.comm, &requests[n + k]);
    ++k;
  }
  MPI_Waitall(static_cast<int>(2 * n), requests.data(), MPI_STATUSES_IGNORE);
  k = 0;
  const int bytes = static_cast<int>(sizeof(T));
  for (const auto &[rank, list] : out) {
    in[k].resize(theirs[k]);
    MPI_Irecv(in[k].data(), theirs[k] * bytes, MPI_BYTE, rank, base.tag, base.comm, &requests[k]);
    MPI_Isend(list.data(), mine[k] * bytes, MPI_BYTE, rank, base.tag, base.comm, &requests[n + k]);
    ++k;
  }
  MPI_Waitall(static_cast<int>(2 * n), requests.data(), MPI_STATUSES_IGNORE);
  std::vector<T> all;
  k = 0;
  for (const auto &[rank, list] : out) {
    if (from) from->insert(from->end(), in[k].size(), rank);
    all.insert(all.end(), in[k].begin(), in[k].end());
    ++k;
  }
  return all;
}

}  // namespace petrl
