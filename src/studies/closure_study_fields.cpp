// The part `fields`: states and actions of one case, for pictures.
#include <algorithm>

#include "base/error.hpp"
#include "problems/grid2d/simulation.hpp"
#include "studies/closure_study.hpp"
#include "studies/field_file.hpp"

namespace petrl::studies {

namespace {

std::vector<float> plane(const std::vector<double> &values, std::size_t number, std::size_t side) {
  const auto size = static_cast<std::ptrdiff_t>(side * side), from = static_cast<std::ptrdiff_t>(number) * size;
  return std::vector<float>(values.begin() + from, values.begin() + from + size);
}

}  // namespace

void fieldPart(ClosureStudy &study, YamlMap yaml) {
  const StudyProblem &problem = *study.problem;
  const grid2d::Model &model = problem.model();
  const int n = model.sizes().n;
  const auto cell_name = yaml.get<std::string>("cell", problem.cells().front().name);
  const Cell *cell = nullptr;
  try {
    cell = &problem.cell(cell_name);
  } catch (const Error &e) {
    yaml.fail("cell", e.what());
  }
  const int number = yaml.integer("run", 0, 0, 100000);
  const auto steps = readSteps(yaml, {0, 50});
  std::vector<const Method *> methods;
  for (const Method *m : chooseMethods(yaml, study.methods))
    if (m->n == n) methods.push_back(m);
  yaml.finish();
  if (methods.empty()) yaml.fail("methods", "no method on the problem's own grid");
  int longest = 1;
  for (const Method *m : methods) {
    longest = std::max(longest, m->stride);
    for (const int step : steps) {
      if (step % m->stride == 0) continue;
      yaml.fail("steps", "method " + m->name + " goes by " + std::to_string(m->stride) + " at once, it has no step " +
                             std::to_string(step));
    }
  }

  const std::uint64_t seed = study.seed + static_cast<std::uint64_t>(number);
  const grid2d::Case c = problem.draw(*cell, seed);
  const grid2d::Reference reference = grid2d::reference(model, c, steps.back() + longest, {n});
  const auto &fine = reference.states.at(n);
  std::vector<std::unique_ptr<CoarseRun>> runs;
  for (const Method *m : methods)
    runs.push_back(std::make_unique<CoarseRun>(problem, *m, problem.start(*cell, seed, c, n)));
  const std::vector<std::string> names = problem.fields();
  const auto whole = model.fine(c);

  FieldFile file(study.directory);
  file.data.text("/", "problem", model.components() == 1 ? "advection" : "burgers");
  file.data.text("/", "cell", cell->name);
  file.data.integer("/", "case", static_cast<std::int64_t>(seed));
  int done = 0;
  for (const int step : steps) {
    for (; done < step; ++done) {
      for (std::size_t m = 0; m < methods.size(); ++m)
        if (done % methods[m]->stride == 0) runs[m]->advance();
      whole->advance();
    }
    const std::string group = "/step" + std::to_string(step);
    const double time = step * model.sizes().dt();
    file.data.group(group);
    file.data.integer(group, "step", step);
    file.data.number(group, "time", time);
    const auto side = static_cast<std::size_t>(n), now = static_cast<std::size_t>(step);
    file.grid("closure", time, side, side, 1. / n, 1. / n);
    // A plane a component: "<prefix>_<component>".
    const auto add = [&](const std::string &prefix, const std::vector<double> &values) {
      for (std::size_t k = 0; k < values.size() / (side * side); ++k)
        file.field(group, prefix + "_" + names[k], plane(values, k, side));
    };
    add("FGS", fine[now]);
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const std::string &name = methods[m]->name;
      add(name, runs[m]->state().dense());
      if (!comparable(*methods[m], model)) continue;
      CoarseRun probe(problem, *methods[m], problem.start(*cell, seed, c, n));
      std::vector<double> taken;
      const std::vector<double> exact =
          exactAction(probe, fine[now], fine[now + static_cast<std::size_t>(methods[m]->stride)], taken);
      add("action-" + name, taken);
      add("exact-" + name, exact);
    }
    // The fine grid's own points stand in the file alone: the description has one grid a time.
    const auto points = static_cast<std::size_t>(model.sizes().fine());
    const std::vector<double> all = whole->state().dense();
    for (std::size_t k = 0; k < static_cast<std::size_t>(model.components()); ++k)
      file.data.floats(group + "/fine_" + names[k], {points, points}, plane(all, k, points));
  }
  file.write();
}

}  // namespace petrl::studies
