// More kinds of pictures and velocities than the paper trains on, so that a closure learns transport rather than MNIST.
#pragma once

#include <vector>

#include "problems/grid2d/random.hpp"
#include "problems/images/idx.hpp"

namespace petrl::advection {

/// A random 28 x 28 picture: noise, blurred none to six times (3 x 3 binomial, periodic), stretched to [0, 255], half
/// the time with its contrast sharpened, and in six of ten cases only a random rectangle of it, zero elsewhere.
images::Images texture(grid2d::Random &random);

/// A random smooth, periodic, divergence-free velocity on an n x n grid (points at i / n): the curl of one to five
/// Fourier modes of wave numbers up to 3 with random phases (amplitudes falling with the wave number), and a
/// translation; the greatest speed is uniform in (0.2, 1). Returns u, then v, each n x n.
std::vector<double> streamVelocity(int n, grid2d::Random &random);

}  // namespace petrl::advection
