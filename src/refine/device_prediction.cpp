#include "refine/device_prediction.hpp"

#include <limits>

#include "base/error.hpp"
#include "mesh/gradient_kernel.hpp"
#include "refine/observation_kernels.hpp"

namespace petrl {

namespace {

constexpr int kMostRows = 16;  // that a policy observes of a cell or of a face

struct MeanOf {
  const PetscReal *from;
  const PetscInt *offset;
  int each;
  PetscInt component;
  double *to;
  PETRL_BOTH void operator()(std::ptrdiff_t c) const {
    double sum = 0;
    for (int k = 0; k < each; ++k) sum += static_cast<double>(from[offset[c * each + k] + component]);
    to[c] = sum / each;
  }
};

struct SetTo {
  double value;
  double *to;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { to[i] = value; }
};

struct MoveFeature {
  kernels::CellField field;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { kernels::moveFeature(field, i); }
};

// The observables by their kind, see nodeObservables() and edgeObservables().
PETRL_BOTH float ofCell(int kind, const kernels::CellFeatures &c) {
  switch (kind) {
    case 0:
      return kernels::change(c);
    case 1:
      return kernels::tendency(c);
    case 2:
      return kernels::roughness(c);
    case 3:
      return kernels::displacement(c);
    default:
      return kernels::onBoundary(c);
  }
}

PETRL_BOTH float ofFace(int kind, const kernels::FaceFeatures &e) {
  switch (kind) {
    case 0:
      return kernels::difference(e);
    case 1:
      return kernels::approach(e);
    case 2:
      return kernels::excess(e);
    case 3:
      return kernels::levelStep(e);
    default:
      return kernels::alignment(e);
  }
}

struct Observe {
  kernels::CellField field;
  int nodes, edges, node_kind[kMostRows], edge_kind[kMostRows];
  float *node, *edge;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    kernels::CellFeatures c = kernels::cellFeatures(field, i);
    const int slots = field.dim + 1;
    for (int s = 0; s < slots; ++s) {
      const kernels::FaceFeatures e = kernels::faceFeatures(field, i, s);
      kernels::addNeighbour(c, e);
      for (int k = 0; k < edges; ++k) edge[(i * slots + s) * edges + k] = ofFace(edge_kind[k], e);
    }
    for (int k = 0; k < nodes; ++k) node[i * nodes + k] = ofCell(node_kind[k], c);
  }
};

struct AddDifference {
  const float *out;
  float *difference;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { difference[i] += RefinementScale::difference(out[i]); }
};

template <class T>
PetscErrorCode Upload(device::Space space, const std::vector<T> &from, device::Array<T> &to) {
  PetscFunctionBegin;
  PetscCall(to.resize(space, from.size()));
  PetscCall(to.set(from.data()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

bool DevicePrediction::serves(const RefinementPolicy &policy) {
  const RefinementObservation &o = policy.observation();
  return dynamic_cast<const GraphNetwork *>(&policy.network()) != nullptr && o.nodeRows().size() <= kMostRows &&
         o.edgeRows().size() <= kMostRows;
}

PetscErrorCode DevicePrediction::setUp(device::Space space, const RefinementPolicy &policy, const CellMesh &mesh) {
  const RefinementObservation &o = policy.observation();

  PetscFunctionBegin;
  space_ = space;
  policy_ = &policy;
  dim_ = mesh.dim;
  PetRLCallCXX(network_ = std::make_unique<GraphDevice>(dynamic_cast<const GraphNetwork &>(policy.network())));
  PetscCall(network_->setUp(space));
  PetscCall(Upload(space, mesh.neighbour, neighbour_));
  PetscCall(Upload(space, mesh.level, level_));
  PetscCall(Upload(space, mesh.volume, volume_));
  PetscCall(Upload(space, mesh.towards, towards_));
  graph_ = Graph{mesh.owned, mesh.cells, mesh.slots(), neighbour_.data()};
  PetscCall(gradient_.resize(space, cells() * static_cast<std::size_t>(dim_)));
  PetscCall(move_.resize(space, cells() * static_cast<std::size_t>(dim_)));
  PetscCall(node_.resize(space, owned() * o.nodeRows().size()));
  PetscCall(edge_.resize(space, owned() * static_cast<std::size_t>(mesh.slots()) * o.edgeRows().size()));
  PetscCall(out_.resize(space, 2 * owned()));
  PetscCall(difference_.resize(space, 2 * owned()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DevicePrediction::begin(std::size_t fields) {
  const std::vector<float> zeros(difference_.size(), 0.f);

  PetscFunctionBegin;
  PetscCall(difference_.set(zeros.data()));
  fields_ = fields;
  PetscCall(value_.resize(space_, cells() * fields));
  PetscCall(rate_.resize(space_, cells() * fields));
  PetscCall(extremes_.setUp(space_, 2 * fields));
  PetscCall(device::forEach(space_, static_cast<std::ptrdiff_t>(rate_.size()), SetTo{0, rate_.data()}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DevicePrediction::take(bool rate, std::size_t field, const PetscReal *from,
                                      const device::Array<PetscInt> &offset, int each, int count, PetscInt component) {
  double *const to = (rate ? rate_ : value_).data() + field * cells();

  PetscFunctionBegin;
  PetscCall(device::forEach(space_, count, MeanOf{from, offset.data(), each, component, to}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DevicePrediction::reach(double *reached, bool *finite) {
  const double *found = nullptr;
  const auto n = static_cast<std::ptrdiff_t>(owned()), stride = static_cast<std::ptrdiff_t>(cells());

  PetscFunctionBegin;
  *finite = true;
  for (std::size_t k = 0; k < fields_; ++k)
    reached[2 * k] = std::numeric_limits<double>::max(), reached[2 * k + 1] = -std::numeric_limits<double>::max();
  if (n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(extremes_.compute(0, fields_, value_.data(), n, stride));
  PetscCall(extremes_.compute(fields_, fields_, rate_.data(), n, stride));
  PetscCall(extremes_.get(&found));
  for (std::size_t k = 0; k < 2 * fields_; ++k, found += 3) {
    *finite = *finite && found[2] == 0;
    if (k < fields_) reached[2 * k] = found[0], reached[2 * k + 1] = found[1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DevicePrediction::observe(std::size_t field, bool rates, double range, double interval,
                                         const Exchange &exchange) {
  const RefinementObservation &o = policy_->observation();
  const auto n = static_cast<std::ptrdiff_t>(owned());
  double *const value = value_.data() + field * cells(), *const rate = rate_.data() + field * cells();

  PetscFunctionBegin;
  if (exchange) PetscCall(exchange(sizeof(double), 1, value));
  if (exchange && rates) PetscCall(exchange(sizeof(double), 1, rate));
  if (dim_ == 1)
    PetscCall(device::forEach(space_, n,
                              kernels::LeastSquares<1>{neighbour_.data(), towards_.data(), value, gradient_.data()}));
  else if (dim_ == 2)
    PetscCall(device::forEach(space_, n,
                              kernels::LeastSquares<2>{neighbour_.data(), towards_.data(), value, gradient_.data()}));
  else
    PetscCall(device::forEach(space_, n,
                              kernels::LeastSquares<3>{neighbour_.data(), towards_.data(), value, gradient_.data()}));
  if (exchange) PetscCall(exchange(sizeof(double), dim_, gradient_.data()));
  Observe work{};
  work.field = {dim_, neighbour_.data(), level_.data(), volume_.data(), towards_.data(), value,
                rate, gradient_.data(),  move_.data(),  range,          interval};
  PetscCall(device::forEach(space_, static_cast<std::ptrdiff_t>(cells()), MoveFeature{work.field}));
  for (const RefinementObservable *row : o.nodeRows()) work.node_kind[work.nodes++] = row->kind;
  for (const RefinementObservable *row : o.edgeRows()) work.edge_kind[work.edges++] = row->kind;
  work.node = node_.data(), work.edge = edge_.data();
  PetscCall(device::forEach(space_, n, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DevicePrediction::infer(const Exchange &exchange) {
  const GraphDevice::Exchange rows = [&](float *values, int width) { return exchange(sizeof(float), width, values); };

  PetscFunctionBegin;
  PetscCall(
      network_->evaluate(graph_, node_.data(), edge_.data(), out_.data(), exchange ? rows : GraphDevice::Exchange()));
  PetscCall(device::forEach(space_, static_cast<std::ptrdiff_t>(out_.size()),
                            AddDifference{out_.data(), difference_.data()}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DevicePrediction::observed(std::vector<float> &rows) const {
  PetscFunctionBegin;
  PetRLCallCXX(rows.resize(node_.size()));
  PetscCall(node_.get(rows.data()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DevicePrediction::predicted(std::vector<float> &differences) const {
  PetscFunctionBegin;
  PetRLCallCXX(differences.resize(difference_.size()));
  PetscCall(difference_.get(differences.data()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
