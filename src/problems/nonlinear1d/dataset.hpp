// The trajectories of the one-dimensional benchmark, kept in a file.
#pragma once

#include <petscsys.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "problems/nonlinear1d/pde.hpp"

namespace petrl::nonlinear1d {

constexpr int kFinePoints = 200;  ///< cells of the ground truth
constexpr int kPoints = 100;      ///< points of a label: every second cell of the ground truth
constexpr int kBox = 5;           ///< ground truth cells that a label averages, centred at its own
constexpr double kSpacing = kLength / kPoints;

constexpr int kMostTrajectories = 13107;  ///< of a kind: what the file's lists of parameters hold

/// Place of a label point: j = 0..kPoints-1, the centre of ground truth cell 2 j.
inline double labelPoint(int j) {
  return j * kSpacing;
}

/// The published data differ in a detail: there the forcing is sampled at 200 points from 0 to kLength, both included,
/// while the scheme takes them for a periodic grid; at the seam it jumps by half a percent of a period. And there,
/// wave numbers were 1 and 2 (modes = 2).
struct Nonlinear1DOptions {
  std::array<int, 3> trajectories = {2048, 128, 128};  ///< train, valid, test
  std::uint64_t seed = 0;
  int modes = kModes;                       ///< wave numbers 1..modes
  bool means = false;                       ///< forcing averaged over the ground truth's cells (published: sampled)
  double relative = 1e-7, absolute = 1e-8;  ///< tolerances of the time integrator
};

/// Trajectories of one split.
struct Nonlinear1DSet {
  std::vector<Nonlinear1DCase> cases;
  std::vector<float> label;  ///< [trajectory][kLevels][kPoints]
  int size() const { return static_cast<int>(cases.size()); }
  /// One level of a trajectory: kPoints values.
  const float *at(int trajectory, int level) const {
    return &label[(static_cast<std::size_t>(trajectory) * kLevels + static_cast<std::size_t>(level)) * kPoints];
  }
};

/// Where progress and remarks go, one line each. It is called on the first rank alone.
using Say = std::function<void(const std::string &)>;

class Nonlinear1DDataset {
 public:
  /// Solves all trajectories; every rank does its share and ends up with all of them. The same numbers on any number
  /// of ranks. Collective. Throws petrl::Error.
  static Nonlinear1DDataset generate(const Nonlinear1DOptions &options, MPI_Comm comm, const Say &say = {});
  /// Writes a sealed HDF5 file whole or not at all. Not collective. Throws petrl::Error.
  void write(const std::string &path) const;
  /// Reads and checks a file: seal, format, options, cases, shapes, finite values. Not collective. Throws petrl::Error.
  static Nonlinear1DDataset read(const std::string &path, const Nonlinear1DOptions &options);
  /// The file's trajectories; where it is missing or damaged they are computed and written, and `say` tells why. A file
  /// that is something else, or was made with other options, is left alone: petrl::Error. Collective; the first rank
  /// reads and writes.
  static Nonlinear1DDataset cached(const Nonlinear1DOptions &options, const std::string &path, MPI_Comm comm,
                                   const Say &say = {});

  const Nonlinear1DOptions &options() const { return options_; }
  const Nonlinear1DSet &train() const { return sets_[0]; }
  const Nonlinear1DSet &valid() const { return sets_[1]; }
  const Nonlinear1DSet &test() const { return sets_[2]; }

 private:
  explicit Nonlinear1DDataset(const Nonlinear1DOptions &options);
  // Whether a file is missing, or one of ours that is no longer what was written.
  static bool damaged(const std::string &path, std::string *why);
  Nonlinear1DOptions options_;
  Nonlinear1DSet sets_[3];
};

/// The labels of one trajectory of the ground truth: [kLevels][kPoints].
void labelTrajectory(const Nonlinear1DCase &pde, const Nonlinear1DOptions &options, float *label);

}  // namespace petrl::nonlinear1d
