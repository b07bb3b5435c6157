// The square root of the stiffness matrix itself, not of the circulant that it is cut from.
#pragma once

#include <petscvec.h>

#include <memory>

#include "problems/fault/elasticity.hpp"

namespace petrl::fault {

class SquareRoot {
 public:
  virtual ~SquareRoot() = default;
  /// y = (K / scale())^(1/2) x, of vectors of Elasticity::rows(). Collective.
  virtual void apply(Vec x, Vec y) = 0;
  /// What it is and where it works.
  virtual std::string describe() const = 0;
};

/// Dense, from an eigendecomposition on rank 0 that the folder parameters().cache, if any, keeps. The fault is
/// symmetric along strike, so fields that are even and odd in x separate: a quarter of the work, half of the memory.
/// Collective. Throws petrl::Error.
std::unique_ptr<SquareRoot> makeDenseRoot(const Elasticity &elasticity);

/// Matrix-free, by Lanczos to 1e-9 (not linear beyond that); `elasticity` must outlive it. Collective.
std::unique_ptr<SquareRoot> makeLanczosRoot(Elasticity &elasticity);

/// The two blocks, even and odd, of (K / (scale() G))^(1/2) [m^(1/2)], by rows.
struct RootBlocks {
  std::vector<double> even, odd;
};

/// Reads the blocks from the cache folder of the parameters; false, with a warning where a file is there but damaged or
/// of another fault, if they have to be computed. Not collective.
bool readRoot(const ElasticityParameters &parameters, RootBlocks &blocks);
/// Keeps the blocks; a failure is a warning. Not collective.
void writeRoot(const ElasticityParameters &parameters, const RootBlocks &blocks);

}  // namespace petrl::fault
