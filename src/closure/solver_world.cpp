#include "closure/solver_world.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "policy/shared_policy.hpp"

namespace petrl {

CoarseWorld::~CoarseWorld() = default;

Registry<ClosureTraining> &closureTrainings() {
  static auto *instance = new Registry<ClosureTraining>("training of closures", "petrl_learn");
  return *instance;
}

namespace {

constexpr double kSameTime = 1e-6;  // of a step

class Watch {
 public:
  explicit Watch(double &total) : total_(total), begin_(std::chrono::steady_clock::now()) {}
  ~Watch() { total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;

 private:
  double &total_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace

SolverWorld::SolverWorld(PetRLClosure closure, Vec X, PetscReal dt, SolverFunctions functions)
    : closure_(closure),
      X_(X),
      dt_(dt),
      functions_(std::move(functions)),
      records_(PetscObjectComm((PetscObject)closure), closure->data->dm) {}

SolverWorld::~SolverWorld() {
  for (auto &grid : grids_) (void)DMDestroy(&grid.second);
  for (auto &pair : auxiliary_) {
    (void)VecDestroy(&pair.first);
    (void)VecDestroy(&pair.second);
  }
  (void)VecDestroy(&kept_);
}

PetscErrorCode SolverWorld::SetUp(const std::vector<std::string> &files) {
  std::vector<NamedField> offered;
  RecordLayout layout;

  PetscFunctionBegin;
  PetscCall(ClosureLayout(closure_, layout));
  if (layout.space == 0) PetscCall(ClosureOfferedFields(closure_, offered));
  PetscCall(records_.Open(files, layout));
  PetscCall(CheckTimes());
  PetscCall(VecDuplicate(X_, &kept_));
  PetscCall(VecCopy(X_, kept_));
  for (const NamedField &field : offered) {
    const bool known = std::any_of(auxiliary_.begin(), auxiliary_.end(),
                                   [&](const std::pair<Vec, Vec> &pair) { return pair.first == field.vec; });
    if (known) continue;
    Vec copy;
    PetscCall(VecDuplicate(field.vec, &copy));
    PetscCall(VecCopy(field.vec, copy));
    PetscCall(PetscObjectReference((PetscObject)field.vec));
    PetRLCallCXX(auxiliary_.emplace_back(field.vec, copy));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SolverWorld::Restore() {
  PetscFunctionBegin;
  PetscCall(VecCopy(kept_, X_));
  for (const auto &pair : auxiliary_) PetscCall(VecCopy(pair.second, pair.first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// A step must end where a state was recorded, after so many intervals or within as many steps.
PetscErrorCode SolverWorld::CheckTimes() {
  PetscFunctionBegin;
  for (int run = 0; run < runs(); ++run) {
    const auto &t = times(run);
    const double interval = t[1] - t[0],
                 ratio = interval > (double)dt_ ? interval / (double)dt_ : (double)dt_ / interval;
    PetscCheck(std::fabs(ratio - std::round(ratio)) < 1e-4 * ratio, PetscObjectComm((PetscObject)closure_),
               PETSC_ERR_ARG_INCOMP,
               "-closure_train: the program's step of %g and the interval of %g between recorded states (%s): expected "
               "one to be a multiple of the other (-closure_record_interval, -ts_dt)",
               (double)dt_, interval, records_.name(run).c_str());
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The last recorded time up to this one.
int SolverWorld::momentOf(int run, double time) const {
  const auto &t = times(run);
  const auto at = std::upper_bound(t.begin(), t.end(), time + kSameTime * (double)dt_);
  return std::max(0, static_cast<int>(at - t.begin()) - 1);
}

Situation SolverWorld::recorded(int run, int time) {
  Situation s;
  s.run = run;
  s.time = times(run)[static_cast<std::size_t>(time)];
  s.step = std::llround((s.time - times(run)[0]) / (double)dt_);
  PetRLThrow(records_.State(run, time, s.state));
  return s;
}

std::vector<double> SolverWorld::recordedAuxiliary(int run, int time) {
  std::vector<double> values;
  if (!layout().auxiliary.empty()) PetRLThrow(records_.Auxiliary(run, time, values));
  return values;
}

GridSize SolverWorld::own() const {
  PetscInt n[3];
  PetRLThrow(DMDAGetCorners(closure_->data->dm, NULL, NULL, NULL, &n[0], &n[1], &n[2]));
  return {static_cast<int>(n[0]), static_cast<int>(n[1]), static_cast<int>(n[2])};
}

bool SolverWorld::whole() const {
  GridShape grid;
  PetRLThrow(ClosureGridShape(closure_->data->dm, &grid));
  bool all = grid.ranks[0] * grid.ranks[1] * grid.ranks[2] == 1;
  for (PetscInt d = 0; d < grid.dim; ++d) all = all && grid.periodic(d);
  return all;
}

void SolverWorld::surround(float *planes, int channels, int reach) {
  PetRLThrow(Surround(planes, channels, reach));
}

// What one rank has all of goes round along x, then whole rows along y, then whole slices along z; what lies beyond
// walls is left as it is.
static void wrap(float *plane, const GridSize &own, const GridSize &beyond, const GridShape &grid) {
  const GridSize all = own.grown(beyond);
  const bool round[3] = {grid.periodic(0), grid.dim > 1 && grid.periodic(1), grid.dim > 2 && grid.periodic(2)};
  const std::ptrdiff_t row = all.nx, slice = row * all.ny;
  const int x = round[0] ? 0 : beyond.nx, y = round[1] ? 0 : beyond.ny;
  for (int k = beyond.nz; k < beyond.nz + own.nz && round[0]; ++k) {
    for (int j = beyond.ny; j < beyond.ny + own.ny; ++j) {
      float *const at = plane + k * slice + j * row;
      for (int i = beyond.nx - 1; i >= 0; --i) at[i] = at[i + own.nx];
      for (int i = beyond.nx + own.nx; i < all.nx; ++i) at[i] = at[i - own.nx];
    }
  }
  const auto copy = [&](int j, int k, int from_j, int from_k) {
    const float *const from = plane + from_k * slice + from_j * row;
    std::copy(from + x, from + row - x, plane + k * slice + j * row + x);
  };
  for (int k = beyond.nz; k < beyond.nz + own.nz && round[1]; ++k) {
    for (int j = beyond.ny - 1; j >= 0; --j) copy(j, k, j + own.ny, k);
    for (int j = beyond.ny + own.ny; j < all.ny; ++j) copy(j, k, j - own.ny, k);
  }
  for (int j = y; j < all.ny - y && round[2]; ++j) {
    for (int k = beyond.nz - 1; k >= 0; --k) copy(j, k, j, k + own.nz);
    for (int k = beyond.nz + own.nz; k < all.nz; ++k) copy(j, k, j, k - own.nz);
  }
}

PetscErrorCode SolverWorld::Surround(float *planes, int channels, int reach) {
  const GridSize size = own(), beyond = around(dimensions(), reach), all = size.grown(beyond);
  const auto n = static_cast<std::size_t>(channels);
  GridShape shape;
  Vec global, local;
  PetscScalar *values;
  const PetscScalar *read;

  PetscFunctionBegin;
  if (reach == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ClosureGridShape(closure_->data->dm, &shape));
  if (shape.ranks[0] * shape.ranks[1] * shape.ranks[2] == 1) {
    for (std::size_t c = 0; c < n; ++c) wrap(planes + c * all.points(), size, beyond, shape);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  DM &grid = grids_[{channels, reach}];
  if (!grid) PetscCall(ClosureGhostedGrid(closure_, channels, reach, &grid));
  PetscCall(DMGetGlobalVector(grid, &global));
  PetscCall(DMGetLocalVector(grid, &local));
  const auto rows = [&](const auto &f) {
    for (int z = 0; z < all.nz; ++z)
      for (int y = 0; y < all.ny; ++y)
        f(y, z, (static_cast<std::size_t>(z * all.ny + y)) * static_cast<std::size_t>(all.nx));
  };
  PetscCall(VecGetArrayWrite(global, &values));
  PetscScalar *to = values;
  rows([&](int y, int z, std::size_t row) {
    if (y < beyond.ny || y >= all.ny - beyond.ny || z < beyond.nz || z >= all.nz - beyond.nz) return;
    for (int x = beyond.nx; x < all.nx - beyond.nx; ++x)
      for (std::size_t c = 0; c < n; ++c) *to++ = planes[c * all.points() + row + static_cast<std::size_t>(x)];
  });
  PetscCall(VecRestoreArrayWrite(global, &values));
  PetscCall(VecSet(local, PETSC_MAX_REAL));  // beyond walls nothing is written
  PetscCall(DMGlobalToLocal(grid, global, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &read));
  const PetscScalar *from = read;
  rows([&](int, int, std::size_t row) {
    for (int x = 0; x < all.nx; ++x) {
      for (std::size_t c = 0; c < n; ++c, ++from) {
        const double value = PetscRealPart(*from);
        if (value != PETSC_MAX_REAL)
          planes[c * all.points() + row + static_cast<std::size_t>(x)] = static_cast<float>(value);
      }
    }
  });
  PetscCall(VecRestoreArrayRead(local, &read));
  PetscCall(DMRestoreLocalVector(grid, &local));
  PetscCall(DMRestoreGlobalVector(grid, &global));
  PetscFunctionReturn(PETSC_SUCCESS);
}

Validity SolverWorld::validity() const {
  const ClosureUse &use = closure_->data->use;
  Validity v;
  v.saw("step", (double)dt_);
  double product = 1;
  for (int d = 0; d < dimensions(); ++d) product *= (double)closure_->data->h[d];
  if (product > 0) v.saw("spacing", std::pow(product, 1. / dimensions()));
  v.saw("boundary", use.periodic ? "periodic" : "not-periodic");
  if (!use.ts_type.empty()) v.saw("ts_type", use.ts_type);
  if (use.order > 0) v.saw("order", use.order);
  return v;
}

void SolverWorld::use(const Policy &specification) {
  PetRLThrow(ClosureSetUpWith(closure_, specification));
  closure_->data->own_step = dt_;
}

static PetscErrorCode StatesOf(const std::vector<NamedField> &fields,
                               std::vector<std::pair<Vec, PetscObjectState>> &states) {
  PetscFunctionBegin;
  states.clear();
  for (const NamedField &field : fields) {
    PetscObjectState state;
    PetscCall(PetscObjectStateGet((PetscObject)field.vec, &state));
    PetRLCallCXX(states.emplace_back(field.vec, state));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Not again where they are still as they were put: the program may make something of fields that changed.
PetscErrorCode SolverWorld::PutAuxiliary(int run, double time) {
  std::vector<NamedField> offered;
  std::vector<std::pair<Vec, PetscObjectState>> states;
  std::vector<double> values;
  const auto &names = layout().auxiliary;

  PetscFunctionBegin;
  if (names.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  const int moment = momentOf(run, time);
  PetscCall(ClosureOfferedFields(closure_, offered));
  PetscCall(StatesOf(offered, states));
  int same = states == auxiliary_states_ ? 1 : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, PetscObjectComm((PetscObject)closure_)));
  if (same != 0 && !records_.OtherAuxiliary(run, moment, auxiliary_at_.first, auxiliary_at_.second))
    PetscFunctionReturn(PETSC_SUCCESS);
  auxiliary_at_ = {run, moment};
  PetscCall(records_.Auxiliary(run, moment, values));
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto it =
        std::find_if(offered.begin(), offered.end(), [&](const NamedField &field) { return field.name == names[k]; });
    if (it == offered.end()) continue;
    PetscScalar *to;
    PetscInt size;
    PetscCall(VecGetLocalSize(it->vec, &size));
    const std::size_t points = values.size() / names.size(), dof = static_cast<std::size_t>(size) / points;
    PetscCall(VecGetArray(it->vec, &to));
    for (std::size_t i = 0; i < points; ++i)
      to[i * dof + static_cast<std::size_t>(it->component)] = values[i * names.size() + k];
    PetscCall(VecRestoreArray(it->vec, &to));
  }
  PetscCall(StatesOf(offered, auxiliary_states_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The state and the fields, and what the program does before a step from there.
PetscErrorCode SolverWorld::Place() {
  PetscScalar *x;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(X_, &x));
  std::copy(at_.state.begin(), at_.state.end(), x);
  PetscCall(VecRestoreArrayWrite(X_, &x));
  PetscCall(PutAuxiliary(at_.run, at_.time));
  if (functions_.before) {
    const Watch watch(seconds_);
    PetscCall(functions_.before((PetscInt)at_.step, (PetscReal)at_.time, X_));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

void SolverWorld::put(const Situation &situation) {
  at_ = situation;
  PetRLThrow(Place());
  fresh_ = true;
  PetRLThrow(Observe());
}

PetscErrorCode SolverWorld::Observe() {
  PetscFunctionBegin;
  PetscCall(ClosureFollowAuxiliary(closure_));
  PetscCall(ClosureObserve(closure_, X_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void SolverWorld::observe(float *observation, int margin) {
  Closure &c = *closure_->data;
  const GridSize size = own().grown(around(dimensions(), margin));
  c.input->setPatch(c.view, around(dimensions(), margin));
  const auto channel = static_cast<std::ptrdiff_t>(size.points());
  for (int z = 0; z < size.nz; ++z)
    for (int y = 0; y < size.ny; ++y, observation += size.nx) c.input->row(y, z, 0, size.nx, observation, channel);
}

// Planes of own points, into planes with so many points around them.
static void embed(const float *own, const GridSize &size, const GridSize &beyond, std::size_t channels,
                  std::vector<float> &planes) {
  const GridSize all = size.grown(beyond);
  planes.assign(channels * all.points(), 0.f);
  for (std::size_t c = 0; c < channels; ++c) {
    for (int z = 0; z < size.nz; ++z) {
      for (int y = 0; y < size.ny; ++y, own += size.nx) {
        const auto row = static_cast<std::size_t>((z + beyond.nz) * all.ny + y + beyond.ny);
        std::copy_n(
            own, size.nx,
            &planes[c * all.points() + row * static_cast<std::size_t>(all.nx) + static_cast<std::size_t>(beyond.nx)]);
      }
    }
  }
}

static NetworkOutput viewOf(const std::vector<float> &planes, const GridSize &size, const GridSize &beyond) {
  const GridSize all = size.grown(beyond);
  NetworkOutput view;
  view.row = all.nx;
  view.slice = view.row * all.ny;
  view.plane = view.slice * all.nz;
  view.data = planes.data() + beyond.nz * view.slice + beyond.ny * view.row + beyond.nx;
  return view;
}

PetscErrorCode SolverWorld::Around(const float *output, NetworkOutput &network) {
  const Closure &c = *closure_->data;
  const int reach = c.correction->outputGhost();
  const std::size_t actions = c.policy.action.low.size();

  PetscFunctionBegin;
  PetRLCallCXX(embed(output, own(), c.around(reach), actions, output_));
  PetscCall(Surround(output_.data(), static_cast<int>(actions), reach));
  network = viewOf(output_, own(), c.around(reach));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SolverWorld::Correct(const float *output) {
  Closure &c = *closure_->data;
  NetworkOutput network;

  PetscFunctionBegin;
  PetscCall(Around(output, network));
  PetRLCallCXX(c.correction->compute(c.view, network, ClosureStep(c, dt_), c.change.data()));
  PetscCall(ClosureWriteChange(closure_, true, c.work));
  PetscCall(VecAXPY(X_, -1, c.work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SolverWorld::Advance(const float *output, Situation &next, bool *good) {
  MPI_Comm comm = PetscObjectComm((PetscObject)closure_);
  PetscBool failed = PETSC_FALSE;
  const PetscScalar *x;
  PetscInt n;

  PetscFunctionBegin;
  if (!fresh_) PetscCall(Place());
  fresh_ = false;
  if (output != nullptr) PetscCall(Correct(output));
  {
    const Watch watch(seconds_);
    PetscCall(functions_.step((PetscInt)at_.step, (PetscReal)at_.time, dt_, X_, &failed));
  }
  PetscCall(VecGetLocalSize(X_, &n));
  PetRLCallCXX({
    next.run = at_.run;
    next.time = at_.time + (double)dt_;
    next.step = at_.step + 1;
    next.state.resize(static_cast<std::size_t>(n));
  });
  PetscCall(VecGetArrayRead(X_, &x));
  for (PetscInt i = 0; i < n; ++i) next.state[static_cast<std::size_t>(i)] = PetscRealPart(x[i]);
  PetscCall(VecRestoreArrayRead(X_, &x));
  int fine = !failed && (n == 0 || allFinite(next.state.data(), next.state.size())) ? 1 : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &fine, 1, MPI_INT, MPI_MIN, comm));
  *good = fine != 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

bool SolverWorld::advance(const float *output, Situation &next) {
  bool good = false;
  PetRLThrow(Advance(output, next, &good));
  return good;
}

void SolverWorld::pullBack(const std::vector<double> &d_state, const float *output, float *d_output) {
  Closure &c = *closure_->data;
  const std::size_t points = own().points(), dof = layout().components.size();
  const auto &corrected = c.correction->components();
  NetworkOutput network;
  std::vector<float> slopes(corrected.size() * points);
  for (std::size_t k = 0; k < corrected.size(); ++k) {
    const auto component = static_cast<std::size_t>(c.channels[static_cast<std::size_t>(corrected[k])].component);
    // The state loses what the correction is.
    for (std::size_t i = 0; i < points; ++i) slopes[k * points + i] = -static_cast<float>(d_state[i * dof + component]);
  }
  embed(slopes.data(), own(), c.around(1), corrected.size(), slope_);
  PetRLThrow(Surround(slope_.data(), static_cast<int>(corrected.size()), 1));
  PetRLThrow(Around(output, network));
  c.correction->pullBack(c.view, network, ClosureStep(c, dt_), viewOf(slope_, own(), c.around(1)), d_output);
}

}  // namespace petrl
