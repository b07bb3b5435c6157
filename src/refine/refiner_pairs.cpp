// What refining and coarsening would have done: the same interval on three meshes, by the user's own TS.
#include <algorithm>
#include <cmath>

#include "refine/refiner_runs.hpp"

namespace petrl {

namespace {

// What a difference inside a cell beyond its linear reconstruction counts: it is seen only while the cell is there, that
// of the means stays in the solution.
constexpr double kInside = .25;
// Steps between comparisons: what passes a cell between two of them would be overlooked; comparisons in an interval.
constexpr double kEvery = 4, kFewest = 3, kMost = 40;

/// The mesh as it is, at the times of comparison.
struct Own {
  std::vector<double> centre, volume;
  std::vector<CellFields> fields;
  std::vector<PetscReal> times;
  std::vector<PetscInt> components;
};

double counted(double means, double all) {
  const double stays = std::fabs(means);
  return stays + kInside * std::max(0., all - stays);
}

/// Adds what cells that were refined gained at one time.
void addGains(const Own &own, const CellFields &now, const Passage &p, const CellFields &fine, const CellMesh &mesh,
              std::vector<double> &gain) {
  const std::size_t n = own.volume.size(), d = static_cast<std::size_t>(now.dim), count = own.components.size(),
                    width = static_cast<std::size_t>(now.width);
  std::vector<double> mean(n), detail(n);
  for (std::size_t k = 0; k < count; ++k) {
    const auto w = static_cast<std::size_t>(own.components[k]);
    std::fill(mean.begin(), mean.end(), 0.);
    std::fill(detail.begin(), detail.end(), 0.);
    for (std::size_t q = 0; q < p.lineage.first.size(); ++q) {
      const auto i = static_cast<std::size_t>(p.lineage.first[q]);
      const double share = mesh.volume[q] / own.volume[i];
      const double difference = fine.value[q * width + w] - now.at(i, w, &own.centre[i * d], &p.centre[q * d]);
      mean[i] += share * difference;
      detail[i] += share * std::fabs(difference);
    }
    for (std::size_t i = 0; i < n; ++i) gain[i * count + k] += counted(mean[i], detail[i]);
  }
}

/// Adds what cells that were united lost at one time.
void addLosses(const Own &own, const CellFields &now, const Passage &p, const CellFields &coarse, const CellMesh &mesh,
               std::vector<double> &loss) {
  const std::size_t d = static_cast<std::size_t>(now.dim), count = own.components.size(),
                    width = static_cast<std::size_t>(now.width);
  for (std::size_t q = 0; q < p.lineage.first.size(); ++q) {
    const auto first = static_cast<std::size_t>(p.lineage.first[q]),
               last = first + static_cast<std::size_t>(p.lineage.count[q]);
    if (last - first < 2) continue;
    for (std::size_t k = 0; k < count; ++k) {
      const auto w = static_cast<std::size_t>(own.components[k]);
      double united = 0, all = 0;
      for (std::size_t i = first; i < last; ++i) {
        const double share = own.volume[i] / mesh.volume[q];
        const double difference = now.value[i * width + w] - coarse.at(q, w, &p.centre[q * d], &own.centre[i * d]);
        united += share * difference;
        all += share * std::fabs(difference);
      }
      for (std::size_t i = first; i < last; ++i) loss[i * count + k] += counted(united, all);
    }
  }
}

// The interval on another mesh. values: cells x components, negative where nothing is known.
PetscErrorCode Branch(PetRLRefiner refiner, TS ts, const RunState &state, const Own &own, signed char mark,
                      std::vector<double> &values) {
  RefinerData &r = *refiner->data;
  const std::size_t n = own.volume.size(), count = own.components.size();
  ForestLimits limits;
  RunTally tally;
  CellFields fields;
  DM dm;

  PetscFunctionBegin;
  PetRLCallCXX(values.assign(n * count, -1.));
  PetscCall(RefinerRestoreState(refiner, ts, state));
  limits.max_level = static_cast<int>(r.max_level) * r.mesh->cells.dim;
  std::vector<signed char> marks;
  PetRLCallCXX(marks.assign(n, mark));
  // Cells stay on their ranks: they are compared there.
  PetscCall(RefinerAdaptHierarchy(refiner, marks, {}, limits, false, &dm));
  if (!dm) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(RefinerMoveTS(refiner, ts, dm, false));
  PetscCall(DMDestroy(&dm));
  const Passage &p = *r.passage;
  // How many parts each cell has become: fewer than all were for conformity's sake.
  std::vector<int> parts;
  PetRLCallCXX(parts.assign(n, 0));
  for (std::size_t q = 0; q < p.lineage.first.size(); ++q)
    for (int k = 0; k < p.lineage.count[q]; ++k)
      parts[static_cast<std::size_t>(p.lineage.first[q] + k)] += p.lineage.count[q] > 1 ? -1 : 1;
  const int children = 1 << r.mesh->cells.dim;
  for (std::size_t i = 0; i < n; ++i)
    if (mark > 0 ? parts[i] >= children : parts[i] < 0) std::fill_n(&values[i * count], count, 0.);
  std::vector<double> sums;
  PetRLCallCXX(sums.assign(n * count, 0.));
  for (std::size_t s = 0; s < own.times.size(); ++s) {
    PetscCall(RefinerRunTo(refiner, ts, own.times[s], tally));
    if (!tally.finished) {
      PetscCall(PetscInfo(refiner, "a paired run on the %s mesh failed\n", mark > 0 ? "finer" : "coarser"));
      std::fill(values.begin(), values.end(), -1.);
      PetscFunctionReturn(PETSC_SUCCESS);
    }
    PetscCall(RefinerCellFields(refiner, ts, fields));
    if (mark > 0)
      PetRLCallCXX(addGains(own, own.fields[s], p, fields, r.mesh->cells, sums));
    else
      PetRLCallCXX(addLosses(own, own.fields[s], p, fields, r.mesh->cells, sums));
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] >= 0) values[i] = sums[i] / static_cast<double>(own.times.size());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerPairedRuns(PetRLRefiner refiner, TS ts, const RunState &state, PetscReal interval,
                                 PairedRuns &runs) {
  RefinerData &r = *refiner->data;
  const int samples = static_cast<int>(std::min(kMost, std::max(kFewest, std::ceil(interval / state.step / kEvery))));
  RunTally tally;
  Own own;

  PetscFunctionBegin;
  PetRLCallCXX(RefinerLeafCentres(*state.forest, own.centre); own.volume.assign(
      state.mesh->cells.volume.begin(), state.mesh->cells.volume.begin() + state.mesh->cells.owned);
               own.fields.resize(static_cast<std::size_t>(samples)));
  const bool frozen = r.ts.frozen;
  r.ts.frozen = true;
  PetscCall(RefinerRestoreState(refiner, ts, state));
  for (int s = 0; s < samples && tally.finished; ++s) {
    PetRLCallCXX(own.times.push_back(state.time + interval * (s + 1) / samples));
    PetscCall(RefinerRunTo(refiner, ts, own.times.back(), tally));
    PetscCall(RefinerCellFields(refiner, ts, own.fields[static_cast<std::size_t>(s)]));
  }
  const PetscInt width = own.fields[0].width / FieldLayout::kReals;
  PetscCall(RefinerComponents(refiner, width, own.components));
  if (tally.finished) {
    PetscCall(Branch(refiner, ts, state, own, 1, runs.gain));
    PetscCall(Branch(refiner, ts, state, own, -1, runs.loss));
  } else {
    PetRLCallCXX(runs.gain.assign(own.volume.size() * own.components.size(), -1.); runs.loss = runs.gain);
  }
  r.ts.frozen = frozen;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
