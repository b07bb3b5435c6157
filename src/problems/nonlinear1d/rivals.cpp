#include "problems/nonlinear1d/rivals.hpp"

#include <vector>

#include "problems/stopwatch.hpp"

namespace petrl::nonlinear1d {

namespace {

constexpr int kBundles = (kLevels - kFirstLevel) / kBundle;

}  // namespace

UniformRival::UniformRival(const UniformOptions &options)
    : options_(options),
      begin_(options.start > 0 ? projectLabels(options.n, options.start) : sampleLabels(options.n)),
      linear_(interpolateCells(options.n)),
      consistent_(averageCells(options.n, options.finish)) {}

template <typename T>
RivalResult UniformRival::runIn(const Nonlinear1DSet &set, int trajectory) const {
  const auto n = static_cast<std::size_t>(options_.n);
  std::vector<float> cells(n), field(kPoints);
  begin_.apply(set.at(trajectory, kFirstLevel - 1), cells.data());
  const std::vector<T> start(cells.begin(), cells.end());
  std::vector<T> out(n * kBundle);
  FastWeno<T> solver(set.cases[static_cast<std::size_t>(trajectory)], options_.n, options_.fast);
  RivalResult result;
  result.cells = options_.n;
  for (int bundle = 0; bundle < kBundles; ++bundle) {
    const Stopwatch watch;
    if (bundle == 0) solver.start(kFirstLevel - 1, start.data());
    solver.advance(kBundle, out.data());
    result.seconds += watch.seconds() / kBundles;
    for (int k = 0; k < kBundle; ++k) {
      const auto row = out.begin() + static_cast<std::ptrdiff_t>(n) * k;
      const float *label = set.at(trajectory, kFirstLevel + bundle * kBundle + k);
      cells.assign(row, row + options_.n);
      linear_.apply(cells.data(), field.data());
      result.error += levelError(field.data(), label);
      consistent_.apply(cells.data(), field.data());
      result.consistent += levelError(field.data(), label);
    }
  }
  return result;
}

RivalResult UniformRival::run(const Nonlinear1DSet &set, int trajectory) const {
  return options_.single ? runIn<float>(set, trajectory) : runIn<double>(set, trajectory);
}

RivalResult adaptiveRival(const AdaptiveOptions &options, const Nonlinear1DSet &set, int trajectory, bool errors) {
  AdaptiveVolumes solver(set.cases[static_cast<std::size_t>(trajectory)], options);
  solver.start(kFirstLevel - 1, set.at(trajectory, kFirstLevel - 1));
  RivalResult result;
  std::vector<float> field(kPoints);
  for (int bundle = 0; bundle < kBundles; ++bundle) {
    const Stopwatch watch;
    solver.remesh(kBundle);
    solver.advance(kBundle);
    result.seconds += watch.seconds() / kBundles;
    result.cells += static_cast<double>(solver.cells()) / kBundles;
    for (int k = 0; k < kBundle && errors; ++k) {
      const float *label = set.at(trajectory, kFirstLevel + bundle * kBundle + k);
      solver.interpolated(k, field.data());
      result.error += levelError(field.data(), label);
      solver.label(k, field.data());
      result.consistent += levelError(field.data(), label);
    }
  }
  return result;
}

}  // namespace petrl::nonlinear1d
