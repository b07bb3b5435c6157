// Closures in a stranger's program: what would be silently wrong there is right, or an error on every rank.
#include <fstream>
#include <stdexcept>

#include "mpi/closure_support.hpp"
#include "policy/backend.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

struct OptionValue {
  std::string name;
  OptionValue(const std::string &option, const std::string &value) : name(option) {
    PetscOptionsSetValue(NULL, option.c_str(), value.c_str());
  }
  ~OptionValue() { PetscOptionsClearValue(NULL, name.c_str()); }
};

struct Like {
  Vec v = NULL;
  explicit Like(Vec x) { VecDuplicate(x, &v); }
  ~Like() { VecDestroy(&v); }
  operator Vec() const { return v; }
};

double largest(Vec v) {
  PetscReal norm = 0;
  VecNorm(v, NORM_INFINITY, &norm);
  return norm;
}

double total(Vec v) {
  PetscScalar sum = 0;
  VecSum(v, &sum);
  return PetscRealPart(sum);
}

// Moves psi by face fluxes whose weights depend on all that it sees.
Policy fluxPolicy(unsigned half_width) {
  const std::size_t weights = 2 * (2 * half_width + 1);
  Policy p = closurePolicy({"psi", "u", "v"}, weights, "flux", -0.5, 1);
  p.action.parameters = {{"velocity", "u v"}, {"half_width", std::to_string(half_width)}};
  p.network = randomFcn({{3, 4, weights}, {3, 3}, {1, 1}}, "relu", "tanh", 7);
  return p;
}

// psi, u, v on a grid of spacing 1, corrected; all values in the order of one rank.
std::vector<double> fluxCorrection(MPI_Comm comm, const std::string &file, DMBoundaryType b, PetscReal dt) {
  const Grid state(comm, 19, 16, {"psi", "u", "v"}, b);
  const ClosureOn closure(state.da, file);
  const Like change(state.x);
  std::vector<double> all(19 * 16 * 3, 0);
  state.fill(scattered);
  PetRLClosureSetSpacing(closure, 1, 1);
  EXPECT_EQ(PetRLClosureApply(closure, state.x, dt, change), 0);
  state.each(change, [&](PetscScalar &value, PetscInt i, PetscInt j, PetscInt c) {
    all[static_cast<std::size_t>((j * 19 + i) * 3 + c)] = value;
  });
  MPI_Allreduce(MPI_IN_PLACE, all.data(), static_cast<int>(all.size()), MPI_DOUBLE, MPI_SUM, comm);
  return all;
}

}  // namespace

// A program that gives the DM another Vec of its velocity before each step.
TEST(ClosureLimitsMpi, TheAuxiliaryVecOfTheMoment) {
  Policy p = closurePolicy({"psi", "u"}, 1, "additive", -100, 100);
  p.network.weights["layer0/weight"] = {{1, 2, 1, 1}, {0, 0.01f}};  // A = u
  p.network.weights["layer0/bias"] = {{1}, {0}};
  const SharedFile file(p);
  const Grid state(PETSC_COMM_WORLD, 9, 8, {"psi"}), plain(PETSC_COMM_WORLD, 9, 8, {"u"});
  const Grid crowded(PETSC_COMM_WORLD, 9, 8, {"t", "v", "u"}), nameless(PETSC_COMM_WORLD, 9, 8, {""});
  const ClosureOn closure(state.da, file.path);
  const Like change(state.x);
  const auto expectAll = [&](double expected) {
    ASSERT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);
    state.each(change, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, expected, 1e-5); });
  };
  VecSet(state.x, 0);
  for (int step = 1; step <= 4; ++step) {
    const Grid &grid = step == 3 ? crowded : plain;
    const Like velocity(grid.x);  // duplicates know their DM
    VecSet(velocity, step);
    DMSetAuxiliaryVec(state.da, NULL, 0, 0, velocity);
    expectAll(step);
    VecSet(velocity, 10 + step);
    expectAll(10 + step);
  }
  DMSetAuxiliaryVec(state.da, NULL, 0, 0, nameless.x);
  expectError([&] { return PetRLClosureApply(closure, state.x, 1, change); }, {file.path, "'u'", "offers"});
  DMSetAuxiliaryVec(state.da, NULL, 0, 0, NULL);
  expectError([&] { return PetRLClosureApply(closure, state.x, 1, change); }, {file.path, "'u'", "offers"});
  VecSet(plain.x, 7);
  DMSetAuxiliaryVec(state.da, NULL, 0, 0, plain.x);
  expectAll(7);
  DMSetAuxiliaryVec(state.da, NULL, 0, 0, NULL);
}

