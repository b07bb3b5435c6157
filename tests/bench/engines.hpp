// What the comparisons of our engines with libtorch have in common.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace petrl::bench {

/// Prints a row: what, its size, microseconds of each, their ratio.
void compare(const char *what, const std::string &size, const std::function<void()> &native,
             const std::function<void()> &libtorch);
/// Ends the program unless the numbers are the same, relative to the largest.
void agree(const char *what, const float *a, const float *b, std::size_t n, double tolerance);
std::vector<float> normal(std::size_t n, unsigned seed, float deviation);

/// Message passing on a mesh of triangles: inference, and forward and backward.
void graph(int nodes, int hidden, int layers);
/// Through a window of steps of an advection solver with a closure: forward and backward.
void unroll(int n, int window);

}  // namespace petrl::bench
