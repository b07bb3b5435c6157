// What ranks tell one another while a forest adapts. Nothing is sent where there is one rank only.
#include <algorithm>

#include "base/error.hpp"
#include "refine/forest_impl.hpp"

namespace petrl {

std::int64_t Forest::Impl::sum(std::int64_t value) const {
  if (size > 1) MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_SUM, base->comm);
  return value;
}

std::uint64_t Forest::Impl::largest(std::uint64_t value) const {
  if (size > 1) MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_UINT64_T, MPI_MAX, base->comm);
  return value;
}

bool Forest::Impl::anywhere(bool value) const {
  int any = value;
  if (size > 1) MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_LOR, base->comm);
  return any;
}

std::int64_t Forest::Impl::leavesBefore() const {
  std::int64_t mine = leaves(), before = 0;
  if (size > 1) MPI_Exscan(&mine, &before, 1, MPI_INT64_T, MPI_SUM, base->comm);
  return rank == 0 ? 0 : before;
}

bool Forest::Impl::shareFlags(std::vector<unsigned char> &, unsigned char, const std::function<void(int)> &) const {
  return false;
}

void Forest::Impl::shareAgreement(std::vector<int> &) const {}

}  // namespace petrl
