// What one update of the policy learns from.
#pragma once

#include <vector>

#include "problems/nonlinear1d/learner/actor_critic.hpp"

namespace petrl::learn {

struct ActorCritic::Experience : LampExperience {
  std::vector<lamp::Batch> batch;  ///< [step]: meshes and states before the decision
  std::vector<lamp::Refiner::Record> record;
  std::vector<std::vector<std::vector<float>>> profile;  ///< [step][roll-out]: error of the bundle after it, by point
  std::vector<nonlinear1d::VertexMesh> mesh;             ///< at the end, one a roll-out
  std::vector<lamp::Bundle> state;
};

}  // namespace petrl::learn
