// PetRLClosure on several ranks: the answer of one rank, to the last bit; fields by name; errors on every rank.
#include "closure/periodic.hpp"
#include "mpi/closure_support.hpp"
#include "policy/shared_policy.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

constexpr PetscInt kNx = 31, kNy = 26;

// Observes psi and two velocity components, corrects psi and w.
Policy listeningPolicy() {
  Policy p = closurePolicy({"psi", "u", "v", "w"}, 2, "additive-rate", -0.5, 2);
  p.action.parameters["components"] = "w psi";
  p.network = randomFcn({{4, 8, 8, 2}, {3, 3, 3}, {1, 2, 1}}, "relu", "tanh", 4);
  return p;
}

PetscErrorCode CorrectionOf(DMBoundaryType b, MPI_Comm comm, const std::string &file, std::vector<double> &all) {
  const Grid state(comm, kNx, kNy, {"w", "other", "psi"}, b), velocity(comm, kNx, kNy, {"", "v", "u"}, b);
  const ClosureOn closure(state.da, file);
  Vec change;

  PetscFunctionBegin;
  state.fill(scattered);
  velocity.fill([](PetscInt i, PetscInt j, PetscInt c) { return scattered(j, i, c + 5); });
  PetscCall(PetRLClosureSetField(closure, "u", velocity.x, 2));
  PetscCall(PetRLClosureSetField(closure, "v", velocity.x, 1));
  PetscCall(VecDuplicate(state.x, &change));
  PetscCall(VecSet(change, 77));
  PetscCall(PetRLClosureApply(closure, state.x, 0.25, change));
  all.assign(kNx * kNy * 3, 0);
  state.each(change, [&](PetscScalar &value, PetscInt i, PetscInt j, PetscInt c) {
    all[static_cast<std::size_t>((c * kNy + j) * kNx + i)] = value;
  });
  PetscCall(VecDestroy(&change));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, all.data(), static_cast<int>(all.size()), MPI_DOUBLE, MPI_SUM, comm));
  PetscFunctionReturn(0);
}

}  // namespace

TEST(ClosureMpi, AnswersAreThoseOfOneRank) {
  const SharedFile file(listeningPolicy());
  for (const DMBoundaryType b : {DM_BOUNDARY_PERIODIC, DM_BOUNDARY_NONE, DM_BOUNDARY_GHOSTED}) {
    std::vector<double> together, alone;
    ASSERT_EQ(CorrectionOf(b, PETSC_COMM_WORLD, file.path, together), 0);
    ASSERT_EQ(CorrectionOf(b, PETSC_COMM_SELF, file.path, alone), 0);
    EXPECT_EQ(together, alone) << DMBoundaryTypes[b];
    double norm = 0;
    for (const double v : alone) norm += std::abs(v);
    EXPECT_GT(norm, 1);
    for (std::size_t i = kNx * kNy; i < 2 * kNx * kNy; ++i) EXPECT_EQ(alone[i], 0);  // "other" is left alone
  }
}

// Nobody but the first rank opens it: elsewhere it may not even be there.
TEST(ClosureMpi, TheFirstRankReadsTheFile) {
  const SharedFile file(listeningPolicy());
  const bool first = rankOf(PETSC_COMM_WORLD) == 0;
  std::vector<double> together, alone;
  ASSERT_EQ(CorrectionOf(DM_BOUNDARY_PERIODIC, PETSC_COMM_WORLD, first ? file.path : "/no/such/file.h5", together), 0);
  ASSERT_EQ(CorrectionOf(DM_BOUNDARY_PERIODIC, PETSC_COMM_SELF, file.path, alone), 0);
  EXPECT_EQ(together, alone);
}

TEST(ClosureMpi, AgreesWithPeriodicArrays) {
  const SharedFile file(listeningPolicy());
  std::vector<double> alone, psi, u, v, w, change(2 * kNx * kNy);
  ASSERT_EQ(CorrectionOf(DM_BOUNDARY_PERIODIC, PETSC_COMM_SELF, file.path, alone), 0);
  for (PetscInt j = 0; j < kNy; j++) {
    for (PetscInt i = 0; i < kNx; i++) {
      w.push_back(scattered(i, j, 0));
      psi.push_back(scattered(i, j, 2));
      u.push_back(scattered(j, i, 7));
      v.push_back(scattered(j, i, 6));
    }
  }
  PeriodicClosure closure(loadPolicy(file.path, "closure"));
  closure.compute({psi.data(), u.data(), v.data(), w.data()}, {kNx, kNy, 0.25, 1, 1}, change.data());
  for (std::size_t k = 0; k < kNx * kNy; ++k) {
    ASSERT_EQ(change[k], alone[k]);                              // w
    ASSERT_EQ(change[kNx * kNy + k], alone[2 * kNx * kNy + k]);  // psi
  }
}

