// Trajectories that LAMP learns from in two dimensions: fronts of viscous Burgers flows, as values on a grid of points.
#pragma once

#include <petscsys.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "mesh/forest.hpp"
#include "problems/conservation/cases.hpp"

namespace petrl::lamp2d {

/// Meshes are triangulations whose vertices are points of this grid: the base mesh has `squares` squares a side, cut
/// along a diagonal, on the periodic [0, length]^2; diameters halve `halvings` times at most.
struct Grid {
  int squares, halvings;
  double length;
  Forest base;
  ForestLimits limits;

  Grid(int squares, int halvings, double length);
  int side() const { return squares << halvings; }  ///< label points a side
  int points() const { return side() * side(); }
};

/// A label is the mean over so many places along each side of the square of the grid's spacing about its point.
constexpr int kLabelPlaces = 4;

struct FlowsOptions {
  std::array<int, 3> trajectories = {100, 20, 20};  ///< train, valid, test
  std::uint64_t seed = 0;
  int squares = 8, halvings = 3;
  int steps = 16;       ///< of the evolution model, in all; labels are at their ends
  int reference = 256;  ///< points a side of the solutions that labels are taken from

  /// {name, trajectories, seed, squares, halvings, steps, reference}. Throws petrl::Error naming line and key.
  static FlowsOptions parse(YamlMap yaml);
};

/// Values at label points (side x side, x fastest); linear between the vertices of the mesh that they were computed on.
using State = std::vector<float>;

/// Trajectories of one split.
struct FlowSet {
  std::shared_ptr<const Grid> grid;
  int steps = 0;
  std::vector<conservation::FlowCase> flows;
  std::vector<float> label;  ///< [trajectory][steps + 1][points]
  int size() const { return static_cast<int>(flows.size()); }
  double time(int level) const { return flows.front().end * level / steps; }
  const float *at(int trajectory, int level) const {
    return &label[static_cast<std::size_t>(trajectory * (steps + 1) + level) *
                  static_cast<std::size_t>(grid->points())];
  }
};

/// One split (of conservation::Split), solved anew: a fifth of a second a trajectory. Every rank does its share and ends up with all; the same numbers on any number
/// of ranks. Collective. say: progress, on the first rank.
FlowSet makeFlows(const FlowsOptions &options, conservation::Split split, MPI_Comm comm,
                  const std::function<void(const std::string &)> &say = {});

}  // namespace petrl::lamp2d
