// The problems of a closure study: cases, and states on any grid beside the fine one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "problems/grid2d/model.hpp"

namespace petrl::studies {

/// A method's state as the errors see it: always at points (or averages) of the model's own coarse grid, so that the
/// errors of all methods mean the same. A linear map, axis by axis.
struct Probe {
  int n = 0;                   ///< the method's points a side
  int points = 0;              ///< compared, a side; they are every (model n / points)-th of the model's grid
  std::vector<double> matrix;  ///< points x n; empty: every (n / points)-th point as it is

  std::vector<double> see(const grid2d::Field &state) const;
  std::vector<double> target(const std::vector<double> &reference, int model_n, int components) const;
};

/// Where a run begins.
struct Start {
  std::vector<double> state;  ///< components x n x n
  grid2d::Field velocity;     ///< empty where the state is the velocity
};

/// One kind of test cases.
struct Cell {
  std::string name, images, velocity;
};

class StudyProblem {
 public:
  virtual ~StudyProblem() = default;
  virtual const grid2d::Model &model() const = 0;
  /// Names of the state's components, then of the velocity's: what policies may observe.
  virtual std::vector<std::string> fields() const = 0;
  /// A test case on the fine grid.
  virtual grid2d::Case draw(const Cell &cell, std::uint64_t seed) const = 0;
  /// The same on a grid of n points a side. Throws petrl::Error for grids that cannot be had.
  virtual Start start(const Cell &cell, std::uint64_t seed, const grid2d::Case &c, int n) const = 0;
  virtual Probe probe(int n) const = 0;
  const std::vector<Cell> &cells() const { return cells_; }
  /// Throws petrl::Error.
  const Cell &cell(const std::string &name) const;

 protected:
  std::vector<Cell> cells_;
};

/// Reads the keys problem, sizes, viscosity (Burgers) and cells (advection). Throws petrl::Error.
std::unique_ptr<StudyProblem> readProblem(YamlMap &yaml);

}  // namespace petrl::studies