// Zero gradient at boundaries: a field that varies in y only has corrections that vary in y only.
TEST(ClosureMpi, BoundaryValuesGoOnOutwards) {
  Policy p = closurePolicy({"psi"}, 1, "additive", -1, 1);
  p.action.parameters["boundary"] = "free";
  p.network = randomFcn({{1, 4, 1}, {5, 3}, {1, 2}}, "tanh", "tanh", 11);
  const SharedFile file(p);
  const Grid state(PETSC_COMM_WORLD, 21, 22, {"psi"}, DM_BOUNDARY_NONE);
  const ClosureOn closure(state.da, file.path);
  state.fill([](PetscInt, PetscInt j, PetscInt) { return std::sin(static_cast<double>(j)); });
  Vec change;
  VecDuplicate(state.x, &change);
  ASSERT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);
  std::vector<double> row(22, NAN);
  state.each(change, [&](PetscScalar &value, PetscInt, PetscInt j, PetscInt) {
    double &first = row[static_cast<std::size_t>(j)];
    if (std::isnan(first)) first = value;
    EXPECT_EQ(value, first);
  });
  VecDestroy(&change);
}

// A constant answer: X goes down linearly, the forcing is constant.
TEST(ClosureMpi, ConstantCorrection) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 3, {0.5f}));  // 2 per unit of time
  const Grid state(PETSC_COMM_WORLD, 9, 8, {"psi"});
  const ClosureOn closure(state.da, file.path);
  VecSet(state.x, 10);
  for (int step = 0; step < 8; ++step) ASSERT_EQ(PetRLClosureCorrect(closure, 0.125, state.x), 0);
  state.each(state.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_EQ(v, 8); });
  Vec forcing;
  VecDuplicate(state.x, &forcing);
  VecSet(forcing, 1);
  ASSERT_EQ(PetRLClosureAddForcing(closure, state.x, 0.25, forcing), 0);
  state.each(forcing, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_EQ(v, -1); });
  VecDestroy(&forcing);
  PetscInt calls, fallbacks;
  PetRLClosureGetStatistics(closure, &calls, &fallbacks);
  EXPECT_EQ(calls, 9);
  EXPECT_EQ(fallbacks, 0);
}

// Where a velocity may come from: the DM's auxiliary Vec, a binary file, an HDF5 file.
TEST(ClosureMpi, FieldsFromElsewhere) {
  Policy p = closurePolicy({"psi", "u", "v"}, 1, "additive", -1, 1);
  p.network = randomFcn({{3, 1}, {3}, {1}}, "relu", "linear", 5);
  for (auto &w : p.network.weights["layer0/weight"].data) w *= 0.1f;
  const SharedFile file(p);
  const Grid state(PETSC_COMM_WORLD, 17, 12, {"psi"}), velocity(PETSC_COMM_WORLD, 17, 12, {"u", "v"});
  const Grid single(PETSC_COMM_WORLD, 17, 12, {"u"});
  state.fill(scattered);
  velocity.fill([](PetscInt i, PetscInt j, PetscInt c) { return scattered(j, i, c); });
  Vec expected, change;
  VecDuplicate(state.x, &expected);
  VecDuplicate(state.x, &change);
  const ClosureOn by_hand(state.da, file.path);
  PetRLClosureSetField(by_hand, "u", velocity.x, 0);
  PetRLClosureSetField(by_hand, "v", velocity.x, 1);
  ASSERT_EQ(PetRLClosureApply(by_hand, state.x, 1, expected), 0);
  const auto expectSame = [&](PetRLClosure closure) {
    PetscBool same = PETSC_FALSE;
    VecSet(change, 0);
    ASSERT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);
    VecEqual(change, expected, &same);
    EXPECT_EQ(same, PETSC_TRUE);
  };

  const SharedFile binary("aux.bin", [](const std::string &) {}), hdf5("aux.h5", [](const std::string &) {});
  PetscViewer viewer;
  PetscViewerBinaryOpen(PETSC_COMM_WORLD, binary.path.c_str(), FILE_MODE_WRITE, &viewer);
  ASSERT_EQ(VecView(velocity.x, viewer), 0);
  PetscViewerDestroy(&viewer);
  std::vector<const SharedFile *> files = {&binary};
