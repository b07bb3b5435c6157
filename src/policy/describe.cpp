// A policy in words, as `petrl info` prints it.
#include <yaml-cpp/yaml.h>

#include <map>
#include <sstream>

#include "policy/architectures.hpp"

namespace petrl {

namespace {

// What the training configuration says of where the policy was trained, for files that did not record it.
std::map<std::string, std::string> configured(const std::string &config) {
  std::map<std::string, std::string> found;
  if (config.size() > 65536) return found;  // nobody writes that by hand
  try {
    const YAML::Node environment = YAML::Load(config)["environment"];
    for (const auto &item : environment) {
      const auto key = item.first.as<std::string>();
      if (key == "reward" || key == "reward_scale" || key == "pool" || key == "validation" || key == "episode" ||
          key == "action" || key == "file")
        continue;
      std::vector<std::string> values;
      if (item.second.IsScalar()) values.push_back(item.second.Scalar());
      if (item.second.IsSequence())
        for (const auto &value : item.second) values.push_back(value.IsScalar() ? value.Scalar() : "...");
      if (!values.empty()) found[key == "name" ? "problem" : key] = joined(values, ", ");
    }
  } catch (const std::exception &) {
    // It is only text; it is printed as it is, too.
  }
  return found;
}

std::string runsWith(const Policy &p) {
  const auto &names = p.observation.names;
  if (p.network.architecture == "lamp") return "`petrl evaluate`: the 1D benchmark";
  if (p.network.architecture == "lamp2d") return "`petrl evaluate`: flows on triangulations";
  if (p.kind == "refiner") return "a DMPlex of intervals, triangles or tetrahedra, any fields (in their own scale)";
  if (p.action.transform == "cell-flux")
    return "a TS on a DMPlex of triangles, with the unknowns " +
           joined(words(p.action.parameters.at("components")), ", ") + " in its cells";
  if (p.kind == "closure") {
    const auto given = p.action.parameters.find("components");
    const bool all = given == p.action.parameters.end();
    const char *const grids[] = {"one", "two", "three"};
    return std::string("a TS on a ") + grids[dimensionsOf(p.network) - 1] + "-dimensional DMDA, with the fields " +
           joined(names, ", ") + (all ? "" : "; changes " + joined(words(given->second), ", "));
  }
  bool error = p.action.byError();
  for (const auto &name : names) error = error || name.rfind("error", 0) == 0;
  return std::string(error ? "any TS that estimates its local error" : "any TS") +
         (p.action.transform == "log-scaled" ? ", steps in units of the application's time scale" : "");
}

void describeTraining(const Policy &p, std::ostream &out) {
  const char *before = "trained on    ";
  const auto line = [&](const std::string &name, const std::string &value) {
    out << before << name << "  " << value << "\n";
    before = "              ";
  };
  for (const auto &[name, range] : p.validity.ranges) {
    std::ostringstream text;
    text << range.low;
    if (range.low < range.high) text << " to " << range.high;
    line(name, text.str());
  }
  for (const auto &[name, list] : p.validity.words) line(name, joined(list, ", "));
  for (const auto &[name, value] : configured(p.provenance.config)) {
    if (p.validity.words.count(name) == 0 && p.validity.ranges.count(name) == 0) line(name, value);
  }
  if (p.validity.ranges.empty()) out << before << "ranges of what it observed were not recorded\n";
}

}  // namespace

std::string describe(const Policy &p) {
  std::ostringstream out;
  out << "kind          " << p.kind << "\n";
  out << "network       " << p.network.architecture;
  const char *before = "";
  for (const auto &line : architectureOf(p, "policy").describe(p)) {
    out << before << line << "\n";
    before = "              ";
  }
  for (const auto &[name, value] : p.network.parameters) out << "              " << name << " = " << value << "\n";
  out << "action        " << p.action.transform;
  for (std::size_t i = 0; i < p.action.low.size(); ++i)
    out << " [" << p.action.low[i] << ", " << p.action.high[i] << "]";
  for (const auto &[name, value] : p.action.parameters) out << "\n              " << name << " = " << value;
  out << "\nneeds         " << p.observation.names.size()
      << " observables (value -> (value - offset) / scale, clipped to +-" << p.observation.clip << ")\n";
  for (std::size_t i = 0; i < p.observation.names.size(); ++i) {
    out << "              " << p.observation.names[i];
    if (p.observation.unseen(i))
      out << "  not seen by the network\n";
    else if (p.observation.local(i))
      out << "  less its mean over " << 2 * p.observation.radius + 1 << " points a side, in units of its range there\n";
    else
      out << (p.observation.courant(i) ? "  as a Courant number" : "") << "  offset " << p.observation.offset[i]
          << "  scale " << p.observation.scale[i] << "\n";
  }
  out << "runs with     " << runsWith(p) << "\n";
  describeTraining(p, out);
  if (!p.network.module.empty()) return out.str();  // where it came from, nobody knows
  out << "trained by    PetRL " << p.provenance.version << ", " << p.provenance.libraries << "\n";
  out << "              seed " << p.provenance.seed << ", " << p.provenance.steps << " steps\n";
  if (!p.provenance.evaluation.empty()) out << "chosen by\n";
  for (const auto &[name, value] : p.provenance.evaluation) out << "              " << name << " = " << value << "\n";
  out << "configuration\n";
  std::istringstream config(p.provenance.config);
  for (std::string line; std::getline(config, line);) out << "              " << line << "\n";
  return out.str();
}

}  // namespace petrl
