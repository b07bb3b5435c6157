#include "problems/environment.hpp"

#include "base/error.hpp"
#include "problems/advection/environment.hpp"
#include "problems/burgers/environment.hpp"
#include "problems/conservation/environment.hpp"
#include "problems/fault/environment.hpp"
#include "problems/ode/environment.hpp"
#include "problems/poisson/environment.hpp"

namespace petrl {

std::unique_ptr<Environment> makeEnvironment(YamlMap yaml) {
  const auto name = yaml.get<std::string>("name");
  if (name == "ode") return std::make_unique<ode::OdeEnvironment>(std::move(yaml));
  if (name == "fault") return std::make_unique<fault::FaultEnvironment>(std::move(yaml));
  yaml.fail("name", "expected fault or ode, found '" + name + "'");
}

bool isGridEnvironment(const std::string &name) { return name == "advection" || name == "burgers"; }

std::unique_ptr<GridEnvironment> makeGridEnvironment(YamlMap yaml) {
  const auto name = yaml.get<std::string>("name");
  if (name == "advection") return std::make_unique<advection::AdvectionEnvironment>(std::move(yaml));
  if (name == "burgers") return std::make_unique<burgers::BurgersEnvironment>(std::move(yaml));
  yaml.fail("name", "expected advection or burgers, found '" + name + "'");
}

std::unique_ptr<RefinementEnvironment> makeRefinementEnvironment(YamlMap yaml) {
  const auto name = yaml.get<std::string>("name");
  if (name == "conservation") return std::make_unique<conservation::ConservationEnvironment>(std::move(yaml));
  if (name == "poisson") return std::make_unique<poisson::PoissonEnvironment>(std::move(yaml));
  yaml.fail("name", "expected conservation or poisson, found '" + name + "'");
}

}  // namespace petrl
