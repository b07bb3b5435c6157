// What is trained is what runs: on the same state the laboratory's corrector (which learning acts through), the closure
// on periodic arrays (which studies use) and the public PetRLClosure correct the same, to the last bit.
#include <gtest/gtest.h>
#include <petrlclosure.h>
#include <petscdmda.h>

#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "closure/periodic.hpp"
#include "policy/architectures.hpp"
#include "policy/shared_policy.hpp"
#include "problems/advection/advection.hpp"
#include "problems/burgers/burgers.hpp"
#include "problems/grid2d/corrector.hpp"
#include "support/grid2d.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

/// A planar periodic observation as the network's input.
class Planes : public GridInput {
 public:
  Planes(const std::vector<float> &values, int channels, int nx, int ny)
      : values_(values), channels_(channels), nx_(nx), ny_(ny) {}
  void row(int y, int, int first, int count, float *out, std::ptrdiff_t channel) override {
    for (int c = 0; c < channels_; ++c)
      for (int i = 0; i < count; ++i)
        out[c * channel + i] =
            values_[static_cast<std::size_t>((c * ny_ + (y + 10 * ny_) % ny_) * nx_ + (first + i + 10 * nx_) % nx_)];
  }

 private:
  const std::vector<float> &values_;
  int channels_, nx_, ny_;
};

/// A Vec on a periodic n x n grid from planar components, which are named.
Vec vecOf(const std::vector<const char *> &names, const double *planar, int n) {
  const auto dof = static_cast<PetscInt>(names.size());
  DM da;
  Vec v;
  PetscScalar *array;
  PetRLThrow(DMDACreate2d(PETSC_COMM_SELF, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, DMDA_STENCIL_STAR, n, n, 1, 1,
                          dof, 1, NULL, NULL, &da));
  PetRLThrow(DMSetUp(da));
  for (PetscInt c = 0; c < dof; ++c) PetRLThrow(DMDASetFieldName(da, c, names[static_cast<std::size_t>(c)]));
  PetRLThrow(DMCreateGlobalVector(da, &v));
  PetRLThrow(VecGetArray(v, &array));
  for (int i = 0; i < n * n; ++i)
    for (PetscInt c = 0; c < dof; ++c) array[i * dof + c] = planar[c * n * n + i];
  PetRLThrow(VecRestoreArray(v, &array));
  PetRLThrow(DMDestroy(&da));  // the Vec keeps it
  return v;
}

std::vector<double> planarOf(Vec v, int dof, int n) {
  std::vector<double> planar(static_cast<std::size_t>(dof * n * n));
  const PetscScalar *array;
  PetRLThrow(VecGetArrayRead(v, &array));
  for (int i = 0; i < n * n; ++i)
    for (int c = 0; c < dof; ++c) planar[static_cast<std::size_t>(c * n * n + i)] = PetscRealPart(array[i * dof + c]);
  PetRLThrow(VecRestoreArrayRead(v, &array));
  return planar;
}

/// The state as the public object corrects it, its step being dt.
std::vector<double> byObject(const std::string &file, const std::vector<double> &state,
                             const std::vector<double> &velocity, int n, double dt) {
  const bool carried = !velocity.empty();
  const std::vector<const char *> names =
      carried ? std::vector<const char *>{"psi"} : std::vector<const char *>{"u", "v"};
  PetRLClosure closure;
  DM da;
  Vec x = vecOf(names, state.data(), n), w = NULL, a;
  PetRLThrow(VecGetDM(x, &da));
  PetRLThrow(PetRLClosureCreate(PETSC_COMM_SELF, &closure));
  PetRLThrow(PetRLClosureSetDM(closure, da));
  PetRLThrow(PetRLClosureSetPolicy(closure, file.c_str()));
  PetRLThrow(PetRLClosureSetSpacing(closure, 1. / n, 1. / n));
  if (carried) {
    w = vecOf({"u", "v"}, velocity.data(), n);
    PetRLThrow(PetRLClosureSetField(closure, "u", w, 0));
    PetRLThrow(PetRLClosureSetField(closure, "v", w, 1));
  }
  PetRLThrow(VecDuplicate(x, &a));
  PetRLThrow(PetRLClosureApply(closure, x, dt, a));
  std::vector<double> corrected = planarOf(x, static_cast<int>(names.size()), n);
  const std::vector<double> change = planarOf(a, static_cast<int>(names.size()), n);
  for (std::size_t i = 0; i < corrected.size(); ++i) corrected[i] -= change[i];
  PetRLThrow(VecDestroy(&a));
  PetRLThrow(VecDestroy(&w));
  PetRLThrow(VecDestroy(&x));
  PetRLThrow(PetRLClosureDestroy(&closure));
  return corrected;
}

