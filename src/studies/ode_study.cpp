// Step controllers on initial-value problems, over tolerances.
#include "studies/ode_study.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

OdeCases::OdeCases(YamlMap &yaml) {
  problems_ = yaml.get<std::vector<std::string>>("problems", ode::testProblems());
  const auto all = ode::problemNames();
  for (const auto &name : problems_) {
    if (std::find(all.begin(), all.end(), name) == all.end()) yaml.fail("problems", "unknown problem '" + name + "'");
  }
  if (yaml.has("rtols")) rtols_ = positiveNumbers(yaml, "rtols", {});
  instances_ = yaml.integer("instances", 3, 1, 1000);
  tolerances_ = yaml.integer("tolerances", 6, 2, 100);
  seed_ = static_cast<std::uint64_t>(yaml.number("seed", 1, 0, 1e15));
  max_steps_ = yaml.integer("max_steps", 300000, 1, 1000000000);
}

void OdeCases::forEachInstance(const Instance &visit) const {
  Progress progress("ode", problems_.size() * static_cast<std::size_t>(instances_), "instances");
  for (const auto &name : problems_) {
    for (int instance = 0; instance < instances_; ++instance) {
      std::mt19937_64 rng(seed_ * 1000003 + static_cast<std::uint64_t>(instance));
      ode::Case c;
      c.problem = ode::makeProblem(name, instance == 0 ? nullptr : &rng);
      c.method = c.problem->methods.front();
      visit(c, instance);
      progress.step(name);
    }
  }
}

void OdeCases::forEach(const Visit &visit) const {
  forEachInstance([&](const ode::Case &c, int instance) {
    const auto tolerances = rtols(*c.problem);
    const double tight = *std::min_element(tolerances.begin(), tolerances.end());
    const ode::Reference reference = ode::referenceSolution(c, tight * 0.1);
    std::fprintf(stderr, "%s instance %d: reference accurate to %.1e\n", c.problem->name.c_str(), instance,
                 reference.accuracy);
    if (!reference.solution.empty()) visit(c, instance, reference);
  });
}

std::vector<double> OdeCases::rtols(const ode::Problem &problem) const {
  if (!rtols_.empty()) return rtols_;
  const auto [loose, tight] = problem.tolerances;
  std::vector<double> rtols;
  for (int i = 0; i < tolerances_; ++i)
    rtols.push_back(loose * std::pow(tight / loose, static_cast<double>(i) / (tolerances_ - 1)));
  return rtols;
}

const char *kindOf(const ode::Problem &problem) {
  return problem.failing ? "failing" : problem.nonsmooth ? "nonsmooth" : "smooth";
}

OdeRuns::OdeRuns(const std::string &directory)
    : csv_(directory + "/runs.csv",
           {"kind", "problem", "instance", "method", "controller", "rtol", "error", "cost", "wall_s", "steps",
            "rejected", "failed", "finished", "functions", "jacobians", "factorizations"}) {}

void OdeRuns::add(const ode::Case &c, int instance, const ode::Reference &reference, const std::string &method,
                  const std::string &controller, const ode::RunResult &run, const OdeWork &work) {
  double error = run.finished ? ode::relativeError(c, run.solution, reference.solution) : NAN;
  if (error < 3 * reference.accuracy) error = NAN;
  csv_.row().set("kind", kindOf(*c.problem));
  csv_.set("problem", c.problem->name).set("instance", instance).set("method", method).set("controller", controller);
  csv_.set("rtol", c.rtol).set("error", error).set("cost", run.cost).set("wall_s", run.wall);
  csv_.set("steps", run.steps).set("rejected", run.rejected).set("failed", run.failed).set("finished", run.finished);
  csv_.set("functions", work.functions).set("jacobians", work.jacobians).set("factorizations", work.factorizations);
}

std::string shownController(std::string controller) {
  if (controller.rfind("rl:", 0) == 0) {
    const auto slash = controller.rfind('/');
    if (slash != std::string::npos) controller = "rl:" + controller.substr(slash + 1);
    const auto dot = controller.rfind(".h5");
    if (dot != std::string::npos && dot + 3 == controller.size()) controller.resize(dot);
  }
  std::replace(controller.begin(), controller.end(), ',', '/');
  return controller;
}

/// Keys: those of OdeCases, controllers (see ode::controller), more_methods (beside those of each problem). runs.csv: a
/// row for each problem, instance, method, tolerance and controller; error: relative, against a reference, nan where it
/// is no larger than three times the reference's own; cost: right-hand sides + Jacobians + linear iterations.
void odeStudy(YamlMap yaml, const std::string &directory) {
  const OdeCases cases(yaml);
  const auto controllers = yaml.get<std::vector<std::string>>("controllers", {"basic", "dsp-PI42", "dsp-H211b", "rl"});
  const auto more = yaml.get<std::vector<std::string>>("more_methods", {});
  for (const auto &name : more) {
    const auto &all = ode::methods();
    if (std::none_of(all.begin(), all.end(), [&name](const ode::Method &m) { return m.name == name; }))
      yaml.fail("more_methods", "unknown method '" + name + "'");
  }
  yaml.finish();
  std::vector<ode::Controller> configure;
  std::vector<std::string> names;
  for (const auto &name : controllers) {
    configure.push_back(ode::controller(name));
    names.push_back(shownController(name));
    if (std::count(names.begin(), names.end(), names.back()) > 1)
      yaml.fail("controllers", "two of the name '" + names.back() + "'");
  }

  OdeRuns runs(directory);
  cases.forEach([&](ode::Case c, int instance, const ode::Reference &reference) {
    std::vector<std::string> methods = c.problem->methods;
    for (const auto &name : more)
      if (std::find(methods.begin(), methods.end(), name) == methods.end()) methods.push_back(name);
    for (const auto &method : methods) {
      for (const double rtol : cases.rtols(*c.problem)) {
        c.method = method;
        c.rtol = rtol;
        for (std::size_t k = 0; k < controllers.size(); ++k) {
          const ode::RunResult r = ode::run(c, configure[k], cases.maxSteps());
          // Direct solves: PETSc factorises each Jacobian, once.
          runs.add(c, instance, reference, method, names[k], r, {r.functions, r.jacobians, r.jacobians});
        }
      }
    }
    runs.append();
  });
}

}  // namespace petrl::studies
