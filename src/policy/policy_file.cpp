// The policy file: HDF5, see plugins/python/POLICY-FILE.md.
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hdf5.hpp"
#include "policy/policy.hpp"

namespace petrl {

namespace {

constexpr std::int64_t kVersion = 1;
// Of a file, and of what is made of it. The largest that ships has 0.2 MB.
constexpr std::size_t kMaxBytes = std::size_t{12} << 20, kMaxArrays = 4096;

// All arrays below a group; `path` is where it is within /network. Names have two parts, of networks in two parts
// three.
void readWeights(const h5::Reader &in, NetworkSpec &network, const std::string &path, int depth = 0) {
  for (const auto &name : in.links("/network" + path)) {
    const std::string key = path + "/" + name;
    if (depth < 2 && in.isGroup("/network" + key)) {
      readWeights(in, network, key, depth + 1);
      continue;
    }
    if (network.weights.size() == kMaxArrays) in.fail("/network" + path, "expected at most 4096 arrays");
    auto [shape, data] = in.floats("/network" + key);
    network.weights[key.substr(1)] = {std::move(shape), std::move(data)};
  }
}

Policy readPolicy(const h5::Reader &in, const std::string &path, const std::string &kind) {
  const std::string format = in.text("/", "format");
  if (format != "petrl-policy") in.fail("/", "format: expected petrl-policy, found '" + format + "'");
  const std::int64_t version = in.integer("/", "version");
  if (version != kVersion)
    in.fail("/", "version: expected " + std::to_string(kVersion) + ", found " + std::to_string(version));
  Policy p;
  p.kind = in.text("/", "kind");
  if (!kind.empty()) requireKind(p, kind, path);
  p.observation.names = in.texts("/observation/names");
  for (const double v : in.numbers("/observation/offset")) p.observation.offset.push_back(static_cast<float>(v));
  for (const double v : in.numbers("/observation/scale")) p.observation.scale.push_back(static_cast<float>(v));
  p.observation.clip = static_cast<float>(in.number("/observation", "clip"));
  if (in.has("/observation/normalise")) {
    p.observation.normalise = in.texts("/observation/normalise");
    const std::int64_t radius = in.integer("/observation", "radius");
    p.observation.radius = radius < 0 || radius > 1000 ? -1 : static_cast<int>(radius);
  }
  p.action.transform = in.text("/action", "transform");
  p.action.low = in.numbers("/action/low");
  p.action.high = in.numbers("/action/high");
  for (const auto &name : in.attributes("/action")) {
    if (name != "transform") p.action.parameters[name] = in.text("/action", name);
  }
  p.network.architecture = in.text("/network", "architecture");
  for (const auto &name : in.attributes("/network")) {
    if (name != "architecture") p.network.parameters[name] = in.text("/network", name);
  }
  readWeights(in, p.network, "");
  p.provenance.config = in.text("/provenance", "config");
  p.provenance.seed = static_cast<std::uint64_t>(in.integer("/provenance", "seed"));
  p.provenance.steps = in.integer("/provenance", "steps");
  p.provenance.version = in.text("/provenance", "version");
  p.provenance.libraries = in.text("/provenance", "libraries");
  if (in.has("/provenance/evaluation")) {
    for (const auto &name : in.attributes("/provenance/evaluation"))
      p.provenance.evaluation[name] = in.number("/provenance/evaluation", name);
  }
  if (in.has("/validity")) {
    for (const auto &name : in.attributes("/validity")) p.validity.words[name] = words(in.text("/validity", name));
    const bool ranges = in.has("/validity/names");
    const auto names = ranges ? in.texts("/validity/names") : std::vector<std::string>();
    const auto low = ranges ? in.numbers("/validity/low") : std::vector<double>();
    const auto high = ranges ? in.numbers("/validity/high") : std::vector<double>();
    if (low.size() != names.size() || high.size() != names.size())
      in.fail("/validity", "expected as many values low and high as names");
    for (std::size_t i = 0; i < names.size(); ++i) p.validity.ranges[names[i]] = {low[i], high[i]};
  }
  return p;
}

}  // namespace

Policy parsePolicy(std::string bytes, const std::string &source, const std::string &kind) {
  Policy policy;
  {
    const h5::Reader in(source, std::move(bytes), kMaxBytes);
    policy = readPolicy(in, source, kind);
  }
  validate(policy, source);
  return policy;
}

Policy readPolicy(const std::string &path, const std::string &kind) {
  return parsePolicy(readRegular(path, kMaxBytes), path, kind);
}

void writePolicy(const std::string &path, const Policy &p) {
  validate(p, path);
  if (!p.network.module.empty())
    throw Error(path + ": /network: TorchScript modules are not written into policy files", PETSC_ERR_FILE_UNEXPECTED);
  h5::Writer out(path, true);
  out.text("/", "format", "petrl-policy");
  out.integer("/", "version", kVersion);
  out.text("/", "kind", p.kind);
  out.group("/observation");
  out.texts("/observation/names", p.observation.names);
  out.numbers("/observation/offset", {p.observation.offset.begin(), p.observation.offset.end()});
  out.numbers("/observation/scale", {p.observation.scale.begin(), p.observation.scale.end()});
  out.number("/observation", "clip", p.observation.clip);
  if (!p.observation.normalise.empty()) {
    out.texts("/observation/normalise", p.observation.normalise);
    out.integer("/observation", "radius", p.observation.radius);
  }
  out.group("/action");
  out.text("/action", "transform", p.action.transform);
  for (const auto &[name, value] : p.action.parameters) out.text("/action", name, value);
  out.numbers("/action/low", p.action.low);
  out.numbers("/action/high", p.action.high);
  out.group("/network");
  out.text("/network", "architecture", p.network.architecture);
  for (const auto &[name, value] : p.network.parameters) out.text("/network", name, value);
  for (const auto &[name, tensor] : p.network.weights) out.floats("/network/" + name, tensor.shape, tensor.data);
  out.group("/provenance");
  out.text("/provenance", "config", p.provenance.config);
  out.integer("/provenance", "seed", static_cast<std::int64_t>(p.provenance.seed));
  out.integer("/provenance", "steps", p.provenance.steps);
  out.text("/provenance", "version", p.provenance.version);
  out.text("/provenance", "libraries", p.provenance.libraries);
  out.group("/provenance/evaluation");
  for (const auto &[name, value] : p.provenance.evaluation) out.number("/provenance/evaluation", name, value);
  if (!p.validity.ranges.empty() || !p.validity.words.empty()) {
    out.group("/validity");
    for (const auto &[name, list] : p.validity.words) out.text("/validity", name, joined(list));
    std::vector<std::string> names;
    std::vector<double> low, high;
    for (const auto &[name, range] : p.validity.ranges)
      names.push_back(name), low.push_back(range.low), high.push_back(range.high);
    if (!names.empty())
      out.texts("/validity/names", names), out.numbers("/validity/low", low), out.numbers("/validity/high", high);
  }
  out.write();
}

}  // namespace petrl
