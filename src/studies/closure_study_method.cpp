#include "studies/closure_study_method.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "base/error.hpp"
#include "policy/shared_policy.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

namespace {

int position(const std::vector<std::string> &names, const std::string &name) {
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

void loadPolicy(YamlMap &yaml, const StudyProblem &problem, Method &method) {
  method.policy = policyFile(yaml);
  const std::vector<std::string> offered = problem.fields();
  const auto components = static_cast<std::size_t>(problem.model().components());
  method.closure = std::make_shared<PeriodicClosure>(petrl::loadPolicy(method.policy, "closure"), method.policy);
  const auto &names = method.closure->policy().observation.names;
  for (const auto &field : names) {
    method.observed.push_back(position(offered, field));
    if (method.observed.back() < static_cast<int>(offered.size())) continue;
    std::string known;
    for (const auto &o : offered) known += (known.empty() ? "" : ", ") + o;
    yaml.fail("policy", method.policy + ": observes '" + field + "'; this problem has " + known);
  }
  for (const int c : method.closure->components()) {
    method.changed.push_back(method.observed[static_cast<std::size_t>(c)]);
    if (method.changed.back() >= static_cast<int>(components)) {
      yaml.fail("policy", method.policy + ": corrects '" + names[static_cast<std::size_t>(c)] +
                              "', which is no component of the state");
    }
  }
}

// Says where a policy meets another base scheme or step than it was trained on: allowed, but easily a mistake.
void noteTraining(const Method &method, const grid2d::Model &model) {
  YAML::Node all;
  try {
    all = YAML::Load(method.closure->policy().provenance.config);
  } catch (const YAML::Exception &) {
    return;  // somebody else's words
  }
  const YAML::Node trained = all.IsMap() ? all["environment"] : YAML::Node();
  if (!trained || !trained.IsMap()) return;
  const auto note = [&](const char *key, const std::string &then, const std::string &now) {
    if (then == now) return;
    std::fprintf(stderr, "note: method %s: %s was trained with %s: %s, here it is %s\n", method.name.c_str(),
                 method.policy.c_str(), key, then.c_str(), now.c_str());
  };
  note("scheme", trained["scheme"].as<std::string>("upwind1"), method.scheme.advection);
  note("integrator", trained["integrator"].as<std::string>("euler"), method.scheme.integrator);
  note("modified", trained["modified"].as<std::string>("false"), method.modified);
  const auto number = [&](const char *key, double then, double now) {
    if (std::fabs(then - now) > 1e-9) note(key, std::to_string(then), std::to_string(now));
  };
  number("dissipation", trained["dissipation"].as<double>(1), method.scheme.dissipation);
  number("dt_factor", trained["dt_factor"].as<double>(model.sizes().dt_factor), method.dt(model) * method.n);
}

}  // namespace

std::vector<Method> readMethods(YamlMap &yaml, const StudyProblem &problem) {
  const grid2d::Model &model = problem.model();
  const int fine = model.sizes().fine();
  std::vector<Method> methods;
  for (YamlMap &entry : yaml.list("methods")) {
    Method method;
    method.family = entry.get<std::string>("name");
    if (method.family.find_first_of(",\"\n/") != std::string::npos)
      entry.fail("name", "must not hold commas, quotes or slashes, found '" + method.family + "'");
    method.modified = entry.get<std::string>("modified", std::string("false"));
    const grid2d::Sizes &sizes = model.sizes();
    method.scheme = grid2d::readScheme(entry, model.viscosity(), 1. / fine, sizes.ratio, sizes.dt() / sizes.substeps);
    const int multiple = entry.integer("dt_multiple", 1, 1, 1000);
    const bool scaled = entry.get<bool>("dt_scales_with_h", false);
    const int substeps = entry.integer("substeps", 1, 1, 1000);
    if (scaled && entry.has("substeps")) entry.fail("substeps", "follows from dt_scales_with_h: true; leave one out");
    if (entry.has("policy")) loadPolicy(entry, problem, method);
    method.against = entry.get<std::string>("against", std::string());
    const auto known = [&](const Method &m) { return m.name == method.against; };
    if (!method.against.empty() && std::none_of(methods.begin(), methods.end(), known))
      entry.fail("against", "expected the name of an earlier method, found '" + method.against + "'");
    method.changing = entry.get<bool>("changing", false);
    if (method.changing && problem.fields().size() == static_cast<std::size_t>(model.components()))
      entry.fail("changing", "this problem has no velocity beside its state");
    const bool several = entry.isList("n");
    const auto grids = several ? entry.get<std::vector<int>>("n") : std::vector<int>{entry.get("n", model.sizes().n)};
    entry.finish();
    for (const int n : grids) {
      method.n = n;
      method.name = several ? method.family + "-" + std::to_string(n) : method.family;
      if (n < 4 || n > fine) {
        entry.fail("n", "expected 4 to " + std::to_string(fine) + " points a side (the fine grid), found " +
                            std::to_string(n));
      }
      method.scheme.ratio = static_cast<double>(fine) / n;
      method.stride = multiple;
      method.substeps = substeps;
      if (scaled) {  // the same Courant number as on the model's grid: dt multiple n_model / n as a fraction
        const int over = multiple * model.sizes().n, divisor = std::gcd(over, n);
        method.stride = over / divisor;
        method.substeps = n / divisor;
      }
      if (std::any_of(methods.begin(), methods.end(), [&](const Method &m) { return m.name == method.name; }))
        entry.fail("name", "'" + method.name + "' stands twice");
      try {
        problem.start(problem.cells().front(), 0, problem.draw(problem.cells().front(), 0), n);
      } catch (const Error &e) {
        entry.fail("n", e.what());
      }
      if (method.closure) noteTraining(method, model);
      methods.push_back(method);
    }
  }
  if (methods.empty()) yaml.fail("methods", "expected at least one");
  return methods;
}

std::vector<const Method *> chooseMethods(YamlMap &yaml, const std::vector<Method> &methods) {
  std::vector<const Method *> chosen;
  if (!yaml.has("methods")) {
    for (const Method &m : methods) chosen.push_back(&m);
    return chosen;
  }
  for (const auto &name : yaml.get<std::vector<std::string>>("methods")) {
    const std::size_t before = chosen.size();
    for (const Method &m : methods)
      if (m.name == name || m.family == name) chosen.push_back(&m);
    if (chosen.size() == before) yaml.fail("methods", "'" + name + "' is not among the methods above");
  }
  return chosen;
}

CoarseRun::CoarseRun(const StudyProblem &problem, const Method &method, Start start)
    : method_(method),
      start_(std::move(start)),
      stepper_(method.scheme, problem.model().components(), method.n, method.n, method.dt(problem.model())),
      state_(problem.model().components(), method.n, method.n),
      step_{method.n, method.n, stepper_.dt(), 1. / method.n, 1. / method.n} {
  if (start_.velocity.components() > 0) stepper_.setVelocity(start_.velocity);
  reset();
  if (!method.closure) return;
  const std::size_t plane = static_cast<std::size_t>(method.n) * static_cast<std::size_t>(method.n);
  look_.resize(start_.state.size());
  change_.resize(method.changed.size() * plane);
  if (start_.velocity.components() > 0) velocity_ = start_.velocity.dense();
  for (const int f : method.observed) {
    const std::size_t at = static_cast<std::size_t>(f) * plane;
    once_ = once_ && (at >= look_.size() || method.closure->policy().observation.unseen(fields_.size()));
    fields_.push_back(at < look_.size() ? &look_[at] : &velocity_[at - look_.size()]);
  }
}

void CoarseRun::decide() {
  state_.get(look_.data());
  if (!once_ || method_.changing) answer_.clear();
  method_.closure->compute(fields_, step_, change_.data(), answer_);
}

void CoarseRun::advance() {
  for (int i = 0; i < method_.substeps; ++i) {
    if (method_.closure) {
      decide();
      const grid2d::Patch p = state_.patch();
      const double *change = change_.data();
      for (const int c : method_.changed) {
        for (int y = 0; y < method_.n; ++y, change += method_.n) {
          double *row = p.at(c, y);
          for (int x = 0; x < method_.n; ++x) row[x] -= change[x];
        }
      }
    }
    if (method_.changing) stepper_.setVelocity(start_.velocity);
    stepper_.step(state_);
  }
}

std::vector<double> CoarseRun::action() {
  std::vector<double> out(start_.state.size(), 0.0);
  if (!method_.closure) return out;
  decide();
  const std::size_t plane = static_cast<std::size_t>(method_.n) * static_cast<std::size_t>(method_.n);
  for (std::size_t k = 0; k < method_.changed.size(); ++k) {
    std::copy(change_.begin() + static_cast<std::ptrdiff_t>(k * plane),
              change_.begin() + static_cast<std::ptrdiff_t>((k + 1) * plane),
              out.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(method_.changed[k]) * plane));
  }
  return out;
}

}  // namespace petrl::studies
