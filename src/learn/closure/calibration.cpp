#include "learn/closure/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.hpp"
#include "learn/engine/rng.hpp"

namespace petrl::learn {

namespace {

constexpr int kSamples = 48;
// Of what the solver misses, root mean square: bounds of what may be added.
constexpr double kFewest = 3, kMost = 8, kRoom = 1.2;
constexpr double kFluxRoom = 4, kFluxMost = .5, kFluxLeast = 1e-4;

// Evenly over the stretches: those from which there is something to compare with.
std::vector<std::pair<int, int>> moments(const RecordPlan &plan, int most) {
  std::vector<std::pair<int, int>> all, some;
  for (const Stretch &s : plan.training())
    for (int t = s.first; t + plan.stride() <= s.last; ++t) all.emplace_back(s.run, t);
  const auto n = std::min<std::size_t>(static_cast<std::size_t>(most), all.size());
  for (std::size_t i = 0; i < n; ++i) some.push_back(all[(2 * i + 1) * all.size() / (2 * n)]);
  return some;
}

// From a recorded state to the next one that is compared; false if the solver fails.
bool stepsFrom(CoarseWorld &world, int substeps, const Situation &start, const float *output, Situation &next) {
  next = start;
  for (int s = 0; s < substeps; ++s) {
    world.put(next);
    if (!world.advance(output, next)) return false;
  }
  return true;
}

std::vector<std::string> offered(const RecordLayout &layout) {
  std::vector<std::string> names = layout.components;
  names.insert(names.end(), layout.auxiliary.begin(), layout.auxiliary.end());
  return names;
}

std::size_t place(const std::vector<std::string> &names, const std::string &name, const char *option) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) {
    std::string list;
    for (const auto &other : names) list += (list.empty() ? "" : ", ") + other;
    throw Error(std::string(option) + ": found '" + name + "', expected of " + list, PETSC_ERR_ARG_WRONG);
  }
  return static_cast<std::size_t>(it - names.begin());
}

}  // namespace

RecordPlan::RecordPlan(const CoarseWorld &world) {
  const double dt = world.step(), interval = world.times(0)[1] - world.times(0)[0];
  if (interval > 1.5 * dt)
    substeps_ = static_cast<int>(std::lround(interval / dt));
  else
    stride_ = static_cast<int>(std::lround(dt / interval));
  for (int run = 0; run < world.runs(); ++run) {
    const auto &t = world.times(run);
    // A last interval that is shorter is not compared.
    int last = 0;
    while (last + 1 < static_cast<int>(t.size()) &&
           std::fabs(t[static_cast<std::size_t>(last) + 1] - t[static_cast<std::size_t>(last)] - interval) <
               1e-4 * interval)
      ++last;
    if (last < stride_) continue;
    training_.push_back({run, 0, last});
  }
  if (training_.empty()) throw Error("the record has no two states that are as far apart as the first two of run 1");
  if (training_.size() > 1) {
    held_out_.push_back(training_.back());
    training_.pop_back();
    return;
  }
  Stretch &only = training_[0];
  const int fifth = std::max((only.last - only.first) / 5, 2 * stride_);
  if (only.last - fifth < stride_)
    throw Error("the record has one run of " + std::to_string(only.last + 1) +
                " states: too few to keep some for validation");
  held_out_.push_back({only.run, only.last - fifth, only.last});
  only.last -= fifth;
}

