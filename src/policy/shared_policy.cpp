#include "policy/shared_policy.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"

namespace petrl {

namespace {

Policy readModule(const std::string &path, const std::string &kind) {
  const std::string sidecar = path.substr(0, path.size() - 3) + ".yaml";
  YamlMap yaml = YamlMap::parse(readRegular(sidecar, std::size_t{1} << 20), sidecar);
  const auto floats = [](YamlMap &map, const char *key) {
    const auto values = map.get<std::vector<double>>(key);
    return std::vector<float>(values.begin(), values.end());
  };
  Policy p;
  p.kind = yaml.get<std::string>("kind");
  if (!kind.empty()) requireKind(p, kind, path);
  YamlMap observation = yaml.map("observation");
  p.observation.names = observation.get<std::vector<std::string>>("names");
  p.observation.offset = floats(observation, "offset");
  p.observation.scale = floats(observation, "scale");
  p.observation.clip = static_cast<float>(observation.get<double>("clip", 10.0));
  p.observation.normalise = observation.get<std::vector<std::string>>("normalise", {});
  p.observation.radius = observation.integer("radius", p.observation.radius, 1, 8);
  observation.finish();
  YamlMap action = yaml.map("action");
  p.action.transform = action.get<std::string>("transform");
  p.action.low = action.get<std::vector<double>>("low");
  p.action.high = action.get<std::vector<double>>("high");
  YamlMap parameters = action.map("parameters", false);
  for (const auto &name : parameters.keys()) p.action.parameters[name] = parameters.get<std::string>(name);
  parameters.finish();
  action.finish();
  if (yaml.has("dimensions"))
    p.network.parameters["dimensions"] = std::to_string(yaml.integer("dimensions", 2, 1, 3));  // of the grid
  YamlMap validity = yaml.map("validity", false);
  YamlMap ranges = validity.map("ranges", false), allowed = validity.map("words", false);
  for (const auto &name : ranges.keys()) {
    const auto range = ranges.get<std::vector<double>>(name);
    if (range.size() != 2) ranges.fail(name, "expected two numbers, low and high");
    p.validity.ranges[name] = {range[0], range[1]};
  }
  for (const auto &name : allowed.keys()) p.validity.words[name] = allowed.get<std::vector<std::string>>(name);
  ranges.finish();
  allowed.finish();
  validity.finish();
  yaml.finish();
  validateSpecification(p, sidecar);
  p.network.architecture = "torchscript";
  p.network.module = readRegular(path, std::size_t{1} << 30);
  if (p.network.module.empty()) throw Error(path + ": is empty", PETSC_ERR_FILE_OPEN);
  validate(p, path);
  return p;
}

// A program may create many TS: a file that did not change since is not read again.
Policy readOnce(const std::string &path, const std::string &kind) {
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
  if (it != cache.end() && (kind.empty() || it->second.policy.kind == kind) && it->second.size == info.st_size &&
      it->second.changed.tv_sec == info.st_mtim.tv_sec && it->second.changed.tv_nsec == info.st_mtim.tv_nsec)
    return it->second.policy;
  Policy policy = readPolicy(path, kind);
  // The file system's clock ticks in milliseconds: a file that changed just now may change again and look the same.
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec - info.st_mtim.tv_sec > 1)
    cache[path] = {info.st_mtim, info.st_size, policy};
  else
    cache.erase(path);
  return policy;
}

// Numbers and what is made of them as bytes, for ranks that run the same program: written or read, in the same order.
class Bytes {
 public:
  Bytes(std::string &data, bool write) : data_(data), write_(write) {}
  template <typename T>
  std::enable_if_t<std::is_arithmetic_v<T>> operator()(T &x) {
    if (write_)
      data_.append(reinterpret_cast<const char *>(&x), sizeof x);
    else
      std::memcpy(&x, data_.data() + at_, sizeof x);
    at_ += sizeof x;
  }
  void operator()(std::string &text) { list(text); }
  template <typename T>
  void operator()(std::vector<T> &values) {
    list(values);
  }
  template <typename T>
  void operator()(std::map<std::string, T> &map) {
    std::size_t n = map.size();
    (*this)(n);
    for (auto it = map.begin(); n > 0; --n) {
      std::string key = write_ ? it->first : "";
      (*this)(key);
      (*this)(map[key]);
      if (write_) ++it;
    }
  }
  void operator()(Validity::Range &range) { (*this)(range.low), (*this)(range.high); }
  void operator()(Tensor &tensor) { (*this)(tensor.shape), (*this)(tensor.data); }

 private:
  template <typename List>
  void list(List &values) {
    std::size_t n = values.size();
    (*this)(n);
    values.resize(n);
    for (auto &x : values) (*this)(x);
  }

  std::string &data_;
  bool write_;
  std::size_t at_ = 0;
};

void pass(Bytes bytes, bool networks, Policy &p) {
  const auto each = [&](auto &...parts) { (bytes(parts), ...); };
  each(p.kind, p.observation.names, p.observation.offset, p.observation.scale, p.observation.clip,
       p.observation.normalise, p.observation.radius);
  each(p.action.transform, p.action.low, p.action.high, p.action.parameters);
  each(p.network.architecture, p.network.parameters);
  if (networks) each(p.network.weights, p.network.module);
  Provenance &from = p.provenance;
  each(from.config, from.seed, from.steps, from.version, from.libraries, from.evaluation);
  each(p.validity.ranges, p.validity.words);
}

PetscErrorCode SendBytes(MPI_Comm comm, PetscMPIInt from, std::string &bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // MPI counts in int
  unsigned long long size = bytes.size();

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(&size, 1, MPI_UNSIGNED_LONG_LONG, from, comm));
  PetRLCallCXX(bytes.resize(size));
  for (std::size_t at = 0; at < bytes.size(); at += kMost)
    PetscCallMPI(
        MPI_Bcast(&bytes[at], static_cast<PetscMPIInt>(std::min(kMost, bytes.size() - at)), MPI_BYTE, from, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

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
  if (name.empty() || name.find('/') != std::string::npos) return name;
  for (const char *ending : {"", ".h5"}) {
    const std::string shipped = policyFolder() + "/" + name + ending;
    if (fileExists(shipped)) return shipped;
  }
  return name;
}

Policy loadPolicy(const std::string &name, const std::string &kind) {
  const std::string path = findPolicy(name);
  const bool module = path.size() > 3 && path.compare(path.size() - 3, 3, ".pt") == 0;
  return module ? readModule(path, kind) : readOnce(path, kind);
}

PetscErrorCode onEveryRank(MPI_Comm comm, const std::function<void()> &work) {
  PetscMPIInt rank, size, first;
  std::string message;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  first = size;
  try {
    work();
  } catch (const std::exception &e) {
    message = e.what();
    first = rank;
  } catch (...) {
    message = "an exception that says nothing";
    first = rank;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm));
  if (first == size) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SendBytes(comm, first, message));
  SETERRQ(comm, PETSC_ERR_FILE_UNEXPECTED, "%s", message.c_str());
}

PetscErrorCode sharePolicy(MPI_Comm comm, const std::string &name, const std::string &kind, bool networks,
                           Policy &policy) {
  PetscMPIInt rank, size;
  std::string bytes;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(onEveryRank(comm, [&] {
    if (rank == 0 && !name.empty()) policy = loadPolicy(name, kind);
    if (rank == 0 && size > 1) pass({bytes, true}, networks, policy);
  }));
  PetscCall(SendBytes(comm, 0, bytes));
  if (rank != 0) PetRLCallCXX(policy = {}; pass({bytes, false}, networks, policy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
