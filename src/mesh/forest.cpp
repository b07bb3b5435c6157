#include "mesh/forest.hpp"

#include <type_traits>

#include "base/error.hpp"
#include "mesh/forest_impl.hpp"

namespace petrl {

Forest::Impl::Impl(BaseMesh base_mesh, MPI_Comm user_comm) : comm(user_comm) {
  std::vector<BaseLabel> base_labels = std::move(base_mesh.labels);
  base = std::make_shared<ForestBase>(std::move(base_mesh), user_comm);
  labels = std::make_shared<ForestLabels>(*base, std::move(base_labels));
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const int trees = base->mesh.cells();
  bounds.resize(size + 1);
  for (int r = 0; r <= size; ++r) bounds[r] = static_cast<int>(static_cast<std::int64_t>(trees) * r / size);
  std::vector<int> number(base->mesh.vertices, -1);
  for (int t = bounds[rank]; t < bounds[rank + 1]; ++t)
    if (dim() == 3)
      tet.push_back(plant<Tetrahedron>(base->order[t], number));
    else
      leaf.push_back(plant<Leaf>(base->order[t], number));
  connect();
}

Leaf Forest::Impl::root(int cell) const {
  const int d = dim();
  Leaf l{};
  l.base = cell;
  l.v[2] = l.side[2] = -1;
  for (int k = 0; k <= d; ++k) {
    double x[2] = {0, 0};
    for (int i = 0; i < d; ++i) x[i] = base->mesh.corner[(cell * (d + 1) + k) * d + i];
    setCorner(l, k, base->mesh.cell[cell * (d + 1) + k], x);
    l.side[k] = static_cast<signed char>(k);
  }
  return l;
}

Tetrahedron Forest::Impl::rootTet(int cell) const {
  const ForestBase::FirstShape &first = base->first_shape[cell];
  Tetrahedron t{};
  t.base = cell;
  t.type = first.type;
  t.odd = first.odd;
  for (int k = 0; k < 4; ++k) {
    const int at = cell * 4 + first.corner[k];
    t.v[k] = base->mesh.cell[at];
    t.mask[k] = static_cast<unsigned char>(1 << first.corner[k]);
    for (int i = 0; i < 3; ++i) t.x[k][i] = base->mesh.corner[at * 3 + i];
  }
  return t;
}

template <typename Any>
Any Forest::Impl::plant(int cell, std::vector<int> &number) {
  Any l;
  if constexpr (std::is_same_v<Any, Leaf>)
    l = root(cell);
  else
    l = rootTet(cell);
  for (int k = 0; k < slots(); ++k) {
    int &v = number[l.v[k]];
    if (v < 0) {
      v = nodes();
      node.push_back({-2 - l.v[k], 0});
    }
    l.v[k] = v;
  }
  return l;
}

template Leaf Forest::Impl::plant<Leaf>(int cell, std::vector<int> &number);
template Tetrahedron Forest::Impl::plant<Tetrahedron>(int cell, std::vector<int> &number);

Forest::Forest(BaseMesh base, MPI_Comm comm) : impl_(std::make_unique<Impl>(std::move(base), comm)) {}
Forest::~Forest() = default;
Forest::Forest(const Forest &other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
Forest &Forest::operator=(const Forest &other) {
  *impl_ = *other.impl_;
  return *this;
}

int Forest::leaves() const {
  return impl_->leaves();
}
std::int64_t Forest::globalLeaves() const {
  return impl_->sum(impl_->leaves());
}
const std::vector<int> &Forest::levels() const {
  return impl_->level;
}
MPI_Comm Forest::comm() const {
  return impl_->comm;
}
const VertexLineage &Forest::vertexLineage() const {
  return impl_->vertices;
}
bool Forest::balance(std::vector<double> &data, int width) {
  return impl_->balance(data, width);
}
void Forest::relabel(std::vector<BaseLabel> labels) {
  impl_->labels = std::make_shared<ForestLabels>(*impl_->base, std::move(labels));
}
CellMesh Forest::mesh() const {
  return impl_->mesh();
}

double Forest::imbalance() const {
  std::int64_t most = impl_->leaves();
  if (impl_->size > 1) MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_INT64_T, MPI_MAX, impl_->base->comm);
  return static_cast<double>(most) * impl_->size / static_cast<double>(globalLeaves());
}

std::vector<int> Forest::baseCells() const {
  return impl_->withLeaves([](const auto &leaves) {
    std::vector<int> cells;
    cells.reserve(leaves.size());
    for (const auto &l : leaves) cells.push_back(l.base);
    return cells;
  });
}

Lineage Forest::adapt(const std::vector<signed char> &marks, const ForestLimits &limits,
                      const std::vector<float> &priority) {
  return impl_->adapt(marks, limits, priority);
}

Lineage Forest::adaptEdges(const std::vector<char> &bisect, const std::vector<char> &vanish,
                           const ForestLimits &limits) {
  return impl_->adaptEdges(bisect, vanish, limits);
}

}  // namespace petrl
