#include "problems/environment.hpp"

#include "base/error.hpp"
#include "problems/fault/environment.hpp"
#include "problems/ode/environment.hpp"

namespace petrl {

std::unique_ptr<Environment> makeEnvironment(YamlMap yaml) {
  const auto name = yaml.get<std::string>("name");
  if (name == "ode") return std::make_unique<ode::OdeEnvironment>(std::move(yaml));
  if (name == "fault") return std::make_unique<fault::FaultEnvironment>(std::move(yaml));
  yaml.fail("name", "expected fault or ode, found '" + name + "'");
}

}  // namespace petrl
