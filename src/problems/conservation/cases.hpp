// Flows to learn and to measure on: families of random cases.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mesh/base_mesh.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "problems/conservation/truth.hpp"

namespace petrl::conservation {

enum class Split { train, valid, test };

/// What generalisation tests change.
struct CaseOptions {
  double scale = 1;     ///< side of the domain over the usual one (a whole number); features keep their size, so that
                        ///< mixed, Burgers and shock cases have more of them
  double duration = 1;  ///< end of time over the usual one
  int samples = 8;      ///< times at which errors are measured, equally spaced, the last one the end
  int reference = 0;    ///< points a side of references on grids; 0: 512 times scale in 2D,
                        ///< 4096 times scale in 1D
};

/// One flow on [0, length]^dim.
struct FlowCase {
  std::string family;
  Law law;
  int dim = 2;
  double length = 2, end = 0.75;
  bool periodic = true;
  std::vector<BoundaryValue> boundary;  ///< where it is not periodic
  std::vector<double> samples;          ///< times, see CaseOptions
  std::shared_ptr<const Truth> truth;

  /// Its coarsest mesh, so many squares (intervals) along each side.
  BaseMesh base(int squares) const;
};

/// Families, all of deterministic draws, the law a scalar one or (shockbubble) a gas's:
///   gaussian    the benchmark of VDGN and RL-AMR: exp(-100 r^2) on the periodic [0,2]^2, random centre, direction and
///               speed up to 1.5, to T = 0.75
///   mixed       1 to 4 Gaussians, rings, discs and bars of random widths, places and amplitudes, carried by a constant
///               velocity (periodic) or turned about the middle (0 given at the boundary), T = 0.75
///   burgers     Burgers along a random direction, smooth data on the periodic [0,2]^2 that form shocks, T = 1
///   bumps       viscous Burgers along a random direction: 1 to 3 Gaussians on a level that moves slowly, T = 1 (not for
///               other scales)
///   shockbubble a shock of Mach number 1.2 to 2.5 (gas, gamma 1.4) in a random direction runs into 1 to 3 bubbles of
///               densities from 0.2 to 4 times that of the gas around them, until it has gone 1.1
///   mixed-1d    as mixed, carried along the periodic [0,16] at up to 3, T = 4
///   burgers-1d  Burgers on the periodic [0,16], smooth data that form shocks, T = 4
/// The features of a case depend on (family, split, seed, index, scale) only. Throws petrl::Error for other families.
FlowCase drawCase(const std::string &family, Split split, std::uint64_t seed, int index,
                  const CaseOptions &options = {});

/// Whether flows of this family have a single number in each cell.
bool scalarFlow(const std::string &family);

/// The families' names, and all of them in one line.
std::string flowFamilyNames();
const std::vector<std::string> &flowFamilies();

}  // namespace petrl::conservation