// Options that come after the set-up count.
TEST(ClosureLimitsMpi, OptionsAfterTheSetUp) {
  const SharedFile file(constantClosure({"psi"}, "additive", -1, 1, {0.5f}));
  const Grid state(PETSC_COMM_WORLD, 9, 8, {"", ""});
  const ClosureOn closure(state.da, file.path);
  const Like change(state.x);
  VecSet(state.x, 0);
  for (const char *names : {"psi,x", "x,psi"}) {
    const OptionValue fields("-closure_fields", names);
    ASSERT_EQ(PetRLClosureSetFromOptions(closure), 0);
    ASSERT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);
    const PetscInt changed = names[0] == 'x' ? 1 : 0;
    state.each(change, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt c) { EXPECT_EQ(v, c == changed ? 0.5 : 0); });
  }
  const OptionValue missing("-closure_auxiliary", "/no/such/file");
  ASSERT_EQ(PetRLClosureSetFromOptions(closure), 0);
  EXPECT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);  // nothing is missing: not read
}

// A coarse grid lacks something all the time: a step gets as much as it is long, however time is divided.
TEST(ClosureLimitsMpi, HalfStepsHaveHalfTheImpulse) {
  for (const char *transform : {"additive", "additive-rate"}) {
    const SharedFile file(constantClosure({"psi"}, transform, -1, 3, {0.5f}));
    const Grid state(PETSC_COMM_WORLD, 9, 8, {"psi"});
    const ClosureOn closure(state.da, file.path);
    const double step = 0.25, impulse = transform == std::string("additive") ? 2 : 2 * step;
    VecSet(state.x, 10);
    ASSERT_EQ(PetRLClosureCorrect(closure, step, state.x), 0);  // a policy that records no step: the first counts
    for (int half = 0; half < 2; ++half) ASSERT_EQ(PetRLClosureCorrect(closure, step / 2, state.x), 0);
    state.each(state.x, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_EQ(v, 10 - 2 * impulse); });
    const Like change(state.x), forcing(state.x);
    ASSERT_EQ(PetRLClosureApply(closure, state.x, step / 64, change), 0);  // a last step that is cut
    state.each(change, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_EQ(v, impulse / 64); });
    for (const double dt : {step, step / 64}) {
      VecSet(forcing, 0);
      ASSERT_EQ(PetRLClosureAddForcing(closure, state.x, dt, forcing), 0);
      state.each(forcing, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_EQ(v, -impulse / step); });
    }
  }
  const SharedFile flux(fluxPolicy(2));
  const auto whole = fluxCorrection(PETSC_COMM_WORLD, flux.path, DM_BOUNDARY_PERIODIC, 0.5),
             half = fluxCorrection(PETSC_COMM_WORLD, flux.path, DM_BOUNDARY_PERIODIC, 0.25);
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(whole[i], 2 * half[i]);
}

