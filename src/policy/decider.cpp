#include "policy/decider.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"
#include "policy/grid_backend.hpp"
#include "policy/native/mlp.hpp"

namespace petrl {

namespace {

class NativeBackend : public Backend {
 public:
  NativeBackend(const NetworkSpec &network, const std::string &source) : mlp_(network, source) {}
  const char *name() const override { return "native"; }
  void evaluate(const float *observation, float *action) override { mlp_.evaluate(observation, action); }

 private:
  Mlp mlp_;
};

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<float> toFloat(const std::vector<double> &values) {
  return {values.begin(), values.end()};
}

Policy readSidecar(const std::string &module, const std::string &kind) {
  const std::string path = module.substr(0, module.size() - 3) + ".yaml";
  YamlMap yaml = YamlMap::read(path);
  Policy p;
  p.kind = yaml.get<std::string>("kind");
  requireKind(p, kind, module);
  YamlMap observation = yaml.map("observation");
  p.observation.names = observation.get<std::vector<std::string>>("names");
  p.observation.offset = toFloat(observation.get<std::vector<double>>("offset"));
  p.observation.scale = toFloat(observation.get<std::vector<double>>("scale"));
  p.observation.clip = static_cast<float>(observation.get<double>("clip", 10.0));
  observation.finish();
  YamlMap action = yaml.map("action");
  p.action.transform = action.get<std::string>("transform");
  p.action.low = action.get<std::vector<double>>("low");
  p.action.high = action.get<std::vector<double>>("high");
  YamlMap parameters = action.map("parameters", false);
  for (const auto &name : parameters.keys()) p.action.parameters[name] = parameters.get<std::string>(name);
  parameters.finish();
  action.finish();
  yaml.finish();
  validateSpecification(p, path);
  return p;
}

// A program may create many TS: a file that did not change since is not read again.
Policy readPolicyOnce(const std::string &path, const std::string &kind) {
  struct Entry {
    struct timespec changed;
    off_t size;
    Policy policy;
  };
  static std::mutex mutex;
  static std::map<std::string, Entry> cache;
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return readPolicy(path, kind);  // says what is wrong
  const std::lock_guard<std::mutex> lock(mutex);
  const auto it = cache.find(path);
  if (it != cache.end() && it->second.policy.kind == kind && it->second.size == info.st_size &&
      it->second.changed.tv_sec == info.st_mtim.tv_sec && it->second.changed.tv_nsec == info.st_mtim.tv_nsec)
    return it->second.policy;
  Policy policy = readPolicy(path, kind);
  cache[path] = {info.st_mtim, info.st_size, policy};
  return policy;
}

}  // namespace

std::unique_ptr<Decider> Decider::load(const std::string &path, const std::string &kind) {
  auto decider = std::make_unique<Decider>();
  if (endsWith(path, ".pt")) {
    decider->policy = readSidecar(path, kind);
    const auto &p = decider->policy;
    decider->backend = backends().find("torch")(path, static_cast<int>(p.observation.names.size()),
                                                static_cast<int>(p.action.low.size()));
  } else {
    decider->policy = readPolicyOnce(path, kind);
    decider->backend = std::make_unique<NativeBackend>(decider->policy.network, path);
  }
  return decider;
}

std::unique_ptr<GridDecider> GridDecider::load(const std::string &path, const std::string &kind) {
  if (!endsWith(path, ".pt")) return make(readPolicyOnce(path, kind), path);
  auto decider = std::make_unique<GridDecider>();
  decider->policy = readSidecar(path, kind);
  const auto &p = decider->policy;
  decider->backend = gridBackends().find("torch")(path, static_cast<int>(p.observation.names.size()),
                                                  static_cast<int>(p.action.low.size()));
  return decider;
}

std::unique_ptr<GridDecider> GridDecider::make(const Policy &policy, const std::string &source) {
  auto decider = std::make_unique<GridDecider>();
  decider->policy = policy;
  decider->backend = makeNativeGridBackend(policy.network, source);
  return decider;
}

std::string policyFolder() {
  if (const char *folder = std::getenv("PETRL_POLICIES")) return folder;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&policyFolder), &info) == 0 || info.dli_fname == nullptr) return "policies";
  std::string library = info.dli_fname;
  char *real = realpath(library.c_str(), nullptr);
  if (real != nullptr) library = real, std::free(real);
  const std::string folder = library.substr(0, library.rfind('/') + 1);
  // lib/ and lib/<architecture>/ both occur.
  for (const char *up : {"../share/petrl/policies", "../../share/petrl/policies"}) {
    char *found = realpath((folder + up).c_str(), nullptr);
    if (found == nullptr) continue;
    std::string out = found;
    std::free(found);
    return out;
  }
  return folder + "../share/petrl/policies";
}

std::string findPolicy(const std::string &name) {
  if (fileExists(name)) return name;
  const std::string shipped = policyFolder() + "/" + name;
  return name.find('/') == std::string::npos && fileExists(shipped) ? shipped : name;
}

}  // namespace petrl