#if PetscDefined(HAVE_HDF5)
  files.push_back(&hdf5);
  PetscViewerHDF5Open(PETSC_COMM_WORLD, hdf5.path.c_str(), FILE_MODE_WRITE, &viewer);
  for (PetscInt c = 0; c < 2; c++) {
    VecStrideGather(velocity.x, c, single.x, INSERT_VALUES);
    PetscObjectSetName((PetscObject)single.x, c == 0 ? "u" : "v");
    ASSERT_EQ(VecView(single.x, viewer), 0);
  }
  PetscViewerDestroy(&viewer);
#endif
  for (const SharedFile *aux : files) {
    const ClosureOn closure(state.da, file.path);
    PetscOptionsSetValue(NULL, "-closure_auxiliary", aux->path.c_str());
    PetRLClosureSetFromOptions(closure);
    PetscOptionsClearValue(NULL, "-closure_auxiliary");
    expectSame(closure);
    PetRLClosureView(closure, PETSC_VIEWER_STDOUT_WORLD);
  }
  {
    const ClosureOn closure(state.da, file.path);
    PetscOptionsSetValue(NULL, "-closure_auxiliary", binary.path.c_str());
    PetscOptionsSetValue(NULL, "-closure_auxiliary_fields", "u,v,w");
    PetRLClosureSetFromOptions(closure);
    PetscOptionsClearValue(NULL, "-closure_auxiliary");
    PetscOptionsClearValue(NULL, "-closure_auxiliary_fields");
    expectError([&] { return PetRLClosureSetUp(closure); }, {"-closure_auxiliary", binary.path, "u, v, w", "bytes"});
  }
#if PetscDefined(HAVE_HDF5)
  // PETSc would read the corner of a larger array.
  const Grid larger(PETSC_COMM_WORLD, 20, 12, {"u"});
  const SharedFile large("large.h5", [](const std::string &) {});
  PetscViewerHDF5Open(PETSC_COMM_WORLD, large.path.c_str(), FILE_MODE_WRITE, &viewer);
  PetscObjectSetName((PetscObject)larger.x, "u");
  ASSERT_EQ(VecView(larger.x, viewer), 0);
  PetscViewerDestroy(&viewer);
  for (const char *name : {"u", "v"}) {
    const ClosureOn closure(state.da, file.path);
    PetRLClosureSetField(closure, name[0] == 'u' ? "v" : "u", velocity.x, 0);
    PetscOptionsSetValue(NULL, "-closure_auxiliary", large.path.c_str());
    PetRLClosureSetFromOptions(closure);
    PetscOptionsClearValue(NULL, "-closure_auxiliary");
    expectError([&] { return PetRLClosureSetUp(closure); },
                {"-closure_auxiliary", large.path, name[0] == 'u' ? "'u': expected 12 x 17" : "no dataset 'v'"});
  }
#endif
  DMSetAuxiliaryVec(state.da, NULL, 0, 0, velocity.x);
  {
    const ClosureOn closure(state.da, file.path);
    expectSame(closure);
    // What the Vec holds at each call counts.
    VecScale(velocity.x, 2);
    ASSERT_EQ(PetRLClosureApply(by_hand, state.x, 1, expected), 0);
    expectSame(closure);
  }
  DMSetAuxiliaryVec(state.da, NULL, 0, 0, NULL);
  VecDestroy(&expected);
  VecDestroy(&change);
}

TEST(ClosureMpi, NotFiniteIsLeftOutEverywhere) {
  const SharedFile file(diffusionClosure({"psi"}, "additive", 0.1, 10));
  const Grid state(PETSC_COMM_WORLD, 16, 16, {"psi"});
  const ClosureOn closure(state.da, file.path);
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  Vec change;
  VecDuplicate(state.x, &change);
  for (const double broken : {NAN, INFINITY}) {
    state.fill([&](PetscInt i, PetscInt j, PetscInt) { return i == 15 && j == 14 ? broken : scattered(i, j, 0); });
    ASSERT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);
    state.each(change, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_EQ(v, 0); });
  }
  PetscInt calls, fallbacks;
  PetRLClosureGetStatistics(closure, &calls, &fallbacks);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(fallbacks, 2);
  PetRLClosureSetErrorIfNaN(closure, PETSC_TRUE);
  expectError([&] { return PetRLClosureApply(closure, state.x, 1, change); }, {file.path, "not finite"});
  VecDestroy(&change);
}