// Face fluxes conserve on every grid: nothing of theirs passes a boundary. And the ranks agree.
TEST(ClosureLimitsMpi, FluxesKeepWithinTheGrid) {
  for (const unsigned half_width : {1u, 3u}) {
    const SharedFile file(fluxPolicy(half_width));
    for (const DMBoundaryType b : {DM_BOUNDARY_NONE, DM_BOUNDARY_GHOSTED, DM_BOUNDARY_PERIODIC}) {
      const auto together = fluxCorrection(PETSC_COMM_WORLD, file.path, b, 0.5);
      EXPECT_EQ(together, fluxCorrection(PETSC_COMM_SELF, file.path, b, 0.5)) << DMBoundaryTypes[b];
      double sum = 0, size = 0;
      for (const double a : together) sum += a, size += std::abs(a);
      EXPECT_GT(size, 1);
      EXPECT_LT(std::abs(sum), 1e-12 * size) << DMBoundaryTypes[b];
    }
  }
}

// A spacing is known, or an error; not guessed.
TEST(ClosureLimitsMpi, SpacingIsNotGuessed) {
  const SharedFile flux(fluxPolicy(1)), additive(constantClosure({"psi"}, "additive", -1, 1, {0.5f}));
  const Grid state(PETSC_COMM_WORLD, 16, 12, {"psi", "u", "v"});
  const Like change(state.x), expected(state.x);
  state.fill(scattered);
  {
    const ClosureOn closure(state.da, additive.path);
    EXPECT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);
  }
  const ClosureOn closure(state.da, flux.path);
  expectError([&] { return PetRLClosureSetUp(closure); },
              {flux.path, "flux", "-closure_spacing", "DMDASetUniformCoordinates"});
  for (const double bad : {0., -1., double(NAN), double(INFINITY)})
    expectError([&] { return PetRLClosureSetSpacing(closure, 1, bad); }, {"-closure_spacing", "positive"});
  PetRLClosureSetSpacing(closure, 6, 0.5);
  ASSERT_EQ(PetRLClosureApply(closure, state.x, 1, expected), 0);
  EXPECT_GT(largest(expected), 0.01);

  DMDASetUniformCoordinates(state.da, 2, 98, -1, 5, 0, 0);
  const ClosureOn other(state.da, flux.path);
  ASSERT_EQ(PetRLClosureApply(other, state.x, 1, change), 0);
  VecAXPY(change, -1, expected);
  EXPECT_LT(largest(change), 1e-12);

  Vec coordinates;
  DMGetCoordinates(state.da, &coordinates);
  VecSet(coordinates, 1);  // all in one place
  expectError([&] { return PetRLClosureSetUp(ClosureOn(state.da, flux.path)); }, {"uniform grid"});
  VecSet(coordinates, NAN);
  expectError([&] { return PetRLClosureSetUp(ClosureOn(state.da, flux.path)); }, {"uniform grid"});
}

// Vecs that only look like the state's.
TEST(ClosureLimitsMpi, OtherVecs) {
  const SharedFile file(constantClosure({"psi"}, "additive", -1, 1, {0.5f}));
  const Grid state(PETSC_COMM_WORLD, 16, 8, {"psi"}), turned(PETSC_COMM_WORLD, 8, 16, {"psi"});
  const Grid two(PETSC_COMM_WORLD, 16, 8, {"psi", "u"}), pairs(PETSC_COMM_WORLD, 8, 8, {"psi", "u"});
  const ClosureOn closure(state.da, file.path);
  const Like change(state.x);
  ASSERT_EQ(PetRLClosureSetUp(closure), 0);
  for (const Grid *grid : {&turned, &two, &pairs})
    expectError([&] { return PetRLClosureApply(closure, grid->x, 1, change); }, {"X: expected a", "closure's DMDA"});
  expectError([&] { return PetRLClosureCorrect(closure, 1, two.x); }, {"X: expected a global Vec"});
  Vec local, uneven;
  DMGetLocalVector(state.da, &local);
  expectError([&] { return PetRLClosureApply(closure, local, 1, change); }, {"X: expected a global Vec"});
  DMRestoreLocalVector(state.da, &local);
  // The same on all ranks but the first and the last.
  PetscInt n;
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  VecGetLocalSize(state.x, &n);
  const int rank = rankOf(PETSC_COMM_WORLD);
  if (size > 1) n += rank == 0 ? 1 : rank == size - 1 ? -1 : 0;
  VecCreateMPI(PETSC_COMM_WORLD, n, PETSC_DETERMINE, &uneven);
  VecSet(uneven, 0);
  if (size > 1)
    expectError([&] { return PetRLClosureApply(closure, uneven, 1, change); }, {"X: expected a global Vec"});
  else
    EXPECT_EQ(PetRLClosureApply(closure, uneven, 1, change), 0);
  VecDestroy(&uneven);
}

