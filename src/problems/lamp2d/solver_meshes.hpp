// The meshes that a classical solver takes: "ground-truth re-meshing".
#pragma once

#include <map>
#include <vector>

#include "problems/conservation/adaptive_run.hpp"
#include "problems/lamp2d/triangle_mesh.hpp"

namespace petrl::lamp2d {

/// Finite volumes on a mesh that a threshold adapts at the beginning of every step of the evolution model.
struct SolverRule {
  RefinementIndicator indicator = RefinementIndicator::gradient;
  RefinementThresholds thresholds;
  double cfl = .4;
  bool adapts = true;  ///< false: the mesh stays

  SolverRule() { thresholds.absolute = true, thresholds.refine = .1, thresholds.buffer = 1; }
  /// {indicator: gradient | jump | recovery, threshold, coarsen, buffer}. Throws petrl::Error naming line and key.
  static SolverRule parse(YamlMap yaml);
};

/// What the solver did on one trajectory.
struct SolverRun {
  std::vector<MeshPtr> mesh;       ///< during each step
  std::vector<double> error;       ///< after each: mean squared error of its means over the labels' squares
  double vertices = 0, cells = 0;  ///< mean numbers
  double stepping = 0, deciding = 0, remeshing = 0;  ///< seconds
  double total() const;                              ///< mean error over the steps
};

/// keep: the meshes, too.
SolverRun runSolver(const FlowSet &set, int trajectory, const SolverRule &rule, int start, bool keep);

/// Runs it when it is first asked for a trajectory, and remembers.
class SolverMeshes {
 public:
  SolverMeshes(const FlowSet &set, const SolverRule &rule) : set_(set), rule_(rule) {}
  const std::vector<MeshPtr> &of(int trajectory);

 private:
  const FlowSet &set_;
  SolverRule rule_;
  std::map<int, std::vector<MeshPtr>> kept_;
};

}  // namespace petrl::lamp2d
