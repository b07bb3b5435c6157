// Entry of libpetrl_learn: PETSc calls it for -dll_append libpetrl_learn.so, libpetrl when it loads the library itself.
#include <petscsys.h>

#include "adapt/training.hpp"
#include "base/error.hpp"
#include "learn/closure/training.hpp"
#include "learn/gain_loss/gain_loss.hpp"
#include "learn/learner.hpp"
#include "learn/ppo/ppo.hpp"
#include "learn/refine/training.hpp"
#include "learn/step/online.hpp"
#include "learn/tqc/tqc.hpp"
#include "learn/unroll/unroll.hpp"

namespace petrl {

template <typename Algorithm>
static LearnerFactory onGrids(const char *name) {
  return [name](YamlMap keys, YamlMap environment, std::uint64_t seed) {
    return std::make_unique<GridLearner<Algorithm>>(name, std::move(keys), std::move(environment), seed);
  };
}

static void registerAll() {
  learners().add("tqc", [](YamlMap keys, YamlMap environment, std::uint64_t seed) {
    return std::make_unique<TqcLearner>(std::move(keys), std::move(environment), seed);
  });
  learners().add("ppo", onGrids<Ppo>("ppo"));
  learners().add("unroll", onGrids<Unroll>("unroll"));
  learners().add("gain-loss", [](YamlMap keys, YamlMap environment, std::uint64_t seed) {
    auto world = makeEnvironment<MeshEnvironment>(std::move(environment), "gain-loss");
    return std::make_unique<GainLoss>(std::move(keys), std::move(world), seed);
  });
  closureTrainings().add("ppo", trainClosure);
  cellClosureTrainings().add("regression", trainCellClosure);
  onlineTrainings().add("tqc", [](const OnlineOptions &options) { return std::make_unique<TqcOnline>(options); });
  refinerTrainings().add("gain-loss", trainRefiner);
}

}  // namespace petrl

// PETSc may not be initialised yet: nothing of it is used here. Calling it again registers the same things again.
extern "C" PETRL_API PetscErrorCode PetscDLLibraryRegister_petrl_learn(void) {
  PetRLCallCXX(petrl::registerAll());
  return PETSC_SUCCESS;
}
