// A policy: what it observes, how its output becomes an action, its network, and where it came from.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// What a policy observes. Network input i = clamp((value_i - offset_i) / scale_i, -clip, clip); of fields that are
/// normalised locally (kind closure), clamp((value - mean) / (range + floor), -clip, clip), mean and range (largest minus
/// smallest value) over the (2 radius + 1)^d points around, floor 1e-6 of the range over the whole grid: neither a
/// factor nor a number added to such a field changes what the network sees. A constant one is 0. A field that is not
/// seen is there to be changed: the network has zeros in its place. Fluxes of a field that is not seen are linear in it.
/// Of a velocity (action parameter `velocity`) normalised by courant, value is its Courant number, velocity x step /
/// spacing along its axis, whatever the units are.
struct PETRL_API ObservationSpec {
  std::vector<std::string> names;
  std::vector<float> offset;  ///< one a name
  std::vector<float> scale;   ///< one a name, > 0
  float clip = 10.f;          ///< > 0; applied after scaling
  std::vector<std::string> normalise =
      {};          ///< one a name: record (offset and scale), local, unseen or courant; empty: record everywhere
  int radius = 2;  ///< of local means and ranges

  bool local(std::size_t name) const { return name < normalise.size() && normalise[name] == "local"; }
  bool anyLocal() const;
  bool unseen(std::size_t name) const { return name < normalise.size() && normalise[name] == "unseen"; }
  bool courant(std::size_t name) const { return name < normalise.size() && normalise[name] == "courant"; }
};

/// How the network's output in [-1, 1] becomes an action: the meaning of `transform` belongs to the policy's kind.
struct ActionSpec {
  std::string transform;     ///< tsadapt: "ratio", "error-ratio", "pi-ratio", "linear", "log", "log-scaled" (see
                             ///< POLICY-FILE.md);
                             ///< closure: "additive", "additive-rate", "flux", "cell-flux" (see closure/correction.hpp)
  std::vector<double> low;   ///< value at -1, one an action
  std::vector<double> high;  ///< value at +1
  std::map<std::string, std::string> parameters = {};  ///< further ones of the transform: attributes of /action

  /// tsadapt: what is decided, parameter "levers" (names of -ts_adapt_rl_control separated by blanks; default: step).
  PETRL_API std::string levers() const;
  /// Those of them that the network decides, one an action, in this order: step, tolerance, jacobian, but for those of
  /// parameter "by_rule" (tolerance, jacobian, separated by blanks). `transform` is
  /// that of the step; tolerance and jacobian are factors on what the rules take, from low to high in the logarithm.
  PETRL_API std::vector<std::string> decided() const;
  /// tsadapt: scales a step that follows from the local error.
  bool byError() const { return transform == "error-ratio" || transform == "pi-ratio"; }
};

/// A dense array by name, row major, float32.
struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<float> data;
};

/// A network: architecture, its hyper-parameters (all as text), its weights by name.
/// Architecture "mlp": parameters activation = relu | tanh, output = tanh | hardtanh-tanh | linear | hardtanh;
/// weights "layer<i>/weight" (out x in), "layer<i>/bias" (out), i = 0, 1, ...
/// "hardtanh-tanh" is tanh(clamp(x, -2, 2)), the mean of a gSDE policy, "hardtanh" clamp(x, -1, 1).
/// Architecture "fcn", fully convolutional: parameters activation = relu | tanh, output = linear | tanh, dilation = one
/// number a layer ("1 2 1"; default: 1 everywhere), dimensions = 1, 2 or 3 of the grid (default: 2); weights
/// "layer<i>/weight" (out x in x k, out x in x k x k or out x in x k x k x k, k = 1, 3 or 5), "layer<i>/bias" (out). As
/// PyTorch's Conv1d, Conv2d and Conv3d without padding: out(y, x) = bias + sum of weight(ky, kx)
/// in(y + (ky - k/2) dilation, x + (kx - k/2) dilation).
/// Architecture "gnn", message passing on a graph (kinds refiner, closure): see GraphNetwork. Node inputs are the observation's
/// names, outputs the actions of a node.
/// Architecture "lamp" (kind refiner): two networks "gnn", the evolution model and the policy that adapts its mesh;
/// parameters "evolution.<name>" and "policy.<name>", weights "evolution/<name>" and "policy/<name>", and parameters of
/// the whole (see src/problems/nonlinear1d/lamp). The observation's names are the evolution model's node inputs.
/// Architecture "torchscript" (kinds tsadapt, closure): a module of PyTorch's, brought in a file of its own; see
/// loadPolicy().
/// Which there are, and what is done with each: policy/architectures.hpp.
struct NetworkSpec {
  std::string architecture = "mlp";
  std::map<std::string, std::string> parameters;
  std::map<std::string, Tensor> weights;
  std::string module = {};  ///< the bytes of a TorchScript module
};

