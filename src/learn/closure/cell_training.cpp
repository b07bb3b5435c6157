// -closure_train on a mesh.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "closure/cell_flux.hpp"
#include "learn/closure/cell_learner.hpp"
#include "learn/closure/training.hpp"
#include "learn/closure/training_run.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace learn {

namespace {

constexpr double kRoom = 4, kMost = .5, kLeastBound = 1e-4;
constexpr int kSamples = 8;

CellUnknowns unknownsOf(const RecordLayout &layout, const ClosureTrainOptions &options) {
  CellUnknowns unknowns;
  unknowns.names = layout.components;
  if (options.velocity.empty()) return unknowns;
  if (options.velocity.size() != 2)
    throw Error("-closure_velocity: found " + std::to_string(options.velocity.size()) +
                " names, expected two: the unknowns that are a vector in the plane");
  for (std::size_t i = 0; i < 2; ++i) {
    const auto at = std::find(unknowns.names.begin(), unknowns.names.end(), options.velocity[i]);
    if (at == unknowns.names.end() || options.velocity[0] == options.velocity[1])
      throw Error("-closure_velocity: found '" + joined(options.velocity, ", ") + "', expected two of " +
                  joined(unknowns.names, ", "));
    unknowns.vector[i] = static_cast<int>(at - unknowns.names.begin());
  }
  return unknowns;
}

ObservationSpec observationOf(const CellUnknowns &unknowns, const Calibration &calibration, bool differences) {
  ObservationSpec o;
  o.names = CellFlux::inputs(unknowns);
  o.offset.assign(o.names.size(), 0.f);
  o.scale.assign(o.names.size(), 1.f);
  const auto n = static_cast<std::size_t>(unknowns.count());
  if (differences) {
    o.normalise.assign(o.names.size(), "record");
    std::fill_n(o.normalise.begin(), n, "unseen");
    return o;
  }
  double square = 0;  // of the vector
  for (std::size_t k = 0; k < n; ++k) {
    const bool vector = static_cast<int>(k) == unknowns.vector[0] || static_cast<int>(k) == unknowns.vector[1];
    if (vector) square += .5 * (std::pow(calibration.mean[k], 2) + std::pow(calibration.deviation[k], 2));
    if (!vector) o.offset[k] = static_cast<float>(calibration.mean[k]);
    o.scale[k] = static_cast<float>(calibration.scale(k));
  }
  for (const int k : unknowns.vector)
    if (k >= 0 && square > 0) o.scale[static_cast<std::size_t>(k)] = static_cast<float>(std::sqrt(square));
  return o;
}

}  // namespace

Policy specifyCells(CoarseWorld &world, CellWorld &cells, const RecordPlan &plan, const Calibration &calibration,
                    const ClosureTrainOptions &options, const CellRegressionConfig &config) {
  const CellUnknowns unknowns = unknownsOf(world.layout(), options);
  const std::size_t n = world.layout().components.size();
  Policy p;
  p.kind = "closure";
  p.observation = observationOf(unknowns, calibration, options.differences);
  p.action.transform = "cell-flux";
  p.action.parameters = CellFlux::parameters(unknowns);
  p.action.low.assign(2 * n, -1);
  p.action.high.assign(2 * n, 1);
  GraphShape shape;
  shape.node_inputs = static_cast<int>(p.observation.names.size());
  shape.edge_inputs = CellFlux::kEdgeInputs;
  shape.hidden = config.hidden;
  shape.layers = config.layers;
  shape.outputs = CellFlux::outputs(unknowns);
  p.network = GraphNetwork(shape).spec();
  // How much weights of one move, against what the solver misses.
  world.use(p);
  std::vector<float> output(cells.outputsSize());
  for (std::size_t i = 0; i < output.size(); i += 2) output[i] = 1;
  std::vector<double> moved(n, 0.);
  double count = 0;
  for (int k = 0; k < kSamples; ++k) {
    const Stretch &s = plan.training()[static_cast<std::size_t>(k) % plan.training().size()];
    const int room = s.last - s.first;
    Situation without, with;
    world.put(world.recorded(s.run, s.first + room * k / kSamples));
    if (!world.advance(nullptr, without)) continue;
    world.put(world.recorded(s.run, s.first + room * k / kSamples));
    if (!world.advance(output.data(), with)) continue;
    for (std::size_t i = 0; i < with.state.size(); ++i)
      moved[i % n] += std::pow((with.state[i] - without.state[i]) / world.step(), 2);
    count += static_cast<double>(with.state.size() / n);
  }
  for (std::size_t k = 0; k < n; ++k) {
    const double by = count > 0 ? std::sqrt(moved[k] / count) : 0;
    const double bound = by > 0 ? std::clamp(kRoom * calibration.residual[k] / by, kLeastBound, kMost) : kMost;
    for (std::size_t o = 2 * k; o < 2 * k + 2; ++o) p.action.low[o] = -bound, p.action.high[o] = bound;
  }
  return p;
}

}  // namespace learn

std::string trainCellClosure(CoarseWorld &world, CellWorld &cells, const ClosureTrainOptions &given) {
  ClosureTrainOptions options = given;
  const learn::Reduction reduction;
  const learn::RecordPlan plan(world);
  learn::prepareClosureTraining(plan, options);
  YAML::Node defaults;
  defaults["hidden"] = options.width;
  defaults["layers"] = std::max(1, options.depth - 1);
  YamlMap keys = options.config.empty() ? YamlMap(defaults, "learner", "") : YamlMap::read(options.config);
  if (!options.config.empty()) keys.addMissing(defaults);
  const std::string text = keys.text();
  const learn::CellRegressionConfig config = learn::CellRegressionConfig::parse(std::move(keys));
  const learn::Calibration calibration = learn::calibrate(world, plan, reduction);
  const Policy specification = learn::specifyCells(world, cells, plan, calibration, options, config);
  world.use(specification);
  auto learner = std::make_unique<learn::CellClosureLearner>(world, cells, plan, calibration, specification, config,
                                                             options.horizon, options.seed);
  if (!options.start.empty()) learner->loadWeights(loadPolicy(options.start, "closure").network);
  const learn::CellClosureLearner &timed = *learner;
  return learn::runClosureTraining(world, options, std::move(learner), text,
                                   [&timed] { return std::make_pair(timed.networkSeconds(), timed.updateSeconds()); });
}

}  // namespace petrl
