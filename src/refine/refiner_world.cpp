// A refiner's TS as a world to learn in.
#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/progress.hpp"
#include "mesh/forest_impl.hpp"
#include "refine/refiner_runs.hpp"

namespace petrl {

RefinerWorld::~RefinerWorld() = default;

Registry<RefinerTraining> &refinerTrainings() {
  static auto *instance = new Registry<RefinerTraining>("training of refiners", "petrl_learn");
  return *instance;
}

namespace {

constexpr int kMostMoments = 50;  // that are kept

/// The finest mesh's cells under a forest's leaves; their order over all ranks is that of any other forest's.
struct Finest {
  std::vector<int> leaf;  ///< that each lies in
  std::vector<int> level;
  std::vector<double> centre;
};

// Throws petrl::Error.
Finest finestUnder(const Forest &from, int max_level) {
  Forest forest(from);
  Finest finest;
  ForestLimits limits;
  limits.max_level = max_level;
  limits.max_cells = std::numeric_limits<std::int32_t>::max();
  finest.leaf.resize(static_cast<std::size_t>(forest.leaves()));
  for (std::size_t i = 0; i < finest.leaf.size(); ++i) finest.leaf[i] = static_cast<int>(i);
  for (std::int64_t before = -1, cells = forest.globalLeaves(); cells != before;) {
    const Lineage lineage = forest.adapt(std::vector<signed char>(finest.leaf.size(), 1), limits);
    std::vector<int> leaf(lineage.first.size());
    for (std::size_t i = 0; i < leaf.size(); ++i) leaf[i] = finest.leaf[static_cast<std::size_t>(lineage.first[i])];
    finest.leaf.swap(leaf);
    before = cells;
    cells = forest.globalLeaves();
  }
  finest.level = forest.levels();
  RefinerLeafCentres(forest, finest.centre);
  return finest;
}

template <typename T>
std::vector<T> gathered(MPI_Comm comm, MPI_Datatype type, const std::vector<T> &here) {
  PetscMPIInt rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const int n = static_cast<int>(here.size());
  std::vector<int> counts(static_cast<std::size_t>(size)), offsets(counts.size());
  MPI_Gather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, comm);
  int total = 0;
  for (std::size_t r = 0; r < counts.size(); ++r) {
    offsets[r] = total;
    total += counts[r];
  }
  std::vector<T> all(static_cast<std::size_t>(rank == 0 ? total : 0));
  MPI_Gatherv(here.data(), n, type, all.data(), counts.data(), offsets.data(), type, 0, comm);
  return all;
}

class World : public RefinerWorld {
 public:
  World(PetRLRefiner refiner, TS ts, double held_out)
      : refiner_(refiner), ts_(ts), r_(*refiner->data), comm_(PetscObjectComm((PetscObject)refiner)) {
    PetRLThrow(setUp(held_out));
  }
  ~World() override = default;

  MPI_Comm comm() const override { return comm_; }
  int moments() const override { return static_cast<int>(states_.size()); }
  int heldOut() const override { return held_out_; }
  double intervals() const override { return intervals_; }
  int levels() const override { return static_cast<int>(r_.max_level); }
  int halving() const override { return r_.mesh->cells.dim; }
  int components() const override { return static_cast<int>(components_.size()); }
  const RefinementCosts &costs() const override { return r_.costs; }
  Validity validity() const override {
    Validity validity;
    validity.saw("unknowns", vertices_ ? "vertices" : "cells");
    validity.saw("halvings", static_cast<double>(r_.max_level));
    validity.saw("steps", static_cast<double>(r_.interval));
    validity.saw("odds", r_.costs.tradeoff / (1 - r_.costs.tradeoff));
    return validity;
  }
  void episode(int from, int decisions, const RefinerRule &rule, std::vector<MeshSample> &samples,
               std::map<std::string, double> &metrics) override {
    const Use use(r_, rule);
    PetRLThrow(episodeOf(from, decisions, samples, metrics));
  }
  RefinerRun run(int from, int to, const RefinerRule &rule) override {
    const Use use(r_, rule);
    RefinerRun result;
    PetRLThrow(runOf(from, to, result));
    return result;
  }

