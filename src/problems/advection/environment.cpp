#include "problems/advection/environment.hpp"

#include "learn/yaml_values.hpp"

namespace petrl::advection {

AdvectionEnvironment::AdvectionEnvironment(YamlMap yaml) : model_(grid2d::readSizes(yaml, {64, 4, 4, 0.25})) {
  settings_ = grid2d::readSettings(yaml, model_, {});
  distribution_.images = learn::oneOf(yaml, "images", distribution_.images, {"mnist", "fashion", "texture", "mixed"});
  distribution_.velocity =
      learn::oneOf(yaml, "velocity", distribution_.velocity, {"train", "vortex", "stream", "mixed"});
  specify(yaml, model_, "additive", 0.1);
  yaml.finish();
}

grid2d::Case AdvectionEnvironment::draw(bool validation, std::uint64_t seed) const {
  return sampleCase(model_, distribution_, validation ? Part::validation : Part::train, seed);
}

}  // namespace petrl::advection