// What only one rank's network has to say is an error on all, and nobody waits for the others.
TEST(ClosureLimitsMpi, ANetworkThatFailsOnOneRank) {
  class Failing : public GridBackend {
   public:
    using GridBackend::evaluate;
    const char *name() const override { return "failing"; }
    int reach() const override { return 0; }
    int inputs() const override { return 1; }
    int outputs() const override { return 1; }
    void evaluate(const float *, const GridSize &size_of_patch, float *out) override {
      PetscMPIInt size;
      MPI_Comm_size(PETSC_COMM_WORLD, &size);
      if (rankOf(PETSC_COMM_WORLD) == size - 1) throw std::runtime_error("out of ideas");
      std::fill_n(out, size_of_patch.points(), 0.f);
    }
  };
  backends().add("torch", [](const Policy &, const std::string &) { return std::make_unique<Failing>(); });
  const SharedFile yaml("failing.yaml", [](const std::string &path) {
    std::ofstream(path) << "kind: closure\nobservation: {names: [psi], offset: [0], scale: [1]}\n"
                           "action: {transform: additive, low: [-1], high: [1]}\n";
    std::ofstream(path.substr(0, path.size() - 5) + ".pt") << "module";
  });
  const std::string module = yaml.path.substr(0, yaml.path.size() - 5) + ".pt";
  const Grid state(PETSC_COMM_WORLD, 16, 8, {"psi"});
  const ClosureOn closure(state.da, module);
  ASSERT_EQ(PetRLClosureSetUp(closure), 0);
  VecSet(state.x, 0);
  expectError([&] { return PetRLClosureCorrect(closure, 1, state.x); }, {"out of ideas"});
  MPI_Barrier(PETSC_COMM_WORLD);
  std::remove(module.c_str());
}