TEST(ClosureMpi, MistakesAreNamed) {
  Policy p = closurePolicy({"psi", "u"}, 1, "additive", -1, 1);
  p.network = randomFcn({{2, 1}, {3}, {1}}, "relu", "linear", 5);
  const SharedFile two(p), one(constantClosure({"psi"}, "additive", -1, 1, {0}));
  Policy wide = closurePolicy({"psi"}, 1, "additive", -1, 1);
  wide.network = randomFcn({{1, 1}, {3}, {9}}, "relu", "linear", 5);
  const SharedFile far(wide), other(constantPolicy({"error"}, "error-ratio", 0.5, 1.2, 0));
  const Grid state(PETSC_COMM_WORLD, 16, 15, {"psi"}), nameless(PETSC_COMM_WORLD, 16, 15, {""});
  const Grid small(PETSC_COMM_WORLD, 8, 8, {"psi"});
  const auto setUp = [](PetRLClosure closure) { return [closure] { return PetRLClosureSetUp(closure); }; };

  expectError(setUp(ClosureOn(state.da, "nowhere.h5")), {"nowhere.h5"});
  expectError(setUp(ClosureOn(state.da, other.path)), {other.path, "expected a closure policy, found a tsadapt"});
  expectError(setUp(ClosureOn(state.da, two.path)), {two.path, "'u'", "The state has: psi", "other fields: none"});
  expectError(setUp(ClosureOn(nameless.da, one.path)), {one.path, "'psi'", "component0"});
  expectError(setUp(ClosureOn(small.da, far.path)), {far.path, "19 x 19", "8 x 8", "too small"});
  {
    const ClosureOn closure(nameless.da, one.path);
    const std::vector<const char *> names = {"a", "psi"};
    PetRLClosureSetStateNames(closure, 2, names.data());
    expectError(setUp(closure), {"-closure_fields", "expected 1 names", "a, psi"});
    PetRLClosureSetStateNames(closure, 1, names.data() + 1);
    EXPECT_EQ(PetRLClosureSetUp(closure), 0);
    expectError([&] { return PetRLClosureCorrect(closure, -1, nameless.x); }, {"found -1", "positive"});
    expectError([&] { return PetRLClosureCorrect(closure, NAN, nameless.x); }, {"positive"});
  }
  {
    const ClosureOn closure(state.da, two.path);
    PetRLClosureSetField(closure, "u", small.x, 0);
    expectError(setUp(closure), {"'u'", "distribution"});
    PetRLClosureSetField(closure, "u", nameless.x, 1);
    expectError(setUp(closure), {"'u'", "component 1", "found 1"});
    PetRLClosureSetField(closure, "u", nameless.x, 0);
    EXPECT_EQ(PetRLClosureSetUp(closure), 0);
  }
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  const ClosureOn closure(state.da, far.path);
  if (size > 1)
    expectError(setUp(closure), {far.path, "19 x 19", "16 x 15", "at most 1 ranks"});
  else
    EXPECT_EQ(PetRLClosureSetUp(closure), 0);

  DM line;
  DMDACreate3d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, 8, 8, 8,
               PETSC_DECIDE, PETSC_DECIDE, PETSC_DECIDE, 1, 1, NULL, NULL, NULL, &line);
  DMSetUp(line);
  expectError(setUp(ClosureOn(line, one.path)), {"is for grids of 2 dimensions, the DMDA has 3"});
  DMDestroy(&line);
  DMCreate(PETSC_COMM_WORLD, &line);
  DMSetType(line, DMREDUNDANT);
  expectError(setUp(ClosureOn(line, one.path)), {"need a DMDA", "redundant"});
  DMDestroy(&line);
}

TEST(ClosureMpi, SpacingFromCoordinates) {
  const SharedFile file(constantClosure({"psi"}, "additive", -1, 1, {0}));
  const Grid state(PETSC_COMM_WORLD, 16, 12, {"psi"});
  DMDASetUniformCoordinates(state.da, -1, 3, 0, 6, 0, 0);
  {
    const ClosureOn closure(state.da, file.path);
    EXPECT_EQ(PetRLClosureSetUp(closure), 0);
  }
  Vec coordinates;
  DMGetCoordinates(state.da, &coordinates);
  PetscScalar *x;
  VecGetArray(coordinates, &x);
  x[0] += 0.1;
  VecRestoreArray(coordinates, &x);
  const ClosureOn closure(state.da, file.path);
  expectError([&] { return PetRLClosureSetUp(closure); }, {"uniform grid", "-closure_spacing"});
  PetRLClosureSetSpacing(closure, 0.25, 0.5);
  EXPECT_EQ(PetRLClosureSetUp(closure), 0);
}
