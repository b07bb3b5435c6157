// PetRLRefiner: from a solution to a decision.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "mesh/cell_gradient.hpp"
#include "refine/refiner.hpp"

namespace petrl {

namespace {

// Least and most of what the policy observes in cells, on this rank, of one component more: negative least values, then
// most ones.
void noteObserved(const std::vector<float> &rows, std::size_t names, std::vector<double> &ends) {
  ends.resize(2 * names, -std::numeric_limits<double>::max());
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
PetscErrorCode Predict(PetRLRefiner refiner, RefinementPolicy &policy, const FieldLayout &layout, PetscReal interval,
                       const std::vector<double> &range, const float **predicted, bool *finite) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  PetscErrorCode failed = PETSC_SUCCESS;
  const GraphBackend::Exchange exchange = [&](float *rows, int width) {
    if (!failed) failed = r.mesh->halo.fill(MPI_FLOAT, width, rows);
  };
  const std::vector<float> *seen = &policy.observation().node();

  PetscFunctionBegin;
  // The first decisions are looked at, then ever fewer.
  const bool look = !r.said_outside && !r.rule && (r.decisions & (r.decisions - 1)) == 0;
  std::vector<double> ends;
  std::vector<RefinementPolicy::Field> fields;
  if (!r.device) {
    PetscCall(PetscLogEventBegin(PetRL_Observe, refiner, 0, 0, 0));
    PetRLCallCXX({
      for (std::size_t k = 0; k < range.size(); ++k)
        fields.push_back({{r.value[k].data(), r.rate[k].data(), r.gradient[k].data()}, range[k]});
      policy.setGate(r.rule ? 0 : r.gate);
      policy.begin(m, fields, interval, exchange);
    });
    PetscCall(failed);
    PetscCall(PetscLogEventEnd(PetRL_Observe, refiner, 0, 0, 0));
  }
  *predicted = NULL;
  for (std::size_t k = 0; k < range.size(); ++k) {
    PetscCall(PetscLogEventBegin(PetRL_Observe, refiner, 0, 0, 0));
    if (r.device) {
      PetscCall(RefinerObserveFieldOnDevice(refiner, k, range[k], interval));
      if (look) PetscCall(r.device->observed(r.observed));
      seen = &r.observed;
    } else {
      PetRLCallCXX(policy.observe(m, fields[k], interval));
    }
    if (look) PetRLCallCXX(noteObserved(*seen, r.policy.observation.names.size(), ends));
    if (r.rule && r.rule->ends)
      PetRLCallCXX(noteObserved(*seen, RefinementObservation::nodeNames().size(), *r.rule->ends));
    PetscCall(PetscLogEventEnd(PetRL_Observe, refiner, 0, 0, 0));
    PetscCall(PetscLogEventBegin(PetRL_Infer, refiner, 0, 0, 0));
    if (r.device)
      PetscCall(RefinerInferOnDevice(refiner));
    else
      PetRLCallCXX(*predicted = policy.infer(m, exchange).data());
    PetscCall(failed);
    PetscCall(PetscLogEventEnd(PetRL_Infer, refiner, 0, 0, 0));
  }
  if (r.device) {
    PetscCall(r.device->predicted(r.predicted));
    *predicted = r.predicted.data();
  }
  if (look) PetscCall(WarnOutside(refiner, layout, ends));
  // The sum of what is finite is finite: one branch for all.
  float sum = 0;
  for (std::size_t i = 0; i < 2 * static_cast<std::size_t>(m.owned); ++i) sum += 0 * (*predicted)[i];
  *finite = sum == 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What the policy predicts, weighed; `finite` is about this rank.
PetscErrorCode MarkByPolicy(PetRLRefiner refiner, RefinementPolicy &policy, const FieldLayout &layout,
                            PetscReal interval, const std::vector<double> &range, bool *finite) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  const float *predicted = NULL;

  PetscFunctionBegin;
  PetscCall(Predict(refiner, policy, layout, interval, range, &predicted, finite));
  PetscCall(PetscLogEventBegin(PetRL_Act, refiner, 0, 0, 0));
  RefinementCosts costs = r.costs;
  if (r.rule) costs.tradeoff = r.rule->tradeoff;
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
  PetscCall(PetscLogEventEnd(PetRL_Act, refiner, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void countMarks(RefinementDecision &d) {
  d.refined = std::count(d.mark.begin(), d.mark.end(), 1);
  d.coarsened = std::count(d.mark.begin(), d.mark.end(), -1);
}

// Of several components the one that asks for most counts, each relative to its range.
PetscErrorCode MarkByThresholds(PetRLRefiner refiner, const std::vector<double> &range) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  RefinementIndicator kind = r.indicator == PETRL_REFINER_JUMP       ? RefinementIndicator::jump
                             : r.indicator == PETRL_REFINER_RECOVERY ? RefinementIndicator::recovery
                                                                     : RefinementIndicator::gradient;
  RefinementThresholds rule = r.rule ? r.rule->thresholds : r.thresholds;
  PetscErrorCode failed = PETSC_SUCCESS;
  PetscMPIInt size;
  std::vector<double> eta, one;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(PetRL_Act, refiner, 0, 0, 0));
  if (r.rule) kind = r.rule->indicator;
  rule.absolute = true;
  rule.max_level = std::min(rule.max_level, static_cast<int>(r.max_level) * m.dim);
  PetRLCallCXX(eta.assign(static_cast<std::size_t>(m.owned), 0.));
  for (std::size_t k = 0; k < range.size(); ++k) {
    if (!(range[k] > 0)) continue;
    PetRLCallCXX(indicate(kind, m, r.value[k].data(), r.gradient[k].data(), one));
    for (std::size_t c = 0; c < eta.size(); ++c) eta[c] = std::max(eta[c], one[c] / range[k]);
  }
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)refiner), &size));
  const GraphBackend::Exchange exchange = [&](float *rows, int width) {
    if (!failed) failed = r.mesh->halo.fill(MPI_FLOAT, width, rows);
  };
  PetRLCallCXX(markByThreshold(m, eta, rule, r.decision.mark, r.decision.priority,
                               size > 1 ? exchange : GraphBackend::Exchange()));
  PetscCall(failed);
  for (std::size_t c = 0; c < r.decision.mark.size(); ++c)
    if (m.level[c] > rule.max_level) r.decision.mark[c] = -1;
  countMarks(r.decision);
  r.decision.worthwhile = true;
  PetscCall(PetscLogEventEnd(PetRL_Act, refiner, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Deviate(PetRLRefiner refiner) {
  RefinerData &r = *refiner->data;
  std::int64_t first = 0, owned = r.mesh->cells.owned;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Exscan(&owned, &first, 1, MPI_INT64_T, MPI_SUM, PetscObjectComm((PetscObject)refiner)));
  PetRLCallCXX(r.rule->deviate(r.mesh->cells, first, r.decision.mark));
  countMarks(r.decision);
  r.decision.worthwhile = true;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// Strata at once: PETSc would go through the points one by one.
PetscErrorCode RefinerMakeLabel(const RefinerMesh &mesh, const std::vector<signed char> &mark, DMLabel *label) {
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

PetscErrorCode RefinerDecide(PetRLRefiner refiner, Vec u, Vec udot, PetscReal interval, bool initial, DMLabel *label) {
  RefinerData &r = *refiner->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)refiner);
  FieldLayout layout;
  std::vector<double> range;
  bool finite = true;

  PetscFunctionBegin;
  *label = NULL;
  PetscCheck(RefinerDecides(r), comm, PETSC_ERR_ARG_WRONGSTATE,
             "No policy: expected %s <file> or PetRLRefinerSetPolicy()",
             RefinerOption(refiner, "refiner_policy").c_str());
  PetscCall(PetRLRefinerSetUp(refiner));
  const CellMesh &m = r.mesh->cells;
  PetscCall(DMLabelDestroy(&r.decided));
  ++r.decisions;
  RefinementPolicy *const policy = r.rule ? r.rule->policy : r.indicator == PETRL_REFINER_NONE ? r.decider.get() : NULL;
  PetscCall(PetscLogEventBegin(PetRL_Observe, refiner, 0, 0, 0));
  PetscCall(RefinerFollowState(refiner, policy, u));
  if (r.device)
    PetscCall(RefinerObserveOnDevice(refiner, u, udot, layout, range, &finite));
  else
    PetscCall(RefinerObserve(refiner, u, udot, layout, range, &finite));
  PetscCall(PetscLogEventEnd(PetRL_Observe, refiner, 0, 0, 0));
  if (!finite) {
    PetscCall(PolicyFallBack(comm, r, 1, "the solution or its rate is not finite", "the mesh is kept"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (policy)
    PetscCall(MarkByPolicy(refiner, *policy, layout, interval, range, &finite));
  else
    PetscCall(MarkByThresholds(refiner, range));
  if (r.rule && r.rule->deviate) PetscCall(Deviate(refiner));
  const bool gated = policy && !r.device && policy->gate() > 0;
  const RefinementPolicy::Looked looked = gated ? policy->looked() : RefinementPolicy::Looked{};
  double count[6] = {static_cast<double>(r.decision.refined),
                     static_cast<double>(r.decision.coarsened),
                     static_cast<double>(m.owned),
                     finite ? 0. : 1.,
                     static_cast<double>(looked.asked),
                     static_cast<double>(looked.seen)};
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, count, 6, MPI_DOUBLE, MPI_SUM, comm));
  if (gated) r.looked[0] += count[2], r.looked[1] += count[4], r.looked[2] += count[5];
  const bool marked = count[0] + count[1] > 0, worth = initial || !r.skip || r.decision.worthwhile;
  const bool change = marked && worth && count[3] == 0;
  if (change) {
    PetscCall(RefinerMakeLabel(*r.mesh, r.decision.mark, label));
    r.decided = *label;
    PetscCall(PetscObjectReference((PetscObject)r.decided));
  }
  if (count[3] > 0) PetscCall(PolicyFallBack(comm, r, 1, "what it predicts is not finite", "the mesh is kept"));
  char through[64] = "";
  if (gated) PetscCall(PetscSNPrintf(through, sizeof(through), ", gate open for %.0f", count[4]));
  PetscCall(PolicyMonitor(r, "%" PetscInt_FMT " refiner: of %.0f cells %.0f to be refined, %.0f coarsened%s; %s",
                          r.decisions, count[2], count[0], count[1], through,
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

   Notes:
   The label may be changed before it is given to `PetRLRefinerAdapt()`.

   Where `u` lives on a device (and PetRL was built for it), it stays there: what is observed and predicted is computed
   there, and two numbers for each cell come to the host. On the host is what a mesh is; so are decisions by
   thresholds, by networks that are not native, and of fields with constrained boundary values, which PETSc computes
   there. `PetRLRefinerAdapt()` and `PetRLRefinerTransfer()` work on the host; only when a mesh changes is the state
   copied to it and back.

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
