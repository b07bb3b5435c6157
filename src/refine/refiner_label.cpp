// PetRLRefiner: DMAdaptLabel() in the place of the hierarchy.
#include <algorithm>
#include <cmath>

#include "mesh/tetrahedron.hpp"
#include "policy/shared_policy.hpp"
#include "refine/refiner.hpp"

namespace petrl {

namespace {

#if defined(PETSC_HAVE_MMG) || defined(PETSC_HAVE_PARMMG)
constexpr bool kCoarsens = true;
#else
constexpr bool kCoarsens = false;
#endif

/// Finds the cell that a point lies in: cells are listed in the squares of a grid.
class Locator {
 public:
  explicit Locator(const CellMesh &mesh) : mesh_(mesh), d_(mesh.dim) {
    double low[3] = {HUGE_VAL, HUGE_VAL, HUGE_VAL}, high[3] = {-HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned * mesh.slots() * d_); ++i) {
      low[i % d_] = std::min(low[i % d_], mesh.corner[i]);
      high[i % d_] = std::max(high[i % d_], mesh.corner[i]);
    }
    const int n = std::max(1, static_cast<int>(std::pow(static_cast<double>(mesh.owned), 1. / d_)));
    for (int i = 0; i < d_; ++i) {
      low_[i] = low[i];
      n_[i] = n;
      scale_[i] = high[i] > low[i] ? n / (high[i] - low[i]) : 0;
    }
    list_.resize(static_cast<std::size_t>(n_[0] * n_[1] * n_[2]));
    for (int c = 0; c < mesh.owned; ++c) {
      int first[3] = {0, 0, 0}, last[3] = {0, 0, 0};
      for (int i = 0; i < d_; ++i) {
        double a = HUGE_VAL, b = -HUGE_VAL;
        for (int k = 0; k < mesh.slots(); ++k) {
          const double x = mesh.corner[(c * mesh.slots() + k) * d_ + i];
          a = std::min(a, x);
          b = std::max(b, x);
        }
        first[i] = place(i, a);
        last[i] = place(i, b);
      }
      for (int k = first[2]; k <= last[2]; ++k)
        for (int j = first[1]; j <= last[1]; ++j)
          for (int i = first[0]; i <= last[0]; ++i) list_[(k * n_[1] + j) * n_[0] + i].push_back(c);
    }
  }

  /// -1 if it lies in none; weights: of the corners.
  int find(const double *x, double *weights) const {
    int at = 0;
    for (int i = d_ - 1; i >= 0; --i) at = at * n_[i] + place(i, x[i]);
    const std::vector<int> &near = list_[at];
    int best = -1;
    double least = -1e-9, w[4];
    for (const int c : near) {
      barycentric(c, x, w);
      const double smallest = *std::min_element(w, w + mesh_.slots());
      if (smallest <= least) continue;
      best = c;
      least = smallest;
      std::copy(w, w + mesh_.slots(), weights);
    }
    return best;
  }

 private:
  int place(int i, double x) const {
    return std::min(std::max(static_cast<int>((x - low_[i]) * scale_[i]), 0), n_[i] - 1);
  }
  void barycentric(int c, const double *x, double *w) const {
    const double *const p = &mesh_.corner[c * mesh_.slots() * d_];
    if (d_ == 1) {
      w[1] = (x[0] - p[0]) / (p[1] - p[0]);
      w[0] = 1 - w[1];
      return;
    }
    if (d_ == 3) {
      for (int k = 0; k < 4; ++k) {
        double y[12];
        std::copy(p, p + 12, y);
        std::copy(x, x + 3, y + 3 * k);
        w[k] = tetDeterminant(y) / (6 * mesh_.volume[c]);
      }
      return;
    }
    const double area = 2 * mesh_.volume[c];
    for (int k = 0; k < 3; ++k) {
      const double *const a = p + 2 * ((k + 1) % 3), *const b = p + 2 * ((k + 2) % 3);
      w[k] = ((a[0] - x[0]) * (b[1] - x[1]) - (b[0] - x[0]) * (a[1] - x[1])) / area;
    }
  }