// Null pointers and calls out of order are errors with words.
TEST(ClosureLimitsMpi, ArgumentsAndOrder) {
  const SharedFile file(constantClosure({"psi"}, "additive", -1, 1, {0.5f}));
  const Grid state(PETSC_COMM_WORLD, 9, 8, {"psi"}), alone(PETSC_COMM_SELF, 9, 8, {"psi"});
  const Like change(state.x);
  TS ts, inner;
  PetRLClosure closure = NULL;
  const char *text, *names[2] = {"psi", NULL};
  const std::vector<std::string> null = {"NULL"};
  TSCreate(PETSC_COMM_WORLD, &ts);

  EXPECT_EQ(PetRLClosureDestroy(NULL), 0);
  EXPECT_EQ(PetRLClosureDestroy(&closure), 0);
  expectError([&] { return PetRLClosureCreate(PETSC_COMM_WORLD, NULL); }, null);
  for (const auto &call : std::vector<std::function<PetscErrorCode()>>{
           [&] { return PetRLClosureSetDM(NULL, state.da); },
           [&] { return PetRLClosureSetPolicy(NULL, "a.h5"); },
           [&] { return PetRLClosureGetPolicy(NULL, &text); },
           [&] { return PetRLClosureSetStateNames(NULL, 1, names); },
           [&] { return PetRLClosureSetField(NULL, "u", state.x, 0); },
           [&] { return PetRLClosureSetSpacing(NULL, 1, 1); },
           [&] { return PetRLClosureSetErrorIfNaN(NULL, PETSC_TRUE); },
           [&] { return PetRLClosureSetErrorIfOutside(NULL, PETSC_TRUE); },
           [&] { return PetRLClosureSetOptionsPrefix(NULL, "a_"); },
           [&] { return PetRLClosureSetFromOptions(NULL); },
           [&] { return PetRLClosureSetUp(NULL); },
           [&] { return PetRLClosureApply(NULL, state.x, 1, change); },
           [&] { return PetRLClosureCorrect(NULL, 1, state.x); },
           [&] { return PetRLClosureAddForcing(NULL, state.x, 1, change); },
           [&] { return PetRLClosureGetStatistics(NULL, NULL, NULL); },
           [&] { return PetRLClosureView(NULL, NULL); },
           [&] { return PetRLClosureAttachTS(NULL, ts, PETRL_CLOSURE_FORCING); },
           [&] { return TSClosureGetClosure(NULL, &closure); },
           [&] { return TSClosureGetTS(NULL, &inner); },
           [&] { return TSClosureSetMode(NULL, PETRL_CLOSURE_FORCING); },
       })
    expectError(call, null);
  ASSERT_EQ(PetRLClosureCreate(PETSC_COMM_WORLD, &closure), 0);
  expectError([&] { return PetRLClosureCorrect(closure, 1, state.x); }, {"PetRLClosureSetDM()"});
  for (const auto &call : std::vector<std::function<PetscErrorCode()>>{
           [&] { return PetRLClosureSetDM(closure, NULL); },
           [&] { return PetRLClosureSetPolicy(closure, NULL); },
           [&] { return PetRLClosureGetPolicy(closure, NULL); },
           [&] { return PetRLClosureSetStateNames(closure, 1, NULL); },
           [&] { return PetRLClosureSetStateNames(closure, 2, names); },
           [&] { return PetRLClosureSetField(closure, NULL, state.x, 0); },
           [&] { return PetRLClosureSetField(closure, "u", NULL, 0); },
           [&] { return PetRLClosureApply(closure, NULL, 1, change); },
           [&] { return PetRLClosureApply(closure, state.x, 1, NULL); },
           [&] { return PetRLClosureCorrect(closure, 1, NULL); },
           [&] { return PetRLClosureAddForcing(closure, state.x, 1, NULL); },
           [&] { return PetRLClosureAttachTS(closure, NULL, PETRL_CLOSURE_FORCING); },
       })
    expectError(call, null);
  expectError([&] { return PetRLClosureSetStateNames(closure, -1, names); }, {"found -1"});
  expectError([&] { return PetRLClosureSetField(closure, "u", state.x, -1); }, {"'u'", "found -1"});
  expectError([&] { return PetRLClosureSetDM(closure, (DM)state.x); }, {"dm", "another class"});
  expectError([&] { return TSClosureGetTS(ts, &inner); }, {"type closure", "none"});
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  if (size > 1) expectError([&] { return PetRLClosureSetDM(closure, alone.da); }, {"communicators"});
  EXPECT_EQ(PetRLClosureSetDM(closure, state.da), 0);
  expectError([&] { return PetRLClosureCorrect(closure, 1, state.x); }, {"no policy", "-closure_policy"});
  EXPECT_EQ(PetRLClosureView(closure, NULL), 0);
  EXPECT_EQ(PetRLClosureSetPolicy(closure, file.path.c_str()), 0);
  EXPECT_EQ(PetRLClosureSetStateNames(closure, 0, NULL), 0);
  VecSet(state.x, 1);
  EXPECT_EQ(PetRLClosureCorrect(closure, 1, state.x), 0);
  EXPECT_NEAR(total(state.x), 36, 1e-12);
  EXPECT_EQ(PetRLClosureDestroy(&closure), 0);
  TSDestroy(&ts);
}