void compare(const std::string &file, const grid2d::Model &model, const grid2d::Case &drawn) {
  SCOPED_TRACE(file);
  const int n = model.sizes().n, points = n * n;
  const Policy policy = loadPolicy(file, "closure");
  const auto backend = makeBackend<GridBackend>(policy, file);
  const auto channels = static_cast<int>(policy.observation.names.size());
  // The laboratory's state, a little on its way.
  const grid2d::Field wind = drawn.velocity.empty() ? grid2d::Field() : model.velocity(drawn, n);
  grid2d::Scheme scheme;
  grid2d::Stepper stepper = model.stepper(drawn, scheme, n, model.sizes().dt());
  grid2d::Field state = makeField(model.components(), n, n, model.initial(drawn, n));
  for (int i = 0; i < 5; ++i) stepper.step(state);
  const std::vector<double> before = state.dense(),
                            velocity = drawn.velocity.empty() ? std::vector<double>() : wind.dense();

  // As learning acts: an observation, the network's answer, a correction.
  grid2d::Corrector corrector(policy, model, wind, file);
  std::vector<float> observation(static_cast<std::size_t>(channels * points)),
      action(policy.action.low.size() * static_cast<std::size_t>(points));
  corrector.observe(state, observation.data());
  Planes input(observation, channels, n, n);
  backend->evaluate(input, {n, n}, true, action.data());
  corrector.correct(action.data(), state);
  const std::vector<double> after = state.dense();
  EXPECT_GT(largestDifference(after, before), 1e-4);

  // As studies run.
  PeriodicClosure closure(policy, file);
  std::vector<const double *> fields;
  for (int c = 0; c < model.components(); ++c) fields.push_back(&before[static_cast<std::size_t>(c * points)]);
  for (std::size_t c = 0; c < velocity.size(); c += static_cast<std::size_t>(points)) fields.push_back(&velocity[c]);
  std::vector<double> change(closure.components().size() * static_cast<std::size_t>(points)), periodic = before;
  closure.compute(fields, {n, n, model.sizes().dt(), 1. / n, 1. / n}, change.data());
  for (std::size_t k = 0; k < closure.components().size(); ++k)
    for (int i = 0; i < points; ++i)
      periodic[static_cast<std::size_t>(closure.components()[k] * points + i)] -=
          change[k * static_cast<std::size_t>(points) + static_cast<std::size_t>(i)];
  EXPECT_EQ(largestDifference(periodic, after), 0);

  // As a program runs.
  EXPECT_EQ(largestDifference(byObject(file, before, velocity, n, model.sizes().dt()), after), 0);
}

}  // namespace

TEST(SameCorrection, OfAdvection) {
  const advection::AdvectionModel model;
  const grid2d::Case drawn = advection::sampleCase(model, {"texture", "vortex"}, advection::Part::test, 3);
  for (const char *file : {"advection-closure.h5", "advection-closure-upwind1.h5", "advection-closure-upwind5.h5",
                           "advection-closure-ppo-flux.h5", "advection-closure-ppo-additive.h5"})
    compare(file, model, drawn);
}

TEST(SameCorrection, OfBurgers) {
  const burgers::BurgersModel model;
  const grid2d::Case drawn = burgers::sampleCase(model, 2, 3);
  for (const char *file : {"burgers-closure.h5", "burgers-closure-ppo.h5"}) compare(file, model, drawn);
}
