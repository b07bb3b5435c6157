// A policy in words, as `petrl info` prints it.
#include <sstream>

#include "policy/architectures.hpp"

namespace petrl {

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
    out << "              " << p.observation.names[i] << "  offset " << p.observation.offset[i] << "  scale "
        << p.observation.scale[i] << "\n";
  }
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
