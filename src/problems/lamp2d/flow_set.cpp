#include "problems/lamp2d/flow_set.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "problems/lamp/trajectories.hpp"

namespace petrl::lamp2d {

namespace {

constexpr int kMost = 100000;  // trajectories

BaseMesh square(int squares, double length) {
  const double lower[2] = {0, 0}, upper[2] = {length, length};
  return BaseMesh::box(squares, squares, lower, upper, true, true);
}

void takeLabels(const Grid &grid, const conservation::Truth &truth, double t, float *out) {
  const int n = grid.side();
  const double h = grid.length / n;
  std::vector<double> x(static_cast<std::size_t>(2 * n * kLabelPlaces * kLabelPlaces)), u(x.size() / 2);
  for (int j = 0; j < n; ++j) {
    double *to = x.data();
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < kLabelPlaces * kLabelPlaces; ++k) {
        *to++ = (i + (k % kLabelPlaces + .5) / kLabelPlaces - .5) * h;
        *to++ = (j + (k / kLabelPlaces + .5) / kLabelPlaces - .5) * h;
      }
    }
    truth.values(t, static_cast<int>(u.size()), x.data(), u.data());
    for (int i = 0; i < n; ++i) {
      double sum = 0;
      for (int k = 0; k < kLabelPlaces * kLabelPlaces; ++k)
        sum += u[static_cast<std::size_t>(i * kLabelPlaces * kLabelPlaces + k)];
      *out++ = static_cast<float>(sum / (kLabelPlaces * kLabelPlaces));
    }
  }
}

}  // namespace

Grid::Grid(int squares_, int halvings_, double length_)
    : squares(squares_), halvings(halvings_), length(length_), base(square(squares_, length_), MPI_COMM_SELF) {
  limits.max_level = 2 * halvings;
}

FlowsOptions FlowsOptions::parse(YamlMap yaml) {
  FlowsOptions o;
  const auto name = yaml.get<std::string>("name", "flows2d");
  if (name != "flows2d") yaml.fail("name", "expected flows2d, found '" + name + "'");
  o.trajectories = lamp::trajectories(yaml, o.trajectories, kMost);
  o.seed = static_cast<std::uint64_t>(yaml.integer("seed", 0, 0, 1000000000000));
  o.squares = yaml.integer("squares", o.squares, 3, 64);
  o.halvings = yaml.integer("halvings", o.halvings, 1, 5);
  o.steps = yaml.integer("steps", o.steps, 1, 1000);
  o.reference = yaml.integer("reference", o.reference, 16, 4096);
  yaml.finish();
  return o;
}

FlowSet makeFlows(const FlowsOptions &options, conservation::Split split, MPI_Comm comm,
                  const std::function<void(const std::string &)> &say) {
  int rank = 0, ranks = 1;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  FlowSet set;
  set.steps = options.steps;
  const int n = options.trajectories[static_cast<std::size_t>(split)];
  conservation::CaseOptions of;
  of.samples = options.steps;
  of.reference = options.reference;
  for (int i = 0; i < n; ++i) set.flows.push_back(conservation::drawCase("bumps", split, options.seed, i, of));
  set.grid = std::make_shared<Grid>(options.squares, options.halvings, set.flows.front().length);
  const auto level = static_cast<std::size_t>(set.grid->points());
  const std::size_t trajectory = level * static_cast<std::size_t>(options.steps + 1);
  set.label.assign(trajectory * static_cast<std::size_t>(n), 0.f);
  const char *names[] = {"training", "validation", "test"};
  Progress progress(
      std::string("flows2d: ") + names[static_cast<int>(split)],
      static_cast<std::size_t>((n - rank + ranks - 1) / ranks), "trajectories",
      rank == 0 && say ? say : [](const std::string &) {});
  for (int i = rank; i < n; i += ranks) {
    float *to = &set.label[trajectory * static_cast<std::size_t>(i)];
    conservation::FlowCase &flow = set.flows[static_cast<std::size_t>(i)];
    for (int k = 0; k <= options.steps; ++k, to += level)
      takeLabels(*set.grid, *flow.truth, k == 0 ? 0 : flow.samples[static_cast<std::size_t>(k - 1)], to);
    // The reference of 256^2 points has done its work; who asks for it again has it computed again.
    flow = conservation::drawCase("bumps", split, options.seed, i, of);
    progress.step();
  }
  // Level by level: MPI counts in int.
  for (int i = 0; ranks > 1 && i < n; ++i) {
    float *at = &set.label[trajectory * static_cast<std::size_t>(i)];
    for (int k = 0; k <= options.steps; ++k, at += level)
      MPI_Bcast(at, static_cast<int>(level), MPI_FLOAT, i % ranks, comm);
  }
  return set;
}

}  // namespace petrl::lamp2d
