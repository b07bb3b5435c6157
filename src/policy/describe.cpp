// A policy in words, as `petrl info` prints it.
#include <sstream>

#include "policy/native/fcn.hpp"
#include "policy/native/mlp.hpp"
#include "policy/policy.hpp"

namespace petrl {

std::string describe(const Policy &p) {
  std::ostringstream out;
  out << "kind          " << p.kind << "\n";
  std::size_t weights = 0;
  for (const auto &[name, tensor] : p.network.weights) weights += tensor.data.size();
  const std::string &architecture = p.network.architecture;
  out << "network       " << architecture;
  if (architecture == "fcn") out << " " << Fcn(p.network, "policy").shape();
  if (architecture == "mlp") out << " " << Mlp(p.network, "policy").shape();
  out << ", " << weights << " weights\n";
  if (architecture == "fcn") {
    const Fcn fcn(p.network, "policy");
    out << "              receptive field " << 2 * fcn.reach() + 1 << " x " << 2 * fcn.reach() + 1 << " points, "
        << fcn.multiplyAdds() << " multiply-adds a point\n";
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
