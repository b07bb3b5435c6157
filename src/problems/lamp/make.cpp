#include "problems/lamp/make.hpp"

#include <utility>

#include "learn/yaml_values.hpp"
#include "problems/lamp2d/world.hpp"
#include "problems/nonlinear1d/learner/lamp_world.hpp"

namespace petrl {

std::unique_ptr<Lamp> makeLamp(YamlMap keys, YamlMap environment, std::uint64_t seed) {
  const auto name = environment.get<std::string>("name");
  std::unique_ptr<learn::LampWorld> world;
  learn::LampConfig config;
  if (name == "nonlinear1d") {
    const auto options = learn::LineWorld::options(keys);
    config = learn::LampConfig::parse(keys, learn::LineWorld::limits());
    world = std::make_unique<learn::LineWorld>(config, options, std::move(environment));
  } else if (name == "flows2d") {
    config = learn::LampConfig::parse(keys, learn::PlaneWorld::limits());
    world = std::make_unique<learn::PlaneWorld>(config, std::move(environment));
  } else {
    environment.fail("name", "learner lamp: expected nonlinear1d or flows2d, found '" + name + "'");
  }
  return std::make_unique<Lamp>(std::move(world), config, seed);
}

}  // namespace petrl