Calibration calibrate(CoarseWorld &world, const RecordPlan &plan, const Reduction &reduction) {
  const RecordLayout &layout = world.layout();
  const std::size_t components = layout.components.size(), names = components + layout.auxiliary.size();
  // Of each name: sum, sum of squares; of each component: sum of squares of the residual; the number of values, of
  // residuals.
  std::vector<double> sums(2 * names + components + 2, 0.);
  std::vector<double> largest(components, 0.);  // residual
  double *const squares = sums.data() + 2 * names, *const count = squares + components;
  const double apart = plan.substeps() * world.step();

  const auto chosen = moments(plan, kSamples);
  // Differences to some value that they have: what is small beside its mean would be lost in squares.
  std::vector<double> first(names, 0.);
  {
    const Situation at = world.recorded(chosen[0].first, chosen[0].second);
    const std::vector<double> auxiliary = world.recordedAuxiliary(chosen[0].first, chosen[0].second);
    for (std::size_t k = 0; k < names && reduction.rank() == 0; ++k)
      first[k] = k < components ? at.state[k] : auxiliary[k - components];
    reduction.sum(first);
  }
  for (const auto &[run, time] : chosen) {
    const Situation at = world.recorded(run, time);
    const std::vector<double> auxiliary = world.recordedAuxiliary(run, time);
    const std::size_t points = at.state.size() / components;
    for (std::size_t i = 0; i < points; ++i) {
      for (std::size_t c = 0; c < names; ++c) {
        const double x =
            c < components ? at.state[i * components + c] : auxiliary[i * (names - components) + c - components];
        sums[2 * c] += x - first[c];
        sums[2 * c + 1] += (x - first[c]) * (x - first[c]);
      }
    }
    count[0] += static_cast<double>(points);
    Situation next;
    if (!stepsFrom(world, plan.substeps(), at, nullptr, next)) continue;
    const Situation truth = world.recorded(run, time + plan.stride());
    for (std::size_t i = 0; i < truth.state.size(); ++i) {
      const double miss = (next.state[i] - truth.state[i]) / apart;
      squares[i % components] += miss * miss;
      largest[i % components] = std::max(largest[i % components], std::fabs(miss));
    }
    count[1] += static_cast<double>(points);
  }
  reduction.sum(sums);
  reduction.largest(largest);
  if (count[1] == 0)
    throw Error(
        "the solver failed from all recorded states that were tried: is its step too large, or the record "
        "another program's?");
  Calibration c;
  for (std::size_t k = 0; k < names; ++k) {
    const double mean = sums[2 * k] / count[0];
    c.mean.push_back(first[k] + mean);
    c.deviation.push_back(std::sqrt(std::max(0., sums[2 * k + 1] / count[0] - mean * mean)));
  }
  for (std::size_t k = 0; k < components; ++k) {
    c.residual.push_back(std::sqrt(squares[k] / count[1]));
    c.largest_residual.push_back(largest[k]);
    c.residual_square += squares[k] / count[1] * apart * apart / (c.scale(k) * c.scale(k));
  }
  if (!(c.residual_square > 0)) throw Error("the solver reproduces the record exactly: there is nothing to learn");
  return c;
}

// How much weights of one move: by what the first difference alone changes in a step, along all axes.
static std::vector<double> fluxBounds(CoarseWorld &world, const RecordPlan &plan, const Calibration &calibration,
                                      Policy policy, const std::vector<std::size_t> &corrected,
                                      const Reduction &reduction) {
  const std::size_t components = world.layout().components.size(), actions = policy.action.low.size(),
                    per = actions / corrected.size() / static_cast<std::size_t>(world.dimensions());
  policy.action.low.assign(actions, -1);
  policy.action.high.assign(actions, 1);
  world.use(policy);
  const std::size_t points = world.own().points();
  std::vector<float> output(actions * points, 0.f);
  for (std::size_t a = 0; a < actions; a += per)
    std::fill_n(output.begin() + static_cast<std::ptrdiff_t>(a * points), points, 1.f);
  std::vector<double> sums(components + 1, 0.);
  for (const auto &[run, time] : moments(plan, 8)) {
    const Situation at = world.recorded(run, time);
    Situation without, with;
    world.put(at);
    if (!world.advance(nullptr, without) || !world.advance(output.data(), with)) continue;
    for (std::size_t i = 0; i < with.state.size(); ++i)
      sums[i % components] += std::pow((with.state[i] - without.state[i]) / world.step(), 2);
    sums[components] += static_cast<double>(points);
  }
  reduction.sum(sums);
  std::vector<double> bounds;
  for (const std::size_t c : corrected) {
    const double moved = sums[components] > 0 ? std::sqrt(sums[c] / sums[components]) : 0;
    const double bound = moved > 0 ? kFluxRoom * calibration.residual[c] / moved : kFluxMost;
    for (std::size_t a = 0; a < actions / corrected.size(); ++a)
      bounds.push_back(std::clamp(bound, kFluxLeast, kFluxMost));
  }
  return bounds;
}

