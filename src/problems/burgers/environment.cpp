#include "problems/burgers/environment.hpp"

#include "learn/yaml_values.hpp"

namespace petrl::burgers {

namespace {

grid2d::ClosureSettings defaults() {
  grid2d::ClosureSettings s;
  s.max_error = 0.2;
  s.min_steps = 20;
  s.max_steps = 200;
  return s;
}

BurgersModel readModel(YamlMap &yaml) {
  const grid2d::Sizes sizes = grid2d::readSizes(yaml, {30, 5, 10, 0.9});
  const double viscosity = yaml.number("viscosity", kViscosity, 0, 1);
  // One key for the truth and for the scheme that is corrected: they are the same numerics.
  return BurgersModel(sizes, viscosity, yaml.get<std::string>("upwind", "advecting") == "transported");
}

}  // namespace

BurgersEnvironment::BurgersEnvironment(YamlMap yaml) : model_(readModel(yaml)) {
  settings_ = grid2d::readSettings(yaml, model_, defaults());
  settings_.scheme.fine_dt = model_.fineTimeStep();
  velocity_ = learn::oneOf(yaml, "velocity", "paper", {"paper", "diverse", "centred", "mixed"});
  specify(yaml, model_, "additive-rate", 2);
  yaml.finish();
}

grid2d::Case BurgersEnvironment::draw(bool validation, std::uint64_t seed) const {
  const int stream = validation ? 1 : 0;
  if (velocity_ == "paper") return sampleCase(model_, stream, seed);
  return diverseCase(model_, stream, seed, velocity_ == "centred" || (velocity_ == "mixed" && seed % 2 == 0));
}

}  // namespace petrl::burgers
