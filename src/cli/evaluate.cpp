// petrl evaluate config.yaml -o DIR, and petrl compare points.csv -o DIR
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"
#include "cli/commands.hpp"
#include "problems/ode/run.hpp"
#include "studies/closure_study.hpp"
#include "studies/fault_study.hpp"
#include "studies/lamp_study.hpp"
#include "studies/poisson_study.hpp"
#include "studies/refinement_study.hpp"
#include "studies/work_precision.hpp"

namespace petrl::cli {

namespace {

const char *kindOf(const ode::Problem &p) {
  return p.failing ? "failing" : (p.nonsmooth ? "nonsmooth" : "smooth");
}

// Runs every controller on every case of the configuration.
std::vector<Point> runAll(YamlMap yaml) {
  const auto problems = yaml.get<std::vector<std::string>>("problems", ode::testProblems());
  const auto all = ode::problemNames();
  for (const auto &name : problems) {
    if (std::find(all.begin(), all.end(), name) == all.end()) yaml.fail("problems", "unknown problem '" + name + "'");
  }
  const auto controllers = yaml.get<std::vector<std::string>>("controllers", {"basic", "dsp-PI42", "dsp-H211b", "rl"});
  const int instances = static_cast<int>(yaml.number("instances", 3, 1, 1000));
  const int tolerances = static_cast<int>(yaml.number("tolerances", 6, 2, 100));
  const auto seed = static_cast<std::uint64_t>(yaml.number("seed", 1, 0, 1e15));
  const auto max_cost_steps = static_cast<long>(yaml.number("max_steps", 300000, 1, 1e9));
  yaml.finish();
  std::vector<ode::Controller> configure;
  for (const auto &name : controllers) configure.push_back(ode::controller(name));

  std::vector<Point> points;
  for (const auto &name : problems) {
    for (int instance = 0; instance < instances; ++instance) {
      std::mt19937_64 rng(seed * 1000003 + static_cast<std::uint64_t>(instance));
      // Instance 0 is the classical problem.
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
            const ode::RunResult r = ode::run(c, configure[k], max_cost_steps);
            Point p;
            p.kind = kindOf(*c.problem);
            p.problem = name;
            p.instance = std::to_string(instance);
            p.method = method;
            p.controller = controllers[k].rfind("rl:", 0) == 0 ? "rl" : controllers[k];
            std::replace(p.controller.begin(), p.controller.end(), ',', '/');
            p.rtol = c.rtol;
            p.error = r.finished ? ode::relativeError(c, r.solution, reference.solution) : NAN;
            // Closer to the reference than the reference is to the truth: not comparable.
            if (p.error < 3 * reference.accuracy) p.error = NAN;
            p.cost = r.cost;
            p.wall = r.wall;
            p.steps = r.steps;
            p.rejected = r.rejected;
            p.failed = r.failed;
            p.finished = r.finished;
            points.push_back(p);
          }
        }
      }
    }
  }
  return points;
}

}  // namespace

void addEvaluate(CLI::App &app, Options &options) {
  auto config = std::make_shared<std::string>(), directory = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand(
      "evaluate", "Run step controllers on problems over tolerances; print and write the work-precision table");
  command->add_option("config", *config, "Evaluation configuration (.yaml)")->required();
  command->add_option("-o,--output", *directory, "Folder for points.csv and summary.csv")->required();
  command->callback([config, directory, &options] {
    options.run = [config, directory] {
      makeFolders(*directory);
      YamlMap yaml = YamlMap::read(*config);
      const auto study = yaml.get<std::string>("study", std::string("ode"));
      if (study == "fault") {
        faultStudy(yaml, *directory);
        return 0;
      }
      if (study == "closure") {
        closureStudy(yaml, *directory);
        return 0;
      }
      if (study == "lamp") {
        lampStudy(yaml, *directory);
        return 0;
      }
      if (study == "refinement") {
        refinementStudy(yaml, *directory);
        return 0;
      }
      if (study == "poisson") {
        poissonStudy(yaml, *directory);
        return 0;
      }
      if (study != "ode")
        yaml.fail("study", "expected ode, fault, closure, lamp, refinement or poisson, found '" + study + "'");
      const auto points = runAll(yaml);
      writePoints(*directory + "/points.csv", points);
      compare(points, "rl", *directory);
      return 0;
    };
  });
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App *second = app.add_subcommand("compare", "Print and write the work-precision table of points.csv files");
  second->add_option("points", *files, "Files with one run a row, as `petrl evaluate` writes them")->required();
  second->add_option("-o,--output", *directory, "Folder for summary.csv")->required();
  second->callback([files, directory, &options] {
    options.run = [files, directory] {
      makeFolders(*directory);
      std::vector<Point> points;
      for (const auto &file : *files) {
        const auto more = readPoints(file);
        points.insert(points.end(), more.begin(), more.end());
      }
      compare(points, "rl", *directory);
      return 0;
    };
  });
}

}  // namespace petrl::cli
