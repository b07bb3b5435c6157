// Vertex values from one mesh to the next on several ranks: what each rank adds to a vertex is summed at its owner.
#include <algorithm>

#include "refine/refiner.hpp"

namespace petrl {

namespace {

class VertexSums {
 public:
  VertexSums() = default;
  ~VertexSums() { (void)PetscSFDestroy(&sf_); }
  VertexSums(const VertexSums &) = delete;
  VertexSums &operator=(const VertexSums &) = delete;

  PetscErrorCode setUp(DM dm) {
    PetscSF points;
    PetscInt start, end, leaves;
    const PetscInt *local;

    PetscFunctionBegin;
    PetscCall(DMGetPointSF(dm, &points));
    PetscCall(DMPlexGetChart(dm, NULL, &chart_));
    PetscCall(DMPlexGetDepthStratum(dm, 0, &start, &end));
    PetscCall(PetscSFGetGraph(points, NULL, &leaves, &local, NULL));
    std::vector<PetscInt> chosen;
    PetRLCallCXX(ghost_.assign(end - start, false));
    for (PetscInt i = 0; i < leaves; ++i) {
      const PetscInt p = local ? local[i] : i;
      if (p < start || p >= end) continue;
      PetRLCallCXX(chosen.push_back(i));
      ghost_[p - start] = true;
    }
    PetscCall(PetscSFCreateEmbeddedLeafSF(points, static_cast<PetscInt>(chosen.size()), chosen.data(), &sf_));
    first_ = start;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  bool owned(int vertex) const { return !ghost_[vertex]; }
  /// Values of vertices become sums over all ranks, wherever they are seen.
  PetscErrorCode sum(int width, std::vector<double> &values) {
    std::vector<double> sums, mine;

    PetscFunctionBegin;
    const std::size_t n = values.size() / width;
    PetRLCallCXX(sums.resize(chart_));
    for (int w = 0; w < width; ++w) {  // PETSc reduces no rows
      std::fill(sums.begin(), sums.end(), 0.);
      for (std::size_t v = 0; v < n; ++v) sums[first_ + v] = values[v * width + w];
      PetRLCallCXX(mine = sums);
      PetscCall(PetscSFReduceBegin(sf_, MPI_DOUBLE, mine.data(), sums.data(), MPI_SUM));
      PetscCall(PetscSFReduceEnd(sf_, MPI_DOUBLE, mine.data(), sums.data(), MPI_SUM));
      PetscCall(PetscSFBcastBegin(sf_, MPI_DOUBLE, sums.data(), sums.data(), MPI_REPLACE));
      PetscCall(PetscSFBcastEnd(sf_, MPI_DOUBLE, sums.data(), sums.data(), MPI_REPLACE));
      for (std::size_t v = 0; v < n; ++v) values[v * width + w] = sums[first_ + v];
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }

 private:
  PetscSF sf_ = NULL;
  PetscInt chart_ = 0, first_ = 0;
  std::vector<bool> ghost_;
};

}  // namespace

PetscErrorCode RefinerTransferVertices(const RefinerMesh &from, const VertexLineage &lineage, PetscInt width,
                                       const std::vector<double> &old_values, std::vector<double> &new_values) {
  const CellMesh &m = from.cells;
  const int slots = m.slots(), w = static_cast<int>(width);
  VertexSums sums;
  std::vector<double> mass, extra, corrected;

  PetscFunctionBegin;
  PetscCall(sums.setUp(from.dm));
  // Lumped masses: all cells around the corners of owned ones are here.
  PetRLCallCXX(mass.assign(m.vertices, 0.); extra.assign(m.vertices, 0.); corrected.assign(old_values.size(), 0.));
  for (int k = 0; k < m.cells * slots; ++k) mass[m.vertex[k]] += m.volume[k / slots] / slots;
  for (const auto &r : lineage.removed) {
    if (!sums.owned(r.vertex)) continue;
    extra[r.a] += 0.5 * mass[r.vertex];
    extra[r.b] += 0.5 * mass[r.vertex];
  }
  PetscCall(sums.sum(1, extra));
  for (const auto &r : lineage.removed) {
    if (!sums.owned(r.vertex)) continue;
    const double share = mass[r.vertex] / (mass[r.a] + extra[r.a] + mass[r.b] + extra[r.b]);
    for (int i = 0; i < w; ++i) {
      const double lost =
          share * (old_values[r.vertex * w + i] - 0.5 * (old_values[r.a * w + i] + old_values[r.b * w + i]));
      corrected[r.a * w + i] += lost;
      corrected[r.b * w + i] += lost;
    }
  }
  PetscCall(sums.sum(w, corrected));
  for (std::size_t i = 0; i < corrected.size(); ++i) corrected[i] += old_values[i];
  for (std::size_t v = 0; v < lineage.a.size(); ++v)
    for (int i = 0; i < w; ++i)
      new_values[v * w + i] = 0.5 * (corrected[lineage.a[v] * w + i] + corrected[lineage.b[v] * w + i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
