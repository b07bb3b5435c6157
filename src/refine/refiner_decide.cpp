// PetRLRefiner: from a solution to a decision.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "mesh/cell_gradient.hpp"
#include "refine/refiner.hpp"

namespace petrl {

namespace {

// Which components count, of `width`.
PetscErrorCode Components(PetRLRefiner refiner, PetscInt width, std::vector<PetscInt> &components) {
  RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  PetRLCallCXX(components = r.components);
  for (const PetscInt k : components)
    PetscCheck(k < width, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
               "%s: found %" PetscInt_FMT ", expected less than %" PetscInt_FMT
               ", the number of unknowns in a cell or at a vertex",
               RefinerOption(refiner, "refiner_components").c_str(), k, width);
  if (components.empty())
    for (PetscInt k = 0; k < width; ++k) PetRLCallCXX(components.push_back(k));
  const std::vector<PetscInt> unknowns = std::exchange(components, {});
  for (const PetscInt k : unknowns)
    for (PetscInt part = 0; part < FieldLayout::kReals; ++part)
      PetRLCallCXX(components.push_back(k * FieldLayout::kReals + part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Means over owned cells of all components, `width` a cell.
PetscErrorCode CellValues(PetRLRefiner refiner, Vec u, bool rate, FieldLayout *layout, std::vector<double> &values) {
  RefinerData &r = *refiner->data;
  const RefinerMesh &mesh = *r.mesh;
  const char *const what = rate ? "The rate" : "The solution";
  DM dm;

  PetscFunctionBegin;
  PetscCall(RefinerVecDM(refiner, u, mesh, what, &dm));
  PetscCall(RefinerLayout(dm, what, layout));
  PetRLCallCXX(values.resize(static_cast<std::size_t>(mesh.cells.cells * layout->reals())));
  if (!layout->vertices) {
    PetscCall(RefinerGetCells(dm, u, mesh, layout->reals(), values.data()));
  } else {
    std::vector<double> vertices;
    PetscCall(RefinerGetVertices(refiner, dm, u, layout->reals(), rate, vertices));
    // Cells of a DM by DMAdaptLabel() may be in any order: a mesh's vertices are the DM's all the same.
    RefinerMeans(mesh.cells, layout->reals(), vertices, values.data());
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Values, rates and gradients of all cells, of the components that count. range: one a component, over all ranks.
PetscErrorCode Fields(PetRLRefiner refiner, Vec u, Vec udot, FieldLayout &layout, std::vector<double> &range,
                      bool *finite) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  std::vector<PetscInt> components;
  std::vector<double> ends;

  PetscFunctionBegin;
  PetscCall(CellValues(refiner, u, false, &layout, r.rows));
  PetscCall(Components(refiner, layout.width, components));
  const std::size_t n = components.size(), cells = static_cast<std::size_t>(m.cells), dim = m.dim,
                    width = static_cast<std::size_t>(layout.reals()), owned = static_cast<std::size_t>(m.owned);
  const auto pick = [&](std::vector<std::vector<double>> &to) {
    to.resize(n);
    for (std::size_t k = 0; k < n; ++k) {
      to[k].resize(cells);
      for (std::size_t c = 0; c < owned; ++c) to[k][c] = r.rows[c * width + components[k]];
    }
  };
  PetRLCallCXX(pick(r.value));
  if (udot) {
    FieldLayout same;
    PetscCall(CellValues(refiner, udot, true, &same, r.rows));
    PetscCheck(same.width == layout.width, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_INCOMP,
               "The rate has %" PetscInt_FMT " unknowns in a cell, expected %" PetscInt_FMT " as the solution",
               same.width, layout.width);
    PetRLCallCXX(pick(r.rate));
  } else {
    PetRLCallCXX(r.rate.assign(n, std::vector<double>(cells, 0.)));
  }
  // Ends of the ranges, and whether anything is not finite, in one reduction.
  PetRLCallCXX(ends.assign(2 * n + 1, -std::numeric_limits<double>::max()));
  ends[2 * n] = 0;
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t c = 0; c < owned; ++c) {
      ends[2 * k] = std::max(ends[2 * k], r.value[k][c]);
      ends[2 * k + 1] = std::max(ends[2 * k + 1], -r.value[k][c]);
      if (!std::isfinite(r.value[k][c]) || !std::isfinite(r.rate[k][c])) ends[2 * n] = 1;
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, ends.data(), static_cast<PetscMPIInt>(ends.size()), MPI_DOUBLE, MPI_MAX,
                             PetscObjectComm((PetscObject)refiner)));
  *finite = ends[2 * n] == 0;
  if (!*finite) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(range.resize(n); r.gradient.resize(n));
  for (std::size_t k = 0; k < n; ++k) {
    range[k] = ends[2 * k] + ends[2 * k + 1];
    PetscCall(r.mesh->halo.fill(MPI_DOUBLE, 1, r.value[k].data()));
    if (udot) PetscCall(r.mesh->halo.fill(MPI_DOUBLE, 1, r.rate[k].data()));
    PetRLCallCXX(r.gradient[k].resize(cells * dim));
    leastSquaresGradient(m, r.value[k].data(), r.gradient[k].data());
    PetscCall(r.mesh->halo.fill(MPI_DOUBLE, m.dim, r.gradient[k].data()));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Least and most of what the policy observes in cells, on this rank, of one component more: negative least values, then
// most ones.
void noteObserved(const RefinementPolicy &policy, std::size_t names, std::vector<double> &ends) {
  ends.resize(2 * names, -std::numeric_limits<double>::max());
  const std::vector<float> &rows = policy.observation().node();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double &least = ends[i % names], &most = ends[names + i % names];
    least = std::max(least, -static_cast<double>(rows[i]));
    most = std::max(most, static_cast<double>(rows[i]));
  }
}

// What is outside of the policy's training is said once.
PetscErrorCode WarnOutside(PetRLRefiner refiner, const FieldLayout &layout, std::vector<double> &ends) {
  RefinerData &r = *refiner->data;
  const Validity &trained = r.policy.validity;
  const std::vector<std::string> &names = r.policy.observation.names;
  const double odds = r.costs.tradeoff / (1 - r.costs.tradeoff);
  std::vector<std::string> outside;
  std::string all;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, ends.data(), static_cast<PetscMPIInt>(ends.size()), MPI_DOUBLE, MPI_MAX,
                             PetscObjectComm((PetscObject)refiner)));
  PetRLCallCXX({
    outside.push_back(trained.outside("unknowns", layout.vertices ? "vertices" : "cells"));
    outside.push_back(trained.outside("dimension", r.mesh->cells.dim));
    outside.push_back(trained.outside("halvings", static_cast<double>(r.max_level)));
    outside.push_back(trained.outside("odds", odds));
    if (r.ts.id) outside.push_back(trained.outside("steps", static_cast<double>(r.interval)));
    for (std::size_t i = 0; i < names.size(); ++i) {
      outside.push_back(trained.outside(names[i], -ends[i]));
      if (outside.back().empty()) outside.back() = trained.outside(names[i], ends[names.size() + i]);
    }
    for (const std::string &one : outside)
      if (!one.empty()) all += (all.empty() ? "" : "; ") + one;
  });
  if (all.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  r.said_outside = true;
  PetscCall(PetscPrintf(PetscObjectComm((PetscObject)refiner),
                        "PetRL warning: policy %s is used outside of its training: %s (reported once)\n",
                        r.file.c_str(), all.c_str()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What the policy predicts for each cell; `finite` is about this rank.
PetscErrorCode Predict(PetRLRefiner refiner, const FieldLayout &layout, PetscReal interval,
                       const std::vector<double> &range, const float **predicted, bool *finite) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  PetscErrorCode failed = PETSC_SUCCESS;
  const GraphBackend::Exchange exchange = [&](float *rows, int width) {
    if (!failed) failed = r.mesh->halo.fill(MPI_FLOAT, width, rows);
  };

  PetscFunctionBegin;
  // The first decisions are looked at, then ever fewer.
  const bool look = !r.said_outside && (r.decisions & (r.decisions - 1)) == 0;
  std::vector<double> ends;
  PetRLCallCXX(r.decider->begin(m));
  *predicted = NULL;
  for (std::size_t k = 0; k < range.size(); ++k) {
    PetscCall(PetscLogEventBegin(PetRL_Observe, refiner, 0, 0, 0));
    PetRLCallCXX(
        r.decider->observe(m, {{r.value[k].data(), r.rate[k].data(), r.gradient[k].data()}, range[k]}, interval));
    if (look) PetRLCallCXX(noteObserved(*r.decider, r.policy.observation.names.size(), ends));
    PetscCall(PetscLogEventEnd(PetRL_Observe, refiner, 0, 0, 0));
    PetscCall(PetscLogEventBegin(PetRL_Infer, refiner, 0, 0, 0));
    PetRLCallCXX(*predicted = r.decider->infer(m, exchange).data());
    PetscCall(failed);
    PetscCall(PetscLogEventEnd(PetRL_Infer, refiner, 0, 0, 0));
  }
  if (look) PetscCall(WarnOutside(refiner, layout, ends));
  // The sum of what is finite is finite: one branch for all.
  float sum = 0;
  for (std::size_t i = 0; i < 2 * static_cast<std::size_t>(m.owned); ++i) sum += 0 * (*predicted)[i];
  *finite = sum == 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Strata at once: PETSc would go through the points one by one.
PetscErrorCode MakeLabel(const RefinerMesh &mesh, const std::vector<signed char> &mark, DMLabel *label) {
  const struct {
    signed char mark;
    PetscInt value;
  } kinds[2] = {{1, DM_ADAPT_REFINE}, {-1, DM_ADAPT_COARSEN}};
  std::vector<PetscInt> points;

  PetscFunctionBegin;
  PetscCall(DMLabelCreate(PETSC_COMM_SELF, "adapt", label));
  PetscCall(DMLabelSetDefaultValue(*label, DM_ADAPT_KEEP));
  for (const auto &kind : kinds) {
    IS is;
    PetRLCallCXX(points.resize(mark.size()));
    std::size_t n = 0;
    for (std::size_t c = 0; c < mark.size(); ++c) {
      points[n] = mesh.points[c];
      n += mark[c] == kind.mark;
    }
    PetscCall(ISCreateGeneral(PETSC_COMM_SELF, static_cast<PetscInt>(n), points.data(), PETSC_COPY_VALUES, &is));
    PetscCall(DMLabelSetStratumIS(*label, kind.value, is));
    PetscCall(ISDestroy(&is));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerDecide(PetRLRefiner refiner, Vec u, Vec udot, PetscReal interval, bool initial, DMLabel *label) {
  RefinerData &r = *refiner->data;
  FieldLayout layout;
  std::vector<double> range;
  const float *predicted = NULL;
  bool finite = true;

  PetscFunctionBegin;
  *label = NULL;
  PetscCheck(!r.file.empty(), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONGSTATE,
             "No policy: expected %s <file> or PetRLRefinerSetPolicy()",
             RefinerOption(refiner, "refiner_policy").c_str());
  PetscCall(PetRLRefinerSetUp(refiner));
  const CellMesh &m = r.mesh->cells;
  PetscCall(DMLabelDestroy(&r.decided));
  ++r.decisions;
  PetscCall(PetscLogEventBegin(PetRL_Observe, refiner, 0, 0, 0));
  PetscCall(Fields(refiner, u, udot, layout, range, &finite));
  PetscCall(PetscLogEventEnd(PetRL_Observe, refiner, 0, 0, 0));
  if (!finite) {
    PetscCall(PolicyFallBack(PetscObjectComm((PetscObject)refiner), r, 1, "the solution or its rate is not finite",
                             "the mesh is kept"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(Predict(refiner, layout, interval, range, &predicted, &finite));
  PetscCall(PetscLogEventBegin(PetRL_Act, refiner, 0, 0, 0));
  RefinementCosts costs = r.costs;
  costs.steps = static_cast<double>(r.interval);
  costs.measure = r.measure;
  costs.max_level = static_cast<int>(r.max_level) * m.dim;
  costs.finest = r.mesh->finest;
  costs.stable_steps = r.stable_steps != 0;
  int failed = MPI_SUCCESS;
  const SumOverRanks sum = [&](double *values, int count) {
    if (failed == MPI_SUCCESS)
      failed = MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)refiner));
  };
  PetRLCallCXX(weigh(m, predicted, costs, sum, r.decision));
  PetscCallMPI(failed);
  double count[4] = {static_cast<double>(r.decision.refined), static_cast<double>(r.decision.coarsened),
                     static_cast<double>(m.owned), finite ? 0. : 1.};
  sum(count, 4);
  PetscCallMPI(failed);
  const bool marked = count[0] + count[1] > 0, worth = initial || !r.skip || r.decision.worthwhile;
  const bool change = marked && worth && count[3] == 0;
  if (change) {
    PetscCall(MakeLabel(*r.mesh, r.decision.mark, label));
    r.decided = *label;
    PetscCall(PetscObjectReference((PetscObject)r.decided));
  }
  PetscCall(PetscLogEventEnd(PetRL_Act, refiner, 0, 0, 0));
  if (count[3] > 0)
    PetscCall(PolicyFallBack(PetscObjectComm((PetscObject)refiner), r, 1, "what it predicts is not finite",
                             "the mesh is kept"));
  PetscCall(PolicyMonitor(r, "%" PetscInt_FMT " refiner: of %.0f cells %.0f to be refined, %.0f coarsened; %s",
                          r.decisions, count[2], count[0], count[1],
                          change   ? "the mesh changes"
                          : marked ? "not worth a new mesh"
                                   : "the mesh is kept"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLRefinerDecide - Asks the policy where the mesh should be finer, and where coarser

   Collective

   Input Parameters:
+  refiner  - the refiner
.  u        - the solution, on the DM of `PetRLRefinerGetDM()` or a clone of it
.  udot     - its time derivative, or NULL where it does not change with time
-  interval - time until the next decision

   Output Parameter:
.  label - values `DM_ADAPT_REFINE` and `DM_ADAPT_COARSEN` at cells (`DM_ADAPT_KEEP` by default), to be destroyed with
           DMLabelDestroy(); NULL if the mesh is to be kept

   Level: intermediate

   Note:
   The label may be changed before it is given to `PetRLRefinerAdapt()`.

.seealso: `PetRLRefiner`, `PetRLRefinerAdapt()`, `PetRLRefinerSetTradeoff()`
@*/
PetscErrorCode PetRLRefinerDecide(PetRLRefiner refiner, Vec u, Vec udot, PetscReal interval, DMLabel *label) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLValid(u, VEC_CLASSID, 2);
  if (udot) PetRLValid(udot, VEC_CLASSID, 3);
  PetRLNotNull(label, 5);
  *label = NULL;
  PetscCheck(interval >= 0 && std::isfinite(interval), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "interval: found %g, expected 0 or more", (double)interval);
  PetscCall(petrl::RefinerDecide(refiner, u, udot, interval, false, label));
  PetscFunctionReturn(PETSC_SUCCESS);
}
