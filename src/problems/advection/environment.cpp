#include "problems/advection/environment.hpp"

namespace petrl::advection {

AdvectionEnvironment::AdvectionEnvironment(YamlMap yaml) : model_(grid2d::readSizes(yaml, {64, 4, 4, 0.25})) {
  settings_ = grid2d::readSettings(yaml, model_, {});
  distribution_.images = yaml.get<std::string>("images", distribution_.images);
  if (distribution_.images != "mnist" && distribution_.images != "fashion")
    yaml.fail("images", "expected mnist or fashion, found '" + distribution_.images + "'");
  distribution_.velocity = yaml.get<std::string>("velocity", distribution_.velocity);
  if (distribution_.velocity != "train" && distribution_.velocity != "vortex")
    yaml.fail("velocity", "expected train or vortex, found '" + distribution_.velocity + "'");
  specify(yaml, model_, "additive", 0.1);
  yaml.finish();
}

grid2d::Case AdvectionEnvironment::draw(bool validation, std::uint64_t seed) const {
  return sampleCase(model_, distribution_, validation ? Part::validation : Part::train, seed);
}

}  // namespace petrl::advection
