// What one update of the policy learns from.
#pragma once

#include <vector>

#include "problems/nonlinear1d/learner/actor_critic.hpp"

namespace petrl::learn {

/// Roll-outs i = start * samples + sample, step by step.
struct ActorCritic::Experience {
  struct Step {
    lamp::Batch batch;  ///< meshes and states before the decision
    lamp::Refiner::Record record;
    std::vector<lamp::Heads> heads;
    std::vector<lamp::Action> action;
    std::vector<std::vector<float>> profile;  ///< error of the bundle after it, point by point
    std::vector<double> error, vertices;
    std::vector<double> reward, target, advantage;
  };
  std::vector<Step> step;
  std::vector<double> trade_off;                 ///< one a roll-out
  std::vector<std::vector<double>> still_error;  ///< [step][start]
  std::vector<double> still_vertices;            ///< [start]
  std::vector<nonlinear1d::VertexMesh> mesh;     ///< at the end, one a roll-out
  std::vector<lamp::Bundle> state;
};

}  // namespace petrl::learn
