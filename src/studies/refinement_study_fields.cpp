// The part `fields` of a refinement study: meshes and what they carry, for pictures.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hdf5.hpp"
#include "studies/closure_study.hpp"
#include "studies/refinement_study.hpp"

namespace petrl::cli {

using namespace conservation;

namespace {

std::vector<float> floats(const std::vector<double> &values) {
  return std::vector<float>(values.begin(), values.end());
}

/// One run after the other in one file: groups /<method>/time<k>.
class MeshFile {
 public:
  MeshFile(const std::string &directory, const Experiment &experiment, int index)
      : directory_(directory), file_(directory + "/fields.h5") {
    file_.text("/", "family", experiment.family);
    file_.integer("/", "case", index);
  }
  void method(const std::string &name, const Setting &setting, const AdaptiveReport &report) {
    file_.group("/" + name);
    file_.text("/" + name, "setting", setting.name);
    file_.number("/" + name, "odds", setting.odds);
    file_.number("/" + name, "l1", report.last.l1);
    file_.integer("/" + name, "cell_steps", report.cell_steps);
    file_.number("/" + name, "mean_cells", report.mean_cells);
  }
  void add(const std::string &name, int k, AdaptiveRun &run, double interval) {
    const CellMesh &mesh = run.mesh();
    const std::string group = "/" + name + "/time" + std::to_string(k);
    const auto n = static_cast<std::size_t>(mesh.cells), dim = static_cast<std::size_t>(mesh.dim);
    file_.group(group);
    file_.number(group, "time", run.time());
    file_.number(group, "interval", interval);
    file_.floats(group + "/corner", {n, dim + 1, dim}, floats(mesh.corner));
    file_.floats(group + "/u", {n}, floats(run.u()));
    file_.floats(group + "/level", {n}, std::vector<float>(mesh.level.begin(), mesh.level.end()));
    if (dim != 2) return;
    // What will really be there when the next decision is due; Burgers' reference is there at the sample times only.
    const FlowCase &flow = run.flow();
    if (dynamic_cast<const CarriedTruth *>(flow.truth.get()) != nullptr) {
      constexpr std::size_t kPoints = 160;
      std::vector<double> x, ahead(kPoints * kPoints);
      for (std::size_t p = 0; p < ahead.size(); ++p) {
        x.push_back((static_cast<double>(p % kPoints) + .5) * flow.length / kPoints);
        x.push_back((static_cast<double>(p / kPoints) + .5) * flow.length / kPoints);
      }
      flow.truth->values(run.time() + interval, static_cast<int>(ahead.size()), x.data(), ahead.data());
      file_.floats(group + "/ahead", {kPoints, kPoints}, floats(ahead));
    }
    std::ostringstream &out = grids_[name];
    out << "<Grid GridType=\"Uniform\"><Time Value=\"" << run.time() << "\"/>\n<Topology TopologyType=\"Triangle\" "
        << "NumberOfElements=\"" << n << "\"><DataItem Dimensions=\"" << n << " 3\" NumberType=\"Int\">";
    for (std::size_t i = 0; i < 3 * n; ++i) out << i << (i % 3 == 2 ? "\n" : " ");
    out << "</DataItem></Topology>\n<Geometry GeometryType=\"XY\"><DataItem Format=\"HDF\" Dimensions=\"" << 3 * n
        << " 2\">fields.h5:" << group << "/corner</DataItem></Geometry>\n";
    for (const char *field : {"u", "level"})
      out << "<Attribute Name=\"" << field << "\" Center=\"Cell\"><DataItem Format=\"HDF\" Dimensions=\"" << n
          << "\">fields.h5:" << group << "/" << field << "</DataItem></Attribute>\n";
    out << "</Grid>\n";
  }
  void describe() const {
    std::string text = "<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\"><Domain>\n";
    for (const auto &[name, grids] : grids_)
      text += "<Grid Name=\"" + name + "\" GridType=\"Collection\" CollectionType=\"Temporal\">\n" + grids.str() +
              "</Grid>\n";
    writeWhole(directory_ + "/fields.xdmf", text + "</Domain></Xdmf>\n");
  }

