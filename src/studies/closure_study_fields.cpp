// The part `fields`: states and actions of one case, for pictures.
#include <algorithm>
#include <cstdio>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hdf5.hpp"
#include "problems/grid2d/simulation.hpp"
#include "studies/closure_study.hpp"
#include "studies/closure_study_optimal.hpp"

namespace petrl::cli {

namespace {

using Names = std::vector<std::string>;

// Datasets of one time, in the file and in its description.
class Snapshot {
 public:
  Snapshot(h5::Writer &file, std::ostringstream &xdmf, std::string group, int n)
      : file_(file), xdmf_(xdmf), group_(std::move(group)), n_(n) {}
  /// A plane a component: "<prefix>_<component>".
  void add(const std::string &prefix, const Names &components, const std::vector<double> &values) {
    const auto side = static_cast<std::size_t>(n_), plane = side * side;
    for (std::size_t c = 0; c < values.size() / plane; ++c) {
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(c * plane);
      const std::string name = prefix + "_" + components[c];
      file_.floats(group_ + "/" + name, {side, side}, {from, from + static_cast<std::ptrdiff_t>(plane)});
      xdmf_ << "<Attribute Name=\"" << name << "\" Center=\"Cell\"><DataItem Format=\"HDF\" Dimensions=\"" << n_ << " "
            << n_ << "\">fields.h5:" << group_ << "/" << name << "</DataItem></Attribute>\n";
    }
  }

 private:
  h5::Writer &file_;
  std::ostringstream &xdmf_;
  std::string group_;
  int n_;
};

}  // namespace

void fieldPart(Study &study, YamlMap yaml) {
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
  const int number = readInteger(yaml, "run", 0, 0, 100000);
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
  const Names fields = problem.fields();
  const auto whole = model.fine(c);

  h5::Writer file(study.directory + "/fields.h5");
  file.text("/", "problem", model.components() == 1 ? "advection" : "burgers");
  file.text("/", "cell", cell->name);
  file.integer("/", "case", static_cast<std::int64_t>(seed));
  std::ostringstream xdmf;
  xdmf << "<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\"><Domain>\n"
          "<Grid Name=\"closure\" GridType=\"Collection\" CollectionType=\"Temporal\">\n";
  int done = 0;
  for (const int step : steps) {
    for (; done < step; ++done) {
      for (std::size_t m = 0; m < methods.size(); ++m)
        if (done % methods[m]->stride == 0) runs[m]->advance();
      whole->advance();
    }
    const std::string group = "/step" + std::to_string(step);
    const double time = step * model.sizes().dt();
    file.group(group);
    file.integer(group, "step", step);
    file.number(group, "time", time);
    xdmf << "<Grid GridType=\"Uniform\"><Time Value=\"" << time << "\"/>\n<Topology TopologyType=\"2DCoRectMesh\" "
         << "Dimensions=\"" << n + 1 << " " << n + 1 << "\"/>\n<Geometry GeometryType=\"ORIGIN_DXDY\">"
         << "<DataItem Dimensions=\"2\">0 0</DataItem><DataItem Dimensions=\"2\">" << 1. / n << " " << 1. / n
         << "</DataItem></Geometry>\n";
    Snapshot snapshot(file, xdmf, group, n);
    const auto now = static_cast<std::size_t>(step);
    snapshot.add("FGS", fields, fine[now]);
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const std::string &name = methods[m]->name;
      snapshot.add(name, fields, runs[m]->state().dense());
      if (!comparable(*methods[m], model)) continue;
      CoarseRun probe(problem, *methods[m], problem.start(*cell, seed, c, n));
      std::vector<double> taken;
      const std::vector<double> exact =
          exactAction(probe, fine[now], fine[now + static_cast<std::size_t>(methods[m]->stride)], taken);
      snapshot.add("action-" + name, fields, taken);
      snapshot.add("exact-" + name, fields, exact);
    }
    // The fine grid's own points stand in the file alone: the description has one grid a time.
    const auto side = static_cast<std::size_t>(model.sizes().fine());
    const std::vector<double> all = whole->state().dense();
    for (std::size_t k = 0; k < static_cast<std::size_t>(model.components()); ++k) {
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(k * side * side);
      file.floats(group + "/fine_" + fields[k], {side, side}, {from, from + static_cast<std::ptrdiff_t>(side * side)});
    }
    xdmf << "</Grid>\n";
  }
  xdmf << "</Grid></Domain></Xdmf>\n";
  writeWhole(study.directory + "/fields.xdmf", xdmf.str());
  std::printf("fields of case %llu of %s at %zu times: %s/fields.h5\n", static_cast<unsigned long long>(seed),
              cell->name.c_str(), steps.size(), study.directory.c_str());
}

}  // namespace petrl::cli
