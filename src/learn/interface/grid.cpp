// An environment of one agent a grid point: PetRLEnvironmentSetGrid().
#include <algorithm>

#include "base/error.hpp"
#include "learn/interface/environment.hpp"
#include "learn/ppo/interior.hpp"

namespace petrl {

namespace {

struct GridFunctions {
  PetscInt nx, ny;
  PetscErrorCode (*create)(PetRLEnvironment, PetscInt64, void **);
  PetscErrorCode (*observe)(void *, float[]);
  PetscErrorCode (*step)(void *, const float[], float[], PetRLOutcome *);
  PetscErrorCode (*destroy)(void *);
};

class CGridEpisode : public GridEpisode {
 public:
  CGridEpisode(std::shared_ptr<_n_PetRLEnvironment> said, const GridFunctions &functions, std::uint64_t seed)
      : said_(std::move(said)), functions_(functions) {
    PetRLThrow(functions_.create(said_.get(), static_cast<PetscInt64>(seed), &episode_));
  }
  ~CGridEpisode() override { (void)functions_.destroy(episode_); }
  CGridEpisode(const CGridEpisode &) = delete;
  CGridEpisode &operator=(const CGridEpisode &) = delete;
  void observe(float *observation) const override { PetRLThrow(functions_.observe(episode_, observation)); }
  GridOutcome step(const float *action, float *reward) override {
    PetRLOutcome outcome = PETRL_RUNNING;
    PetRLThrow(functions_.step(episode_, action, reward, &outcome));
    if (outcome == PETRL_RUNNING) return GridOutcome::running;
    return outcome == PETRL_TERMINAL ? GridOutcome::terminal : GridOutcome::truncated;
  }

 private:
  std::shared_ptr<_n_PetRLEnvironment> said_;
  GridFunctions functions_;
  void *episode_ = nullptr;
};

class CGrid : public GridEnvironment {
 public:
  CGrid(std::shared_ptr<_n_PetRLEnvironment> said, const GridFunctions &functions)
      : said_(std::move(said)), functions_(functions) {
    if (dimensions() != 2) said_->specification.network.parameters["dimensions"] = std::to_string(dimensions());
    validateSpecification(said_->specification, "environment");
    YamlMap validation = said_->yaml.map("validation", false);
    episodes_ = validation.integer("episodes", 4, 1, 100000);
    steps_ = validation.integer("steps", 50, 1, 1000000);
    validation.finish();
  }
  std::string kind() const override { return said_->specification.kind; }
  ObservationSpec observation() const override { return said_->specification.observation; }
  ActionSpec action() const override { return said_->specification.action; }
  int nx() const override { return static_cast<int>(functions_.nx); }
  int ny() const override { return static_cast<int>(functions_.ny); }
  int nz() const override { return static_cast<int>(said_->nz); }
  int margin() const override { return static_cast<int>(said_->margin); }
  std::unique_ptr<GridEpisode> episode(std::uint64_t seed) override {
    return std::make_unique<CGridEpisode>(said_, functions_, seed);
  }

  Evaluation evaluate(GridPolicy &policy) override {
    const std::size_t points = size().points();
    std::vector<float> seen(said_->specification.observation.names.size() * points), reward(points),
        deed(said_->specification.action.low.size() * points);
    const learn::Interior interior(size(), dimensions(), margin());
    double sum = 0;
    for (std::int64_t e = 0; e < episodes_; ++e) {
      const auto run = episode(kHeldOut + static_cast<std::uint64_t>(e));
      GridOutcome outcome = GridOutcome::running;
      for (std::int64_t s = 0; s < steps_ && outcome == GridOutcome::running; ++s) {
        run->observe(seen.data());
        policy.decide(seen.data(), size(), deed.data());
        outcome = run->step(deed.data(), reward.data());
        interior.each(
            [&](std::size_t i) { sum += static_cast<double>(reward[i]) / static_cast<double>(interior.count()); });
      }
    }
    Evaluation out;
    out.details["return"] = sum / static_cast<double>(episodes_);
    out.score = -out.details["return"];
    return out;
  }

 private:
  std::shared_ptr<_n_PetRLEnvironment> said_;
  GridFunctions functions_;
  std::int64_t episodes_, steps_;
};

}  // namespace

}  // namespace petrl

PetscErrorCode PetRLEnvironmentSetGrid(PetRLEnvironment env, PetscInt nx, PetscInt ny,
                                       PetscErrorCode (*create)(PetRLEnvironment env, PetscInt64 seed, void **episode),
                                       PetscErrorCode (*observe)(void *episode, float observation[]),
                                       PetscErrorCode (*step)(void *episode, const float action[], float reward[],
                                                              PetRLOutcome *outcome),
                                       PetscErrorCode (*destroy)(void *episode)) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(create, 4);
  PetRLNotNull(observe, 5);
  PetRLNotNull(step, 6);
  PetRLNotNull(destroy, 7);
  PetscCheck(nx > 0 && ny > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "expected a grid of at least one point, found %" PetscInt_FMT " x %" PetscInt_FMT, nx, ny);
  const petrl::GridFunctions functions{nx, ny, create, observe, step, destroy};
  PetRLCallCXX(env->make = [functions](std::shared_ptr<_n_PetRLEnvironment> said) {
    return std::make_unique<petrl::CGrid>(std::move(said), functions);
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentSetGridDepth(PetRLEnvironment env, PetscInt nz) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetscCheck(nz > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "expected a grid of at least one point along z, found %" PetscInt_FMT, nz);
  env->nz = nz;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentSetGridMargin(PetRLEnvironment env, PetscInt margin) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetscCheck(margin >= 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "margin: expected 0 or more points, found %" PetscInt_FMT, margin);
  env->margin = margin;
  PetscFunctionReturn(PETSC_SUCCESS);
}
