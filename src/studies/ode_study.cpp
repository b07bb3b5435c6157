// Step controllers on initial-value problems, over tolerances.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "problems/ode/run.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

/// Keys: problems, controllers (see ode::controller), instances (number 0 is the classical problem, the others have
/// random parameters), tolerances (so many in each problem's range), seed, max_steps. runs.csv: a row for each problem,
/// instance, method, tolerance and controller; error: relative, against a reference, nan where it is no larger than
/// three times the reference's own; cost: right-hand sides + Jacobians + linear iterations.
void odeStudy(YamlMap yaml, const std::string &directory) {
  const auto problems = yaml.get<std::vector<std::string>>("problems", ode::testProblems());
  const auto all = ode::problemNames();
  for (const auto &name : problems) {
    if (std::find(all.begin(), all.end(), name) == all.end()) yaml.fail("problems", "unknown problem '" + name + "'");
  }
  const auto controllers = yaml.get<std::vector<std::string>>("controllers", {"basic", "dsp-PI42", "dsp-H211b", "rl"});
  const int instances = yaml.integer("instances", 3, 1, 1000), tolerances = yaml.integer("tolerances", 6, 2, 100);
  const auto seed = static_cast<std::uint64_t>(yaml.number("seed", 1, 0, 1e15));
  const int max_steps = yaml.integer("max_steps", 300000, 1, 1000000000);
  yaml.finish();
  std::vector<ode::Controller> configure;
  for (const auto &name : controllers) configure.push_back(ode::controller(name));

  Csv csv(directory + "/runs.csv", {"kind", "problem", "instance", "method", "controller", "rtol", "error", "cost",
                                    "wall_s", "steps", "rejected", "failed", "finished"});
  Progress progress("ode", problems.size() * static_cast<std::size_t>(instances), "instances");
  for (const auto &name : problems) {
    for (int instance = 0; instance < instances; ++instance) {
      std::mt19937_64 rng(seed * 1000003 + static_cast<std::uint64_t>(instance));
      ode::Case c;
      c.problem = ode::makeProblem(name, instance == 0 ? nullptr : &rng);
      const auto [loose, tight] = c.problem->tolerances;
      c.method = c.problem->methods.front();
      const ode::Reference reference = ode::referenceSolution(c, tight * 0.1);
      std::fprintf(stderr, "%s instance %d: reference accurate to %.1e\n", name.c_str(), instance, reference.accuracy);
      if (reference.solution.empty()) continue;
      for (const auto &method : c.problem->methods) {
        for (int i = 0; i < tolerances; ++i) {
          c.method = method;
          c.rtol = loose * std::pow(tight / loose, static_cast<double>(i) / (tolerances - 1));
          for (std::size_t k = 0; k < controllers.size(); ++k) {
            const ode::RunResult r = ode::run(c, configure[k], max_steps);
            double error = r.finished ? ode::relativeError(c, r.solution, reference.solution) : NAN;
            if (error < 3 * reference.accuracy) error = NAN;
            std::string controller = controllers[k].rfind("rl:", 0) == 0 ? "rl" : controllers[k];
            std::replace(controller.begin(), controller.end(), ',', '/');
            csv.row().set("kind", c.problem->failing ? "failing" : c.problem->nonsmooth ? "nonsmooth" : "smooth");
            csv.set("problem", name).set("instance", instance).set("method", method).set("controller", controller);
            csv.set("rtol", c.rtol).set("error", error).set("cost", r.cost).set("wall_s", r.wall);
            csv.set("steps", r.steps).set("rejected", r.rejected).set("failed", r.failed).set("finished", r.finished);
          }
        }
      }
      csv.append();
      progress.step(name);
    }
  }
}

}  // namespace petrl::studies