/// Dimensions of the grid that a network (or, where there is none yet, a specification) is for: its parameter
/// `dimensions`, 2 by default.
PETRL_API int dimensionsOf(const NetworkSpec &network);

/// Where a policy came from.
struct Provenance {
  std::string config;                        ///< the whole training YAML
  std::uint64_t seed = 0;                    ///< random seed of the training
  std::int64_t steps = 0;                    ///< environment steps of training behind these weights
  std::string version;                       ///< version of PetRL that trained it
  std::string libraries;                     ///< versions of PETSc, HDF5, libtorch
  std::map<std::string, double> evaluation;  ///< the numbers it was chosen by
};

/// Where a policy was trained, as far as its training recorded it. Names that several uses share: "step", "spacing",
/// "courant" (the largest on a grid), "order", "rtol" for numbers, "problem", "ts_type", "scheme", "integrator", "boundary",
/// "velocity" for words; an observation's name for its values, before offset and scale.
struct PETRL_API Validity {
  struct Range {
    double low, high;
  };
  std::map<std::string, Range> ranges;
  std::map<std::string, std::vector<std::string>> words;

  /// Training records what it met.
  void saw(const std::string &name, double value);
  void saw(const std::string &name, const std::string &word);
  /// Nothing ("") if training met such values, or did not record any of this name; otherwise what to say to the user:
  /// "courant 3.5, trained on 0.1 to 1".
  std::string outside(const std::string &name, double value) const;
  std::string outside(const std::string &name, const std::string &word) const;
};

/// Everything that a policy file holds.
struct Policy {
  std::string kind;  ///< tsadapt | closure | refiner
  ObservationSpec observation;
  ActionSpec action;
  NetworkSpec network;
  Provenance provenance;
  Validity validity = {};
};

/// The axis along which an observed field is the velocity (transform flux: parameter `velocity`); -1: it is none.
PETRL_API int velocityAxis(const Policy &policy, std::size_t name);

/// Throws petrl::Error, naming `source` and the key, unless everything about the policy is consistent and finite.
PETRL_API void validate(const Policy &policy, const std::string &source);

/// What uses policies of a kind brings this along: what else must be right about their actions, so that nothing is read
/// that could not be used. Throws petrl::Error.
using PolicyCheck = void (*)(const Policy &policy, const std::string &source);
void addPolicyCheck(const std::string &kind, PolicyCheck check);
/// Those of this library: PetRLInitialize() does.
void addPolicyChecks();

/// The part of it that concerns observations and actions, not the network.
PETRL_API void validateSpecification(const Policy &policy, const std::string &source);

/// One network of an architecture that has several, on its own; and the other way round.
PETRL_API NetworkSpec networkPart(const NetworkSpec &network, const std::string &part);
PETRL_API void addNetworkPart(NetworkSpec &network, const std::string &part, const NetworkSpec &from);

/// Reads and validates a policy file (HDF5), of this kind unless it is empty. The file may be a stranger's: whatever it
/// holds, this ends soon, within 64 MB, and nothing but the file is read. Not collective. Throws petrl::Error naming
/// file and key.
PETRL_API Policy readPolicy(const std::string &path, const std::string &kind = "");
/// The same for the bytes of a file; `source` names it in messages.
PETRL_API Policy parsePolicy(std::string bytes, const std::string &source, const std::string &kind = "");

/// Throws petrl::Error unless the policy is of this kind.
PETRL_API void requireKind(const Policy &policy, const std::string &kind, const std::string &source);

/// Names separated by blanks, as parameters hold them.
PETRL_API std::vector<std::string> words(const std::string &text);
/// The other way round, with blanks or something else between.
PETRL_API std::string joined(const std::vector<std::string> &names, const char *between = " ");

/// Validates and writes a policy file, sealed (see h5::kSeal); the file appears whole or not at all (write, then
/// rename). Not collective.
PETRL_API void writePolicy(const std::string &path, const Policy &policy);

/// Human-readable description (what it is, what it needs, where it came from), as `petrl info` prints it.
PETRL_API std::string describe(const Policy &policy);

}  // namespace petrl
