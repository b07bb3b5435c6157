// What is left at the end of a small error made in a few cells, in L1, over what was made: whether gains of refinement
// should be weighted with a dual solution. CSV on standard output: medians, 5 % and 95 % of all places, by when it is made.
//
//   bench_error_weights [-squares 64] [-cases 5] [-places 16]      training cases
#include <petscsys.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "mesh/forest.hpp"
#include "problems/conservation/cases.hpp"
#include "problems/random.hpp"

using namespace petrl;
using namespace petrl::conservation;

namespace {

constexpr int kTimes = 4;  // the error is made at the start, after a quarter, a half, three quarters

/// A disc of about a dozen cells is raised or lowered by 2 % of the range.
std::vector<double> disturbed(const CellMesh &mesh, const FlowCase &flow, std::vector<double> u, Random &draw) {
  const auto middle = static_cast<std::size_t>(draw.below(mesh.cells)) * 2;
  const auto ends = std::minmax_element(u.begin(), u.end());
  const double amount = .02 * draw.sign() * (*ends.second - *ends.first),
               radius = 2 * std::sqrt(mesh.volume[middle / 2]);
  for (std::size_t i = 0; i < u.size(); ++i) {
    double square = 0;
    for (std::size_t k = 0; k < 2; ++k) {
      double x = std::fabs(mesh.centre[2 * i + k] - mesh.centre[middle + k]);
      if (flow.periodic) x = std::min(x, flow.length - x);
      square += x * x;
    }
    if (square < radius * radius) u[i] += amount;
  }
  return u;
}

double distance(const CellMesh &mesh, const std::vector<double> &u, const std::vector<double> &v) {
  double sum = 0;
  for (std::size_t i = 0; i < u.size(); ++i) sum += mesh.volume[i] * std::fabs(u[i] - v[i]);
  return sum;
}

void measure(const std::string &family, int squares, int cases, int places) {
  std::vector<double> left[kTimes];
  for (int index = 0; index < cases; ++index) {
    const FlowCase flow = drawCase(family, Split::train, 0, index);
    const CellMesh mesh = Forest(flow.base(squares), PETSC_COMM_SELF).mesh();
    FiniteVolume volumes(mesh, flow.law, flow.boundary);
    Random draw(7, static_cast<std::uint64_t>(index));
    std::vector<double> start[kTimes], u(static_cast<std::size_t>(mesh.cells));
    flow.truth->cellAverages(mesh, 0, u.data());
    const auto at = [&](int k) { return flow.end * k / kTimes; };
    for (int k = 0; k < kTimes; ++k) start[k] = u, volumes.advance(u.data(), at(k), at(k + 1), .45);
    for (int k = 0; k < kTimes; ++k) {
      for (int place = 0; place < places; ++place) {
        std::vector<double> v = disturbed(mesh, flow, start[k], draw);
        const double made = distance(mesh, v, start[k]);
        volumes.advance(v.data(), at(k), flow.end, .45);
        left[k].push_back(distance(mesh, v, u) / made);
      }
    }
  }
  for (int k = 0; k < kTimes; ++k) {
    std::sort(left[k].begin(), left[k].end());
    const auto share = [&](double q) {
      return left[k][static_cast<std::size_t>(q * static_cast<double>(left[k].size() - 1))];
    };
    PetscPrintf(PETSC_COMM_SELF, "%s,%.2f,%zu,%.3f,%.3f,%.3f\n", family.c_str(), static_cast<double>(k) / kTimes,
                left[k].size(), share(.5), share(.05), share(.95));
  }
}

}  // namespace

int main(int argc, char **argv) {
  PetscInt squares = 64, cases = 5, places = 16;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  try {
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-squares", &squares, NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-cases", &cases, NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-places", &places, NULL));
    PetscPrintf(PETSC_COMM_SELF, "family,made_at,places,left_median,left_5,left_95\n");
    for (const char *family : {"gaussian", "mixed", "burgers"})
      measure(family, static_cast<int>(squares), static_cast<int>(cases), static_cast<int>(places));
  } catch (const std::exception &e) {
    PetscPrintf(PETSC_COMM_SELF, "%s\n", e.what());
    return 1;
  }
  return PetscFinalize();
}
