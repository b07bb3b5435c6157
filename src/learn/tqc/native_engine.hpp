// TQC's update by hand-written gradients and the vector kernels: one core, no autograd, no temporaries.
#pragma once

#include "base/api.hpp"
#include "learn/tqc/gsde_policy.hpp"
#include "learn/tqc/state.hpp"

namespace petrl::learn {

class NativeEngine : public TqcEngine {
 public:
  NativeEngine(const TqcConfig &config, const TqcShapes &shapes);
  TqcLosses update(TqcState &state, const Batch &batch, const float *eps, double learning_rate) override;

 private:
  void join(const Floats &observation, const Floats &action);
  Rows input() const { return {input_.data(), inputs_, rows_}; }
  void targets(const TqcState &state, const Batch &batch, double alpha);
  double criticStep(TqcState &state, double learning_rate, double &mean_q);
  double meanHead(const float *critic, int member, float scale);
  double actorStep(TqcState &state, const Batch &batch, double alpha, double learning_rate);

  const TqcConfig &config_;
  const TqcShapes &shapes_;
  int rows_, inputs_, kept_;
  GsdePolicy policy_, next_policy_;
  LayerArrays out_, delta_;  // of the critics
  Floats input_;             // [row][observation, action]
  Floats targets_;           // [row][kept]
  Floats tau_, valid_;       // [padded(quantiles)]
  Floats critic_gradient_, actor_gradient_;
  std::vector<Floats> action_slope_;  // a critic each: [row][padded(actions)]
  std::vector<Floats> scratch_;       // a critic each
  std::vector<double> member_sum_;    // a critic each
};

}  // namespace petrl::learn