 private:
  std::string directory_;
  h5::Writer file_;
  std::map<std::string, std::ostringstream> grids_;
};

// As runAdaptive, stopping just after the decisions that are the first from each of the times on.
void follow(const Ground &ground, const Bench &bench, const Setting &setting, const std::vector<double> &times,
            const std::string &name, MeshFile &file) {
  const std::unique_ptr<Marker> marker = ground.marker(setting);
  const AdaptiveSettings how = ground.settings(bench, setting);
  const double end = bench.flow.end;
  AdaptiveRun run(bench.base, bench.flow, how);
  for (int round = 0; round < how.initial_rounds; ++round)
    if (!run.decide(*marker, how.interval, round)) break;
  for (std::size_t shown = 0; shown < times.size();) {
    const double interval = std::min(how.interval, end - run.time());
    if (run.time() > 0) run.decide(*marker, interval);
    if (run.time() >= times[shown] * end * (1 - 1e-9) || !(interval > 1e-9 * end)) {
      file.add(name, static_cast<int>(shown), run, interval);
      ++shown;
    }
    if (interval > 1e-9 * end) run.advanceTo(run.time() + interval);
  }
}

}  // namespace

RefinementFields RefinementFields::read(YamlMap yaml, const std::vector<std::string> &families) {
  RefinementFields out;
  out.family = yaml.get<std::string>("family", families.front());
  if (std::find(families.begin(), families.end(), out.family) == families.end())
    yaml.fail("family", "'" + out.family + "' is not among the families");
  out.index = readInteger(yaml, "case", 0, 0, 100000);
  out.odds = yaml.get<std::vector<double>>("odds", {.1, 1, 10});
  out.interval = yaml.number("interval", 48, 1, 1e6);
  out.times = yaml.get<std::vector<double>>("times", {0, .3, .6, .9});
  yaml.finish();
  for (std::size_t i = 0; i < out.times.size(); ++i)
    if (!(out.times[i] >= (i > 0 ? out.times[i - 1] : 0) && out.times[i] < 1))
      yaml.fail("times", "expected rising shares below 1");
  if (out.odds.empty() || out.times.empty()) yaml.fail("odds", "odds and times need at least one number");
  return out;
}

void RefinementFields::write(const RefinementStudy &study) const {
  const Experiment training = [&] {
    Experiment e = study.experiment("fields", family);
    e.split = Split::train, e.cases = study.train, e.repeats = 1;
    return e;
  }();
  const std::vector<Setting> settings = policySettings("policy", odds, {interval}, {study.halvings}, {true});
  // The threshold rule that has the middle setting's error where settings are chosen, at the least cost.
  std::vector<Setting> middle = {settings[settings.size() / 2]};
  std::vector<Entry> entry = study.empty(middle);
  study.run(training, entry);
  const double wanted = geometricMean(entry.front(), &Outcome::l1);
  const Entry *rival = nullptr;
  for (const Entry &e : study.chosen.at(family)) {
    if (!e.setting->threshold() || !e.by_cost || e.setting->halvings != study.halvings) continue;
    // The cheapest of those within a fifth of the error, or else the nearest.
    const auto distance = [&](const Entry &a) {
      const double away = std::fabs(std::log(geometricMean(a, &Outcome::l1) / wanted));
      return 1e3 * std::max(0., away - .2) + std::log(geometricMean(a, &Outcome::cost));
    };
    if (rival == nullptr || distance(e) < distance(*rival)) rival = &e;
  }

  const Experiment test = study.experiment("fields", family);
  const Bench bench = study.bench(test, index);
  MeshFile file(study.directory, test, index);
  const auto show = [&](const std::string &name, const Setting &setting) {
    file.method(name, setting, study.ground.run(bench, setting));
    follow(study.ground, bench, setting, times, name, file);
  };
  if (rival != nullptr) show("threshold", *rival->setting);
  for (std::size_t i = 0; i < settings.size(); ++i) show("policy" + std::to_string(i), settings[i]);
  file.describe();
  std::printf("meshes of case %d of %s at %zu times: %s/fields.h5\n", index, family.c_str(), times.size(),
              study.directory.c_str());
}

}  // namespace petrl::cli
