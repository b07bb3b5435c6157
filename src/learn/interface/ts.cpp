// An environment in which a TS's step controller is trained: PetRLEnvironmentSetTS().
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "learn/interface/environment.hpp"
#include "learn/step/environment.hpp"

namespace petrl {

namespace {

using CreateTS = PetscErrorCode (*)(PetRLEnvironment, PetscInt64, TS *);

class CStepCase : public StepCase {
 public:
  CStepCase(std::shared_ptr<_n_PetRLEnvironment> said, CreateTS make, std::uint64_t seed, double tighter = 1)
      : said_(std::move(said)), make_(make), seed_(seed), tighter_(tighter) {}
  std::string name() const override { return "cases"; }

  PetscErrorCode create(double final_time, TS *ts) override {
    PetscReal atol, rtol;
    Vec vatol, vrtol;

    PetscFunctionBegin;
    PetscCall((*make_)(said_.get(), static_cast<PetscInt64>(seed_), ts));
    if (final_time > 0) PetscCall(TSSetMaxTime(*ts, final_time));
    PetscCall(TSSetExactFinalTime(*ts, TS_EXACTFINALTIME_MATCHSTEP));
    if (tighter_ != 1) {
      PetscCall(TSGetTolerances(*ts, &atol, &vatol, &rtol, &vrtol));
      PetscCheck(!vatol && !vrtol, PETSC_COMM_SELF, PETSC_ERR_SUP,
                 "PetRLEnvironmentSetTS(): tolerances that are Vecs are not supported");
      PetscCall(TSSetTolerances(*ts, atol * tighter_, NULL, rtol * tighter_, NULL));
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  double error(const std::vector<double> &solution, const std::vector<double> &reference) const override {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
      difference += std::pow(solution[i] - reference[i], 2);
      norm += std::pow(reference[i], 2);
    }
    return std::sqrt(difference / std::max(norm, 1e-300));
  }

 private:
  std::shared_ptr<_n_PetRLEnvironment> said_;
  CreateTS make_;
  std::uint64_t seed_;
  double tighter_;  ///< factor on the tolerances
};

class CSteps : public StepEnvironment {
 public:
  CSteps(std::shared_ptr<_n_PetRLEnvironment> said, CreateTS make) : said_(std::move(said)), make_(make) {
    configure(said_->yaml, said_->specification.observation);
    YamlMap validation = said_->yaml.map("validation", false);
    cases_ = validation.integer("cases", 8, 1, 10000);
    validation.finish();
  }

 private:
  std::unique_ptr<StepCase> draw(std::uint64_t seed) override {
    return std::make_unique<CStepCase>(said_, make_, seed % kHeldOut);
  }

  // What two much tighter tolerances agree on is right, as far as the method can tell.
  std::vector<Held> heldOut() override {
    const auto basic = [](TSAdapt adapt) { return TSAdaptSetType(adapt, TSADAPTBASIC); };
    std::vector<Held> all;
    for (std::int64_t k = 0; k < cases_; ++k) {
      const std::uint64_t seed = kHeldOut + static_cast<std::uint64_t>(k);
      const StepRun good = CStepCase(said_, make_, seed, 1e-2).run(basic, 1000000);
      const StepRun best = CStepCase(said_, make_, seed, 1e-3).run(basic, 1000000);
      if (!good.finished || !best.finished) continue;
      auto c = std::make_unique<CStepCase>(said_, make_, seed);
      const double accuracy = c->error(good.solution, best.solution) / 10;
      all.push_back({std::move(c), best.solution, accuracy});
    }
    return all;
  }

  std::shared_ptr<_n_PetRLEnvironment> said_;
  CreateTS make_;
  std::int64_t cases_;
};

}  // namespace

}  // namespace petrl

PetscErrorCode PetRLEnvironmentSetTS(PetRLEnvironment env,
                                     PetscErrorCode (*create)(PetRLEnvironment env, PetscInt64 seed, TS *ts)) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(create, 2);
  PetRLCallCXX(env->make = [create](std::shared_ptr<_n_PetRLEnvironment> said) {
    return std::make_unique<petrl::CSteps>(std::move(said), create);
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}