Policy specify(CoarseWorld &world, const RecordPlan &plan, const Calibration &calibration,
               const ClosureTrainOptions &options, const Shape &shape, const Reduction &reduction) {
  const RecordLayout &layout = world.layout();
  const std::vector<std::string> names = offered(layout);
  Policy p;
  p.kind = "closure";
  for (const std::string &name : options.observe.empty() ? names : options.observe) {
    const std::size_t k = place(names, name, "-closure_observe");
    p.observation.names.push_back(name);
    p.observation.offset.push_back(static_cast<float>(calibration.mean[k]));
    const double deviation = calibration.deviation[k];
    p.observation.scale.push_back(static_cast<float>(deviation > 0 ? deviation : 1));
  }
  std::vector<std::string> corrected = options.correct;
  if (corrected.empty()) {
    for (const auto &name : layout.components)
      if (std::count(p.observation.names.begin(), p.observation.names.end(), name) > 0) corrected.push_back(name);
  }
  if (corrected.empty()) throw Error("-closure_observe: found no component of the state that could be corrected");
  std::vector<std::size_t> components;
  std::string list;
  for (const auto &name : corrected) {
    components.push_back(place(layout.components, name, "-closure_correct"));
    place(p.observation.names, name, "-closure_observe (what is corrected must be observed)");
    list += (list.empty() ? "" : " ") + name;
  }
  p.action.parameters["components"] = list;
  p.action.transform = options.form;
  if (options.form != "flux") {
    if (options.free_boundary) p.action.parameters["boundary"] = "free";
    for (const std::size_t c : components) {
      const double rms = calibration.residual[c];
      const double bound = kRoom * std::clamp(calibration.largest_residual[c], kFewest * rms, kMost * rms);
      p.action.low.push_back(bound > 0 ? -bound : -1e-12);
      p.action.high.push_back(bound > 0 ? bound : 1e-12);
    }
    p.network = shape(p);
    return p;
  }
  const auto axes = static_cast<std::size_t>(world.dimensions());
  std::vector<std::string> velocity = options.velocity;
  if (velocity.empty()) {
    // What everybody calls it.
    const std::vector<std::string> usual{"u", "v", "w"};
    const bool there = std::all_of(
        usual.begin(), usual.begin() + static_cast<std::ptrdiff_t>(axes),
        [&](const auto &name) { return std::count(p.observation.names.begin(), p.observation.names.end(), name) > 0; });
    if (there) velocity.assign(usual.begin(), usual.begin() + static_cast<std::ptrdiff_t>(axes));
  }
  p.action.parameters["half_width"] = std::to_string(options.half_width);
  std::size_t weights = static_cast<std::size_t>(options.half_width) + 1;
  if (velocity.empty()) {
    if (options.shear > 0)
      throw Error("-closure_shear: fluxes have no velocity here: name its fields with -closure_velocity",
                  PETSC_ERR_ARG_WRONG);
    p.action.parameters["speed"] = "step";
  } else {
    if (velocity.size() != axes)
      throw Error("-closure_velocity: found " + std::to_string(velocity.size()) + " names, expected " +
                  std::to_string(axes) + ", one a direction of the grid");
    std::string text;
    for (const auto &name : velocity) {
      place(p.observation.names, name, "-closure_velocity (it must be observed)");
      text += (text.empty() ? "" : " ") + name;
    }
    p.action.parameters["velocity"] = text;
    if (options.shear > 0) {
      std::ostringstream shear;
      shear << options.shear;
      p.action.parameters["shear"] = shear.str();
    }
    weights += static_cast<std::size_t>(options.half_width);
  }
  p.action.low.assign(components.size() * axes * weights, -1);
  p.action.high.assign(p.action.low.size(), 1);
  p.network = shape(p);
  const auto bounds = fluxBounds(world, plan, calibration, p, components, reduction);
  for (std::size_t a = 0; a < bounds.size(); ++a) p.action.low[a] = -bounds[a], p.action.high[a] = bounds[a];
  return p;
}

double explorationStd(CoarseWorld &world, const RecordPlan &plan, const Calibration &calibration, const Policy &policy,
                      double share, const Reduction &reduction) {
  constexpr double kSmall = .05, kLeast = 1e-3, kMost = .3;
  const std::size_t components = calibration.residual.size();
  Rng rng(static_cast<std::uint64_t>(reduction.rank()));
  world.use(policy);
  std::vector<float> output(policy.action.low.size() * world.own().points());
  std::vector<double> sums(2, 0.);
  for (const auto &[run, time] : moments(plan, 4)) {
    for (float &x : output) x = static_cast<float>(kSmall * rng.normal());
    Situation without, with;
    world.put(world.recorded(run, time));
    if (!world.advance(nullptr, without) || !world.advance(output.data(), with)) continue;
    for (std::size_t i = 0; i < with.state.size(); ++i)
      sums[0] += std::pow((with.state[i] - without.state[i]) / calibration.scale(i % components), 2);
    sums[1] += static_cast<double>(with.state.size() / components);
  }
  reduction.sum(sums);
  if (!(sums[0] > 0)) return kMost;
  // All components together, as in residual_square; of one step of the solver.
  const double moved = std::sqrt(sums[0] / sums[1]) / kSmall;
  return std::clamp(share * std::sqrt(calibration.residual_square) / plan.substeps() / moved, kLeast, kMost);
}

}  // namespace petrl::learn
