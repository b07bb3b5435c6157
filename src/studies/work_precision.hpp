// Work-precision comparison of step controllers: what does the same achieved error cost?
#pragma once

#include <string>
#include <vector>

namespace petrl::cli {

/// One run: a row of points.csv. `kind`: smooth, nonsmooth or failing. error: relative, against a reference; cost:
/// right-hand sides + Jacobians + linear iterations; wall: seconds.
struct Point {
  std::string kind, problem, instance, method, controller;
  double rtol = 0, error = 0, cost = 0, wall = 0;
  long steps = 0, rejected = 0, failed = 0;
  bool finished = false;
};

/// Writes and reads points.csv. Throws petrl::Error naming file, line and column.
void writePoints(const std::string &path, const std::vector<Point> &points);
std::vector<Point> readPoints(const std::string &path);

/// Compares controller `subject` with each other one.
///
/// For each (problem, method, instance), log(cost) = a_controller + b log(error) over the tolerances, with one slope b
/// for all controllers (Theil-Sen) and median residuals a; exp(a_subject - a_other) is the ratio of costs at the same
/// achieved error. Ratios are averaged geometrically over methods and instances of a problem; the "better rival" of a
/// problem is the one with the lower cost there. Prints a table; writes summary.csv into `directory` (one row a
/// problem, then one a kind, then all). Left out of the fit: runs that did not finish (they are counted),
/// runs without a usable error, tolerances at which the median error of all controllers is above 10 %.
void compare(const std::vector<Point> &points, const std::string &subject, const std::string &directory);

}  // namespace petrl::cli
