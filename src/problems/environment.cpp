#include "problems/environment.hpp"

#include "base/error.hpp"
#include "problems/ode/environment.hpp"

namespace petrl {

std::unique_ptr<Environment> makeEnvironment(YamlMap yaml) {
  const auto name = yaml.get<std::string>("name");
  if (name == "ode") return std::make_unique<ode::OdeEnvironment>(std::move(yaml));
  yaml.fail("name", "expected ode, found '" + name + "'");
}

}  // namespace petrl
