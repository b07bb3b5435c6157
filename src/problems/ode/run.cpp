#include "problems/ode/run.hpp"

#include <petrladapt.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"

namespace petrl::ode {

Controller controller(const std::string &name) {
  if (name == "basic") return [](TSAdapt adapt) { return TSAdaptSetType(adapt, TSADAPTBASIC); };
  if (name == "rl" || name.rfind("rl:", 0) == 0) {
    const std::string file = name == "rl" ? "" : name.substr(3);
    return [file](TSAdapt adapt) {
      PetscFunctionBegin;
      PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
      PetscCall(TSAdaptRLSetPolicy(adapt, file.c_str()));
      PetscFunctionReturn(PETSC_SUCCESS);
    };
  }
  double pid[3];
  if (std::sscanf(name.c_str(), "dsp-pid:%lf,%lf,%lf", &pid[0], &pid[1], &pid[2]) == 3) {
    return [=](TSAdapt adapt) {
      PetscFunctionBegin;
      PetscCall(TSAdaptSetType(adapt, TSADAPTDSP));
      PetscCall(TSAdaptDSPSetPID(adapt, pid[0], pid[1], pid[2]));
      PetscFunctionReturn(PETSC_SUCCESS);
    };
  }
  if (name.rfind("dsp-", 0) == 0) {
    const std::string filter = name.substr(4);
    return [filter](TSAdapt adapt) {
      PetscFunctionBegin;
      PetscCall(TSAdaptSetType(adapt, TSADAPTDSP));
      PetscCall(TSAdaptDSPSetFilter(adapt, filter.c_str()));
      PetscFunctionReturn(PETSC_SUCCESS);
    };
  }
  throw Error("controller '" + name +
              "': expected basic, dsp-<filter>, dsp-pid:<kI>,<kP>,<kD>, rl or rl:<policy file>");
}

PetscErrorCode Case::create(double final_time, TS *ts) {
  PetscFunctionBegin;
  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(setMethod(*ts, method));
  PetscCall(problem->setUp(*ts));
  PetscCall(TSSetTolerances(*ts, rtol * problem->absoluteScale, nullptr, rtol, nullptr));
  if (final_time > 0) PetscCall(TSSetMaxTime(*ts, final_time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Case::createAccurate(TS *ts) {
  constexpr double tighter = 0.01;
  Case accurate = *this;

  PetscFunctionBegin;
  const auto *own = &methods().front();
  for (const Method &m : methods())
    if (m.name == method) own = &m;
  accurate.method = own->implicit ? "rosw-ra34pw2" : own->variant == TSRK8VR ? method : "rk5dp";
  accurate.rtol = std::max(tighter * rtol, 1e-12);
  PetscCall(accurate.create(0, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Small systems stand for larger ones, where an exact factorisation costs a few right-hand sides.
StepPrices Case::prices() {
  struct Holder {
    TS ts = nullptr;
    ~Holder() { (void)TSDestroy(&ts); }
  } holder;
  if (!problem->iterative()) return {1, 3, 1};
  PetRLThrow(create(0, &holder.ts));
  return measuredPrices(holder.ts);
}

double Case::error(const std::vector<double> &solution, const std::vector<double> &reference) const {
  return relativeError(*this, solution, reference);
}

RunResult run(Case c, const Controller &configure, long max_steps) {
  return c.StepCase::run(configure, max_steps);
}

double relativeError(const Case &c, const std::vector<double> &solution, const std::vector<double> &reference) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    // Components may differ by many orders of magnitude (kinetics): each against its own size, as the tolerances do.
    const double scale = std::fabs(reference[i]) + c.problem->absoluteScale;
    difference += std::pow((solution[i] - reference[i]) / scale, 2);
    norm += 1;
  }
  return std::sqrt(difference / std::max(norm, 1.0));
}

Reference referenceSolution(const Case &c, double accuracy) {
  // Two tolerances of one accurate method: what they agree on is right, as far as one method can tell. Rosenbrock
  // methods for stiff problems: their accuracy does not end at Newton's tolerance.
  bool implicit = false;
  for (const auto &m : methods()) {
    const auto &own = c.problem->methods;
    implicit = implicit || (m.implicit && std::find(own.begin(), own.end(), m.name) != own.end());
  }
  std::vector<std::string> candidates;
  if (!c.problem->stiff) candidates = {"rk8vr", "rk5dp"};
  if (implicit) candidates.insert(candidates.end(), {"rosw-ra34pw2", "rosw-rodas3"});
  candidates.push_back(c.method);
  Reference best;
  for (const auto &name : candidates) {
    Case tight = c;
    tight.method = name;
    std::vector<double> previous;
    double rtol = std::max(accuracy, 1e-13);
    for (int tries = 0; tries < 5 && rtol >= 9e-14; ++tries, rtol *= 0.1) {
      tight.rtol = rtol;
      const RunResult r = run(tight, controller("basic"), 300000);
      if (!r.finished) break;
      if (!previous.empty()) {
        const double difference = relativeError(c, r.solution, previous);
        if (best.solution.empty() || difference < best.accuracy) best = {r.solution, difference};
        if (difference < accuracy) return best;
      }
      previous = r.solution;
    }
    if (best.accuracy < 1e2 * accuracy) break;  // other methods would hardly do much better
  }
  return best;
}

Case randomCase(const std::vector<std::string> &names, std::uint64_t seed) {
  std::mt19937_64 rng(seed * 0x9e3779b97f4a7c15ull + 0x1234567ull);
  const auto below = [&rng](std::size_t n) { return static_cast<std::size_t>(rng() % n); };
  Case c;
  c.problem = makeProblem(names[below(names.size())], &rng);
  c.method = c.problem->methods[below(c.problem->methods.size())];
  const double loose = std::log(c.problem->tolerances.first), tight = std::log(c.problem->tolerances.second);
  const double x = static_cast<double>(rng() >> 11) * 0x1.0p-53;
  c.rtol = std::exp(loose + x * (tight - loose));
  return c;
}

}  // namespace petrl::ode
