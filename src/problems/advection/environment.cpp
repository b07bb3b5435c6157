#include "problems/advection/environment.hpp"

#include <algorithm>
#include <initializer_list>

namespace petrl::advection {

namespace {

bool oneOf(const std::string &word, std::initializer_list<const char *> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

AdvectionEnvironment::AdvectionEnvironment(YamlMap yaml) : model_(grid2d::readSizes(yaml, {64, 4, 4, 0.25})) {
  settings_ = grid2d::readSettings(yaml, model_, {});
  distribution_.images = yaml.get<std::string>("images", distribution_.images);
  if (!oneOf(distribution_.images, {"mnist", "fashion", "texture", "mixed"}))
    yaml.fail("images", "expected mnist, fashion, texture or mixed, found '" + distribution_.images + "'");
  distribution_.velocity = yaml.get<std::string>("velocity", distribution_.velocity);
  if (!oneOf(distribution_.velocity, {"train", "vortex", "stream", "mixed"}))
    yaml.fail("velocity", "expected train, vortex, stream or mixed, found '" + distribution_.velocity + "'");
  specify(yaml, model_, "additive", 0.1);
  yaml.finish();
}

grid2d::Case AdvectionEnvironment::draw(bool validation, std::uint64_t seed) const {
  return sampleCase(model_, distribution_, validation ? Part::validation : Part::train, seed);
}

}  // namespace petrl::advection
