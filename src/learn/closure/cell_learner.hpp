// Closures on meshes learned by regression: as Regression does it on grids, with a network that passes messages.
#pragma once

#include <memory>
#include <vector>

#include "base/yaml.hpp"
#include "learn/closure/trials.hpp"
#include "learn/engine/adam.hpp"
#include "learn/learner.hpp"
#include "policy/native/graph_network.hpp"

namespace petrl::learn {

/// The keys of -closure_train_config on a mesh.
struct CellRegressionConfig {
  int hidden = 16, layers = 2;
  int horizon = 64;             ///< steps of an iteration
  int batch_size = 4;           ///< steps of an update
  double learning_rate = 3e-3;  ///< falls to a hundredth along a cosine, with the budget
  double max_gradient_norm = 1;

  /// Strict: throws petrl::Error with file, line and key.
  static CellRegressionConfig parse(YamlMap map);
};

/// Observation, action and network of the policy that the options ask for. Throws petrl::Error naming the option.
Policy specifyCells(CoarseWorld &world, CellWorld &cells, const RecordPlan &plan, const Calibration &calibration,
                    const ClosureTrainOptions &options, const CellRegressionConfig &config);

/// Descends ErrorMeasure::loss() on the states that the policy itself leads to; the solver's step counts as the identity
/// in the derivative, and as itself in all else.
class CellClosureLearner : public Learner {
 public:
  CellClosureLearner(CoarseWorld &world, CellWorld &cells, const RecordPlan &plan, const Calibration &calibration,
                     Policy specification, const CellRegressionConfig &config, int horizon, std::uint64_t seed);

  void iterate() override;
  std::int64_t steps() const override { return steps_; }
  std::int64_t episodes() const override { return episodes_; }
  Evaluation evaluate() override;
  bool together() const override { return true; }
  void schedule(double done) override { over_ = done; }
  Policy policy() const override;
  std::map<std::string, double> metrics() override;
  void archive(Archive &archive) override;
  void loadWeights(const NetworkSpec &network) override;
  double networkSeconds() const { return network_seconds_; }
  double updateSeconds() const { return update_seconds_; }

 private:
  struct Episode {
    Situation at;
    int time = 0, last = 0, steps = 0;
    bool running = false;
  };
  void begin(Episode &episode);
  /// One comparison; adds to the gradient. Returns the loss.
  double step(Episode &episode);
  void note(const std::vector<double> &state);
  double learningRate() const;

  CoarseWorld &world_;
  CellWorld &cells_;
  const RecordPlan plan_;
  const Calibration calibration_;
  const Policy specification_;
  const CellRegressionConfig config_;
  const int horizon_;
  const std::uint64_t seed_;
  ErrorMeasure measure_;
  HeldOutTrials trials_;
  GraphNetwork network_;
  GraphNetwork::Record record_;
  std::vector<float> gradient_, output_, slope_;
  Adam adam_;
  std::vector<double> reached_;  // by each component: least, largest
  std::int64_t steps_ = 0, episodes_ = 0, losses_ = 0;
  double over_ = 0, loss_ = 0, network_seconds_ = 0, update_seconds_ = 0;
};

}  // namespace petrl::learn