 private:
  /// A rule decides for as long as it lives.
  struct Use {
    Use(RefinerData &r, const RefinerRule &rule) : data(r) { data.rule = &rule; }
    ~Use() { data.rule = NULL; }
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;
    RefinerData &data;
  };

  PetscErrorCode setUp(double held_out);
  PetscErrorCode start(int moment);
  PetscErrorCode refineAll();
  PetscErrorCode keepTruth();
  PetscErrorCode episodeOf(int from, int decisions, std::vector<MeshSample> &samples,
                           std::map<std::string, double> &metrics);
  PetscErrorCode sample(Vec u, Vec rate, PetscReal interval, const RunState &state, std::vector<MeshSample> &samples);
  PetscErrorCode runOf(int from, int to, RefinerRun &run);
  PetscErrorCode difference(int moment, double &error);
  PetscErrorCode here(PetscInt count, PetscInt &first) const {
    first = 0;
    MPI_Exscan(&count, &first, 1, MPIU_INT, MPI_SUM, comm_);
    return PETSC_SUCCESS;
  }

  PetRLRefiner refiner_;
  TS ts_;
  RefinerData &r_;
  MPI_Comm comm_;
  bool vertices_ = false;
  int held_out_ = 0;
  double intervals_ = 0;
  std::vector<RunState> states_;            ///< of the moments
  std::vector<std::vector<double>> truth_;  ///< of each moment: cells x components, on the finest mesh
  std::vector<PetscInt> components_;
  std::vector<double> range_;
};

// The mesh of the initial state, refined everywhere as far as it may be.
PetscErrorCode World::refineAll() {
  ForestLimits limits;
  DM dm;

  PetscFunctionBegin;
  limits.max_level = static_cast<int>(r_.max_level) * r_.mesh->cells.dim;
  limits.max_cells = std::numeric_limits<std::int32_t>::max();
  for (PetscInt round = 0;; ++round) {
    std::vector<signed char> marks;
    PetRLCallCXX(marks.assign(static_cast<std::size_t>(r_.mesh->cells.owned), 1));
    PetscCall(RefinerAdaptHierarchy(refiner_, marks, {}, limits, true, &dm));
    if (!dm) break;
    PetscCall(RefinerMoveTS(refiner_, ts_, dm, true));
    PetscCall(DMDestroy(&dm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode World::keepTruth() {
  CellFields fields;

  PetscFunctionBegin;
  PetscCall(RefinerCellFields(refiner_, ts_, fields));
  PetscCall(RefinerComponents(refiner_, fields.width / FieldLayout::kReals, components_));
  const std::size_t n = components_.size(), owned = static_cast<std::size_t>(r_.mesh->cells.owned);
  std::vector<double> values, ends;
  PetRLCallCXX(values.resize(owned * n); ends.assign(2 * n, -std::numeric_limits<double>::max()); range_.resize(n));
  for (std::size_t c = 0; c < owned; ++c)
    for (std::size_t k = 0; k < n; ++k) {
      const double u =
          fields.value[c * static_cast<std::size_t>(fields.width) + static_cast<std::size_t>(components_[k])];
      values[c * n + k] = u;
      ends[2 * k] = std::max(ends[2 * k], u);
      ends[2 * k + 1] = std::max(ends[2 * k + 1], -u);
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, ends.data(), static_cast<PetscMPIInt>(2 * n), MPI_DOUBLE, MPI_MAX, comm_));
  for (std::size_t k = 0; k < n; ++k) range_[k] = std::max(range_[k], ends[2 * k] + ends[2 * k + 1]);
  PetRLCallCXX(truth_.push_back(std::move(values)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode World::setUp(double held_out) {
  FieldLayout layout;
  RunTally tally;
  Vec u;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetSolution(ts_, &u));
  PetscCall(RefinerVecDM(refiner_, u, *r_.mesh, "The solution", &dm));
  PetscCall(RefinerLayout(dm, "The solution", &layout));
  vertices_ = layout.vertices;
  PetRLCallCXX(states_.emplace_back());
  PetscCall(RefinerKeepState(refiner_, ts_, states_[0]));
  r_.ts.frozen = true;
  PetscCall(refineAll());
  PetscCall(keepTruth());
  // The program may have set a step that suits the finest cells.
  const PetscReal begin = states_[0].time, end = ts_->max_time, span = end - begin, step = ts_->time_step,
                  every = step * static_cast<PetscReal>(r_.interval);
  // Moments are whole intervals apart, and few enough to keep.
  const PetscReal apart = every * std::max((PetscReal)1, std::ceil(span / every / kMostMoments));
  std::vector<PetscReal> times;
  PetRLCallCXX({
    for (PetscInt k = 0; begin + static_cast<PetscReal>(k) * apart < end - apart / 2; ++k)
      times.push_back(begin + static_cast<PetscReal>(k) * apart);
    times.push_back(end);
  });
  const auto last = static_cast<int>(times.size()) - 1;
  PetscCheck(last >= 2, comm_, PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g time steps to the final time, expected at least two intervals of %s %" PetscInt_FMT
             " steps to learn from and to judge by",
             RefinerOption(refiner_, "refiner_train").c_str(), (double)(span / step),
             RefinerOption(refiner_, "refiner_interval").c_str(), r_.interval);
  held_out_ = std::min(last - 1, std::max(1, static_cast<int>(std::floor((1 - held_out) * last + 1e-9))));
  intervals_ = (times[static_cast<std::size_t>(held_out_)] - begin) / every;
  PetscMPIInt rank;
  PetscCallMPI(MPI_Comm_rank(comm_, &rank));
  std::unique_ptr<Progress> progress;
  if (rank == 0)
    PetRLCallCXX(progress = std::make_unique<Progress>("refiner training: the run on the finest mesh", times.size() - 1,
                                                       "moments", [](const std::string &line) {
                                                         std::printf("%s\n", line.c_str());
                                                         std::fflush(stdout);
                                                       }));
  for (std::size_t k = 1; k < times.size(); ++k) {
    PetscCall(RefinerRunTo(refiner_, ts_, times[k], tally));
    PetscCheck(tally.finished, comm_, PETSC_ERR_NOT_CONVERGED,
               "%s: the run on the finest mesh (%s %" PetscInt_FMT ") failed at time %g: %s",
               RefinerOption(refiner_, "refiner_train").c_str(), RefinerOption(refiner_, "refiner_max_level").c_str(),
               r_.max_level, (double)ts_->ptime,
               ts_->reason < 0 ? TSConvergedReasons[ts_->reason] : "it is not finite");
    PetRLCallCXX(states_.emplace_back());
    PetscCall(RefinerKeepState(refiner_, ts_, states_[k]));
    if (k > 1) states_[k].forest = states_[1].forest;
    // Decisions are due after whole intervals.
    states_[k].steps =
        std::max((PetscInt)1, (PetscInt)std::lround(states_[k].steps / (double)r_.interval)) * r_.interval;
    PetscCall(keepTruth());
    if (progress) progress->step();
  }
  r_.ts.frozen = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// On the mesh that a rule makes of a moment's.
PetscErrorCode World::start(int moment) {
  PetscFunctionBegin;
  PetscCall(RefinerRestoreState(refiner_, ts_, states_[static_cast<std::size_t>(moment)]));
  PetscCall(RefinerRounds(refiner_, ts_, moment == 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What the policy sees of each component and what paired runs say, of all cells of all ranks.
PetscErrorCode World::sample(Vec u, Vec rate, PetscReal interval, const RunState &state,
                             std::vector<MeshSample> &samples) {
  const CellMesh &m = state.mesh->cells;
  const std::size_t owned = static_cast<std::size_t>(m.owned), slots = static_cast<std::size_t>(m.slots());
  FieldLayout layout;
  std::vector<double> range, numbers;
  std::vector<RefinementObservation> seen;
  PairedRuns pairs;
  PetscMPIInt rank;
  PetscInt first;
  bool finite;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm_, &rank));
  PetscCall(RefinerObserve(refiner_, u, rate, layout, range, &finite));
  if (!finite) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(seen.resize(range.size()));
  for (std::size_t k = 0; k < range.size(); ++k)
    PetRLCallCXX(
        seen[k].compute(m, {r_.value[k].data(), r_.rate[k].data(), r_.gradient[k].data()}, range[k], interval));
  PetscCall(RefinerPairedRuns(refiner_, ts_, state, interval, pairs));
  // Neighbours by their number over all ranks.
  PetscCall(here(m.owned, first));
  PetRLCallCXX(numbers.assign(static_cast<std::size_t>(m.cells), -1.));
  for (std::size_t c = 0; c < owned; ++c) numbers[c] = static_cast<double>(first) + static_cast<double>(c);
  PetscCall(state.mesh->halo.fill(MPI_DOUBLE, 1, numbers.data()));
  std::vector<int> source;
  PetRLCallCXX(source.assign(owned * slots, -1));
  for (std::size_t i = 0; i < source.size(); ++i)
    if (m.neighbour[i] >= 0) source[i] = static_cast<int>(numbers[static_cast<std::size_t>(m.neighbour[i])]);
  PetRLCallCXX(source = gathered(comm_, MPI_INT, source));
  for (std::size_t k = 0; k < range.size(); ++k) {
    if (!(range[k] > 0)) continue;
    std::vector<float> target;
    PetRLCallCXX(target.resize(2 * owned));
    for (std::size_t i = 0; i < target.size(); ++i) {
      const double value = (i % 2 == 0 ? pairs.gain : pairs.loss)[i / 2 * range.size() + k];
      target[i] = value < 0 || !std::isfinite(value)
                      ? std::numeric_limits<float>::quiet_NaN()
                      : RefinementScale::output(static_cast<float>(std::min(.999, value / range[k])));
    }
    MeshSample s;
    PetRLCallCXX({
      s.slots = static_cast<int>(slots);
      s.node = gathered(comm_, MPI_FLOAT, seen[k].node());
      s.edge = gathered(comm_, MPI_FLOAT, seen[k].edge());
      s.target = gathered(comm_, MPI_FLOAT, target);
      s.nodes = static_cast<int>(s.target.size() / 2);
      s.source = source;
      if (rank == 0) samples.push_back(std::move(s));
    });
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode World::episodeOf(int from, int decisions, std::vector<MeshSample> &samples,
                                std::map<std::string, double> &metrics) {
  const PetscReal end = states_[static_cast<std::size_t>(held_out_)].time;
  RunTally tally;

  PetscFunctionBegin;
  PetscCall(start(from));
  r_.ts.frozen = true;
  for (int k = 0; k < decisions && tally.finished; ++k) {
    PetscReal interval;
    RunState state;
    DMLabel label;
    Vec u, rate;
    DM dm = NULL;
    PetscCall(RefinerInterval(refiner_, ts_, &interval));
    if (ts_->ptime + interval > end + 1e-6 * interval || !(interval > 0)) break;
    PetscCall(TSGetSolution(ts_, &u));
    PetscCall(TSGetTime(ts_, &r_.time));
    PetscCall(RefinerRate(refiner_, ts_, u, &rate));
    PetscCall(RefinerKeepState(refiner_, ts_, state));
    PetscCall(PetscObjectReference((PetscObject)u));
    PetscCall(sample(u, rate, interval, state, samples));
    PetscCall(VecDestroy(&u));
    double cells = state.mesh->cells.owned;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &cells, 1, MPI_DOUBLE, MPI_SUM, comm_));
    metrics["decisions"] += 1;
    metrics["cells"] += cells;
    PetscCall(RefinerRestoreState(refiner_, ts_, state));
    PetscCall(TSGetSolution(ts_, &u));
    r_.time = state.time;
    PetscCall(RefinerDecide(refiner_, u, rate, interval, false, &label));
    PetscCall(VecDestroy(&rate));
    if (label) PetscCall(PetRLRefinerAdapt(refiner_, label, &dm));
    PetscCall(DMLabelDestroy(&label));
    if (dm) PetscCall(RefinerMoveTS(refiner_, ts_, dm, false));
    PetscCall(DMDestroy(&dm));
    PetscCall(RefinerRunTo(refiner_, ts_, state.time + interval, tally));
  }
  r_.ts.frozen = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Mean over the domain of the difference to the finest mesh's solution.
PetscErrorCode World::difference(int moment, double &error) {
  const std::size_t n = components_.size(), d = static_cast<std::size_t>(r_.mesh->cells.dim);
  std::vector<double> truth = truth_[static_cast<std::size_t>(moment)], centre;
  CellFields fields;
  Finest finest;
  PetscMPIInt size;
  PetscInt first;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm_, &size));
  PetscCall(RefinerCellFields(refiner_, ts_, fields));
  PetRLCallCXX(finest = finestUnder(*r_.forest, static_cast<int>(r_.max_level) * r_.mesh->cells.dim);
               RefinerLeafCentres(*r_.forest, centre));
  const auto cells = static_cast<PetscInt>(finest.leaf.size());
  PetscInt64 all[2] = {cells, static_cast<PetscInt64>(truth.size() / n)};
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, all, 2, MPIU_INT64, MPI_SUM, comm_));
  PetscCheck(all[0] == all[1], comm_, PETSC_ERR_PLIB, "The finest mesh has %lld cells here, %lld there",
             (long long)all[0], (long long)all[1]);
  if (size > 1) {  // the same cells in the same order, on other ranks
    PetscSF sf;
    PetscLayout layout;
    MPI_Datatype row;
    std::vector<PetscInt> number;
    std::vector<double> moved;
    PetscCall(here(cells, first));
    PetRLCallCXX(number.resize(finest.leaf.size()); moved.resize(finest.leaf.size() * n));
    for (std::size_t i = 0; i < number.size(); ++i) number[i] = first + static_cast<PetscInt>(i);
    PetscCall(PetscLayoutCreateFromSizes(comm_, static_cast<PetscInt>(truth.size() / n), PETSC_DECIDE, 1, &layout));
    PetscCall(PetscSFCreate(comm_, &sf));
    PetscCall(PetscSFSetGraphLayout(sf, layout, cells, NULL, PETSC_COPY_VALUES, number.data()));
    PetscCallMPI(MPI_Type_contiguous(static_cast<PetscMPIInt>(n), MPI_DOUBLE, &row));
    PetscCallMPI(MPI_Type_commit(&row));
    PetscCall(PetscSFBcastBegin(sf, row, truth.data(), moved.data(), MPI_REPLACE));
    PetscCall(PetscSFBcastEnd(sf, row, truth.data(), moved.data(), MPI_REPLACE));
    PetscCallMPI(MPI_Type_free(&row));
    PetscCall(PetscSFDestroy(&sf));
    PetscCall(PetscLayoutDestroy(&layout));
    truth.swap(moved);
  }
  double sum = 0;
  for (std::size_t i = 0; i < finest.leaf.size(); ++i) {
    const auto c = static_cast<std::size_t>(finest.leaf[i]);
    // Bisection halves.
    const double share = std::ldexp(r_.mesh->cells.volume[c], r_.mesh->cells.level[c] - finest.level[i]) / r_.measure;
    for (std::size_t k = 0; k < n; ++k) {
      if (!(range_[k] > 0)) continue;
      const double u = fields.at(c, static_cast<std::size_t>(components_[k]), &centre[c * d], &finest.centre[i * d]);
      sum += share * std::fabs(u - truth[i * n + k]) / range_[k];
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, comm_));
  error += sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode World::runOf(int from, int to, RefinerRun &run) {
  RunTally tally;

  PetscFunctionBegin;
  PetscCall(start(from));
  for (int k = from + 1; k <= to && tally.finished; ++k) {
    PetscCall(RefinerRunTo(refiner_, ts_, states_[static_cast<std::size_t>(k)].time, tally));
    if (tally.finished) PetscCall(difference(k, run.error));
  }
  run.error /= std::max(1, to - from);
  run.finished = tally.finished;
  run.cell_steps = tally.cell_steps;
  run.cost = tally.cost;
  run.remeshes = tally.remeshes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

std::unique_ptr<RefinerWorld> makeRefinerWorld(PetRLRefiner refiner, TS ts, double held_out) {
  return std::make_unique<World>(refiner, ts, held_out);
}

}  // namespace petrl