  const CellMesh &mesh_;
  int d_, n_[3] = {1, 1, 1};
  double low_[3] = {0, 0, 0}, scale_[3] = {0, 0, 0};
  std::vector<std::vector<int>> list_;
};

// New cells that are parts of old ones; whether all are.
bool findParents(const CellMesh &old, const CellMesh &mesh, Passage &p) {
  const Locator locator(old);
  std::vector<double> left = old.volume;
  double w[4];
  p.lineage.count.assign(mesh.owned, 1);
  p.lineage.first.resize(mesh.owned);
  for (int c = 0; c < mesh.owned; ++c) {
    const int parent = locator.find(&mesh.centre[c * mesh.dim], w);
    if (parent < 0) return false;
    p.lineage.first[c] = parent;
    left[parent] -= mesh.volume[c];
  }
  for (int c = 0; c < old.owned; ++c)
    if (std::abs(left[c]) > 1e-9 * old.volume[c]) return false;
  p.centre.assign(mesh.centre.begin(), mesh.centre.begin() + mesh.owned * mesh.dim);
  p.level.assign(mesh.level.begin(), mesh.level.begin() + mesh.owned);
  return true;
}

// The label as the adaptor needs it: ghosts marked as their owners mark them. `any` is over all ranks.
PetscErrorCode Complete(PetRLRefiner refiner, DMLabel label, DMLabel *complete, bool *any) {
  RefinerData &r = *refiner->data;
  RefinerMesh &mesh = *r.mesh;
  std::vector<double> mark;
  int counts[2] = {0, 0};

  PetscFunctionBegin;
  PetRLCallCXX(mark.assign(mesh.cells.cells, DM_ADAPT_KEEP));
  for (int c = 0; c < mesh.cells.owned; ++c) {
    PetscInt value = DM_ADAPT_KEEP;
    if (label) PetscCall(DMLabelGetValue(label, mesh.points[c], &value));
    if (value == DM_ADAPT_REFINE) ++counts[0], mark[c] = value;
    if (value == DM_ADAPT_COARSEN) ++counts[1], mark[c] = kCoarsens ? DM_ADAPT_COARSEN : DM_ADAPT_KEEP;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, counts, 2, MPI_INT, MPI_MAX, PetscObjectComm((PetscObject)refiner)));
  if (counts[1] > 0 && !kCoarsens && !r.said_coarsening) {
    r.said_coarsening = true;
    PetscCall(
        PetscPrintf(PetscObjectComm((PetscObject)refiner),
                    "PetRLRefiner: DMAdaptLabel() of this PETSc (no MMG, no ParMMG) coarsens no simplices: wishes to "
                    "coarsen are left out (reported once)\n"));
  }
  *any = counts[0] > 0 || (kCoarsens && counts[1] > 0);
  PetscCall(mesh.halo.fill(MPI_DOUBLE, 1, mark.data()));
  PetscCall(DMLabelCreate(PETSC_COMM_SELF, "adapt", complete));
  PetscCall(DMLabelSetDefaultValue(*complete, DM_ADAPT_KEEP));
  for (const PetscInt value : {DM_ADAPT_REFINE, DM_ADAPT_COARSEN}) {
    std::vector<PetscInt> points;
    IS is;
    for (int c = 0; c < mesh.cells.cells; ++c)
      if (static_cast<PetscInt>(mark[c]) == value) PetRLCallCXX(points.push_back(mesh.points[c]));
    std::sort(points.begin(), points.end());
    PetscCall(
        ISCreateGeneral(PETSC_COMM_SELF, static_cast<PetscInt>(points.size()), points.data(), PETSC_COPY_VALUES, &is));
    PetscCall(DMLabelSetStratumIS(*complete, value, is));
    PetscCall(ISDestroy(&is));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerAdaptLabel(PetRLRefiner refiner, DMLabel label, DM *newdm) {
  RefinerData &r = *refiner->data;
  DMLabel complete;
  DM adapted = NULL;
  bool any = false;
  int changed;
  auto mesh = std::make_unique<RefinerMesh>();
  auto passage = std::make_unique<Passage>();

  PetscFunctionBegin;
  PetscCall(Complete(refiner, label, &complete, &any));
  if (any) PetscCall(DMAdaptLabel(r.mesh->dm, complete, &adapted));
  PetscCall(DMLabelDestroy(&complete));
  if (!adapted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(RefinerPlainMesh(refiner, adapted, *mesh));
  changed = mesh->cells.owned != r.mesh->cells.owned || mesh->cells.centre != r.mesh->cells.centre;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &changed, 1, MPI_INT, MPI_MAX, PetscObjectComm((PetscObject)refiner)));
  if (!changed) {
    PetscCall(DMDestroy(&adapted));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetRLCallCXX(passage->nested = findParents(r.mesh->cells, mesh->cells, *passage));
  PetscCall(DMSetLocalSection(adapted, NULL));
  PetscCall(DMClearFields(adapted));
  r.before = std::move(r.mesh);
  r.mesh = std::move(mesh);
  r.passage = std::move(passage);
  PetscCall(DMLabelDestroy(&r.decided));
  ++r.remeshes;
  *newdm = adapted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerInterpolateVertices(PetRLRefiner refiner, PetscInt width, const std::vector<double> &old_values,
                                          std::vector<double> &new_values) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;

  PetscFunctionBegin;
  // A vertex that is not found is one rank's trouble.
  PetscCall(onEveryRank(PetscObjectComm((PetscObject)refiner), [&] {
    const Locator locator(r.before->cells);
    new_values.assign(static_cast<std::size_t>(m.vertices * width), 0.);
    for (int k = 0; k < m.owned * m.slots(); ++k) {
      double weight[4];
      const int parent = locator.find(&m.corner[k * m.dim], weight);
      if (parent < 0) throw Error("a new vertex lies in no old cell of its rank", PETSC_ERR_SUP);
      double *const to = &new_values[static_cast<std::size_t>(m.vertex[k] * width)];
      std::fill(to, to + width, 0.);
      for (int s = 0; s < m.slots(); ++s)
        for (PetscInt w = 0; w < width; ++w)
          to[w] += weight[s] *
                   old_values[static_cast<std::size_t>(r.before->cells.vertex[parent * m.slots() + s] * width + w)];
    }
  }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
