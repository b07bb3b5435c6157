// The part `actions`: do closures do what they should?
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/files.hpp"
#include "problems/grid2d/simulation.hpp"
#include "studies/closure_study.hpp"
#include "studies/closure_study_optimal.hpp"

namespace petrl::cli {

namespace {

// One method in one cell, a number a sample.
struct Samples {
  std::vector<double> paper, truncation, exact, slope, size;
};

double meanOf(const std::vector<double> &values, double *deviation) {
  std::vector<double> good;
  for (const double v : values)
    if (std::isfinite(v)) good.push_back(v);
  const Summary s(good);
  *deviation = s.deviation;
  return s.mean;
}

double rms(const std::vector<double> &a) {
  double sum = 0;
  for (const double v : a) sum += v * v;
  return std::sqrt(sum / static_cast<double>(a.size()));
}

}  // namespace

void actionPart(Study &study, YamlMap yaml) {
  const int samples = readInteger(yaml, "samples", 100, 1, 100000);
  const int steps = readInteger(yaml, "steps", 50, 1, 100000);
  const StudyProblem &problem = *study.problem;
  const grid2d::Model &model = problem.model();
  std::vector<const Method *> methods;
  for (const Method *m : chooseMethods(yaml, study.methods))
    if (comparable(*m, model)) methods.push_back(m);
  yaml.finish();
  if (methods.empty()) yaml.fail("methods", "no method with a policy, on the problem's own grid and without substeps");

  const int n = model.sizes().n;
  int longest = 1;
  for (const Method *m : methods) longest = std::max(longest, m->stride);
  longest *= 2;  // where even the first step goes beyond the last one, and one more
  std::ostringstream all, table;
  all.precision(6), table.precision(5);
  all << "cell,method,case,step,correlation_paper,correlation_truncation,correlation_exact,slope_exact,"
         "action_over_exact_rms\n";
  table << "cell,method,samples";
  const char *const columns[] = {"paper", "truncation", "exact", "slope_exact", "action_over_exact_rms"};
  for (const char *name : columns) table << "," << name << "_mean," << name << "_std";
  table << "\n";
  std::printf(
      "correlation of the actions with: dt eps as the paper has it (its equation 22) and as it follows from "
      "the scheme,\nboth at the states that the closure leads to; and base step minus fine step at restricted "
      "fine states\n%-16s %-24s %16s %16s %16s %16s\n",
      "", "method", "paper", "truncation", "exact", "slope of exact");
  for (const Cell &cell : problem.cells()) {
    std::vector<Samples> found(methods.size());
    for (int i = 0; i < samples; ++i) {
      const std::uint64_t seed = study.seed + static_cast<std::uint64_t>(i);
      const grid2d::Case c = problem.draw(cell, seed);
      const grid2d::Reference reference = grid2d::reference(model, c, steps + longest, {n});
      const auto &fine = reference.states.at(n);
      for (std::size_t m = 0; m < methods.size(); ++m) {
        const Method &method = *methods[m];
        const int advances = 1 + i % std::max(1, steps / method.stride);  // all ages of a run alike
        const int step = advances * method.stride;
        Start start = problem.start(cell, seed, c, n);
        const std::vector<double> velocity =
            start.velocity.components() > 0 ? start.velocity.dense() : std::vector<double>();
        CoarseRun run(problem, method, std::move(start));
        double paper = NAN, truncation = NAN;
        // The formula is that of one scheme, and of a velocity that is given.
        if (!velocity.empty() && method.scheme.advection == "upwind1" && method.scheme.integrator == "euler") {
          for (int s = 0; s < advances; ++s) run.advance();
          const std::vector<double> taken = run.action(), psi = run.state().dense();
          paper = correlation(taken, truncationAction(psi, velocity, n, method.dt(model), 1));
          truncation = correlation(taken, truncationAction(psi, velocity, n, method.dt(model), -1));
        }
        std::vector<double> taken;
        const auto now = static_cast<std::size_t>(step);
        const std::vector<double> exact =
            exactAction(run, fine[now], fine[now + static_cast<std::size_t>(method.stride)], taken);
        Samples &f = found[m];
        f.paper.push_back(paper), f.truncation.push_back(truncation);
        f.exact.push_back(correlation(taken, exact)), f.slope.push_back(slope(taken, exact));
        f.size.push_back(rms(exact) > 0 ? rms(taken) / rms(exact) : NAN);
        all << cell.name << "," << method.name << "," << seed << "," << step << "," << paper << "," << truncation << ","
            << f.exact.back() << "," << f.slope.back() << "," << f.size.back() << "\n";
      }
    }
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const Samples &f = found[m];
      std::printf("%-16s %-24s", cell.name.c_str(), methods[m]->name.c_str());
      table << cell.name << "," << methods[m]->name << "," << samples;
      for (const auto *values : {&f.paper, &f.truncation, &f.exact, &f.slope, &f.size}) {
        double deviation;
        const double mean = meanOf(*values, &deviation);
        table << "," << mean << "," << deviation;
        if (values != &f.size) std::printf("  %6.3f +- %5.3f", mean, deviation);
      }
      table << "\n";
      std::printf("\n");
    }
    std::fflush(stdout);
  }
  writeWhole(study.directory + "/actions.csv", all.str());
  writeWhole(study.directory + "/correlations.csv", table.str());
}

}  // namespace petrl::cli
