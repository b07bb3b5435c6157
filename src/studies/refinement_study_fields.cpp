// The part `fields` of a refinement study: meshes and what they carry, for pictures.
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "studies/field_file.hpp"
#include "studies/refinement_study.hpp"

namespace petrl::studies {

using namespace conservation;

namespace {

// Group /<name>/time<k>.
void addMesh(const std::string &name, int k, AdaptiveRun &run, double interval, FieldFile &file) {
  const CellMesh &mesh = run.mesh();
  const std::string group = "/" + name + "/time" + std::to_string(k);
  const std::vector<float> level(mesh.level.begin(), mesh.level.end());
  file.data.group(group);
  file.data.number(group, "time", run.time());
  file.data.number(group, "interval", interval);
  if (mesh.dim != 2) {
    const auto n = static_cast<std::size_t>(mesh.cells), dim = static_cast<std::size_t>(mesh.dim);
    file.data.floats(group + "/corner", {n, dim + 1, dim}, floats(mesh.corner));
    file.data.floats(group + "/u", {n}, floats(run.component(0)));
    file.data.floats(group + "/level", {n}, level);
    return;
  }
  file.triangles(name, run.time(), group, mesh.corner);
  file.field(group, "u", floats(run.component(0)));
  file.field(group, "level", level);
  // What will really be there when the next decision is due; Burgers' reference is there at the sample times only.
  const FlowCase &flow = run.flow();
  if (dynamic_cast<const CarriedTruth *>(flow.truth.get()) == nullptr) return;
  constexpr std::size_t kPoints = 160;
  std::vector<double> x, ahead(kPoints * kPoints);
  for (std::size_t p = 0; p < ahead.size(); ++p) {
    x.push_back((static_cast<double>(p % kPoints) + .5) * flow.length / kPoints);
    x.push_back((static_cast<double>(p / kPoints) + .5) * flow.length / kPoints);
  }
  flow.truth->values(run.time() + interval, static_cast<int>(ahead.size()), x.data(), ahead.data());
  file.data.floats(group + "/ahead", {kPoints, kPoints}, floats(ahead));
}

// As runAdaptive, stopping just after the decisions that are the first from each of the times on.
void follow(const FlowRunner &runner, const ReadyFlow &ready, const Setting &setting, const std::vector<double> &times,
            const std::string &name, FieldFile &file) {
  const std::unique_ptr<Marker> marker = runner.marker(setting);
  const AdaptiveSettings how = runner.settings(ready, setting);
  const double end = ready.flow.end;
  AdaptiveRun run(ready.base, ready.flow, how);
  for (int round = 0; round < how.initial_rounds; ++round)
    if (!run.decide(*marker, how.interval, round)) break;
  for (std::size_t shown = 0; shown < times.size();) {
    const double interval = std::min(how.interval, end - run.time());
    if (run.time() > 0) run.decide(*marker, interval);
    if (run.time() >= times[shown] * end * (1 - 1e-9) || !(interval > 1e-9 * end)) {
      addMesh(name, static_cast<int>(shown), run, interval, file);
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
  out.index = yaml.integer("case", 0, 0, 100000);
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

void RefinementFields::write(RefinementStudy &study) const {
  Experiment training = study.experiment("fields", family);
  training.split = Split::train, training.cases = study.train, training.repeats = 1;
  const std::vector<Setting> settings = policySettings("policy", odds, {interval}, {study.halvings}, {true});
  // The threshold rule that has the middle setting's error where settings are chosen, at the least cost.
  std::vector<Candidate> middle = candidatesOf({settings[settings.size() / 2]});
  study.run(training, middle);
  const double wanted = middle.front().point(false).first;
  const Candidate *rival = nullptr;
  // The cheapest of those within a fifth of the error, or else the nearest.
  const auto distance = [&](const Candidate &a) {
    const auto [error, cost] = a.point(false);
    return 1e3 * std::max(0., std::fabs(error - wanted) - .2) + cost;
  };
  for (const Candidate &c : study.chosen.at(family)) {
    if (!c.setting.threshold() || !c.by_cost || c.setting.halvings != study.halvings) continue;
    if (rival == nullptr || distance(c) < distance(*rival)) rival = &c;
  }

  const Experiment test = study.experiment("fields", family);
  const ReadyFlow ready = study.flow(test, index);
  FieldFile file(study.directory);
  file.data.text("/", "family", family);
  file.data.integer("/", "case", index);
  const auto show = [&](const std::string &name, const Setting &setting) {
    const AdaptiveReport report = study.runner.run(ready, setting);
    file.data.group("/" + name);
    file.data.text("/" + name, "setting", setting.name);
    file.data.number("/" + name, "odds", setting.odds);
    file.data.number("/" + name, "l1", report.last.l1);
    file.data.integer("/" + name, "cell_steps", report.cell_steps);
    file.data.number("/" + name, "mean_cells", report.mean_cells);
    follow(study.runner, ready, setting, times, name, file);
  };
  if (rival != nullptr) show("threshold", rival->setting);
  for (std::size_t i = 0; i < settings.size(); ++i) show("policy" + std::to_string(i), settings[i]);
  file.write();
}

}  // namespace petrl::studies
