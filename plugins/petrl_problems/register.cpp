// Entry of libpetrl_problems, a plugin like anybody's: its environments and learners go into the same registries.
#include <petscsys.h>

#include "base/error.hpp"
#include "learn/environment.hpp"
#include "learn/learner.hpp"
#include "learn/study.hpp"
#include "problems/advection/environment.hpp"
#include "problems/burgers/environment.hpp"
#include "problems/conservation/environment.hpp"
#include "problems/fault/environment.hpp"
#include "problems/lamp/make.hpp"
#include "problems/ode/environment.hpp"
#include "problems/poisson/environment.hpp"
#include "studies/studies.hpp"

namespace petrl {

template <typename World>
static void add(const char *name) {
  environments().add(name, {World::kShape, [](YamlMap yaml) { return std::make_unique<World>(std::move(yaml)); }});
}

static void registerAll() {
  using namespace petrl::studies;
  for (const auto &[name, study] :
       std::initializer_list<std::pair<const char *, Study>>{{"ode", odeStudy},
                                                             {"bound", boundStudy},
                                                             {"fault", faultStudy},
                                                             {"closure", closureStudy},
                                                             {"lamp", lampStudy},
                                                             {"lamp2d", lamp2dStudy},
                                                             {"poisson", poissonStudy},
                                                             {"refinement", refinementStudy}})
    studyTable().add(name, study);
  simulationTable().add("fault", faultSimulation);
  add<advection::AdvectionEnvironment>("advection");
  add<burgers::BurgersEnvironment>("burgers");
  add<conservation::ConservationEnvironment>("conservation");
  add<fault::FaultEnvironment>("fault");
  add<ode::OdeEnvironment>("ode");
  add<poisson::PoissonEnvironment>("poisson");
  learners().add("lamp", [](YamlMap keys, YamlMap environment, std::uint64_t seed) {
    return makeLamp(std::move(keys), std::move(environment), seed);
  });
}

}  // namespace petrl

// PETSc may not be initialised yet: nothing of it is used here. Calling it again registers the same things again.
extern "C" PETRL_API PetscErrorCode PetscDLLibraryRegister_petrl_problems(void) {
  PetRLCallCXX(petrl::registerAll());
  return PETSC_SUCCESS;
}
