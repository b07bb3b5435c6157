#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/files.hpp"
#include "base/hdf5.hpp"
#include "problems/fault/square_root.hpp"

namespace petrl::fault {

namespace {

constexpr std::int64_t version = 1;

// What the scaled root depends on; moduli, density, damping and scale are factors that are applied after reading.
struct Key {
  std::int64_t nx, nz;
  double dx, dz, poisson;
  std::string kernel;
};

Key keyOf(const ElasticityParameters &p) {
  // The full space does depend on nu, too: modes II and III differ.
  return {
      p.nx, p.nz, p.lx / static_cast<double>(p.nx), p.lz / static_cast<double>(p.nz), p.poisson, kernelName(p.kernel)};
}

// FNV-1a over the numbers: different faults get different files.
std::string pathOf(const std::string &folder, const Key &k) {
  std::uint64_t hash = 14695981039346656037u;
  for (const double x : {k.dx, k.dz, k.poisson}) {
    unsigned char bytes[sizeof x];
    std::memcpy(bytes, &x, sizeof x);
    for (const unsigned char b : bytes) hash = (hash ^ b) * 1099511628211u;
  }
  char name[96];
  std::snprintf(name, sizeof name, "/root-%s-%lldx%lld-%016llx.h5", k.kernel.c_str(), static_cast<long long>(k.nx),
                static_cast<long long>(k.nz), static_cast<unsigned long long>(hash));
  return folder + name;
}

void warn(const std::string &what) {
  // The run goes on; a failure to print is no reason to stop it.
  (void)PetscPrintf(PETSC_COMM_SELF, "PetRL warning: %s\n", what.c_str());
}

}  // namespace

bool readRoot(const ElasticityParameters &p, RootBlocks &blocks) {
  if (p.cache.empty()) return false;
  const Key key = keyOf(p);
  const std::string path = pathOf(p.cache, key);
  if (!fileExists(path)) return false;
  try {
    const h5::Reader in(path);
    if (in.integer("/", "version") != version || in.text("/", "kernel") != key.kernel ||
        in.integer("/", "nx") != key.nx || in.integer("/", "nz") != key.nz || in.number("/", "dx") != key.dx ||
        in.number("/", "dz") != key.dz || in.number("/", "poisson") != key.poisson)
      throw Error(path + ": found the square root of another fault");
    RootBlocks found{in.numbers("/even"), {}};
    if (key.nx > 1) found.odd = in.numbers("/odd");
    const auto even = static_cast<std::size_t>((p.nx + 1) / 2 * p.nz), odd = static_cast<std::size_t>(p.nx / 2 * p.nz);
    if (found.even.size() != even * even || found.odd.size() != odd * odd)
      throw Error(path + ": found blocks of another size");
    blocks = std::move(found);
    return true;
  } catch (const std::exception &error) {
    warn(std::string("cannot use what is kept of the stiffness matrix, computing it anew: ") + error.what());
    return false;
  }
}

void writeRoot(const ElasticityParameters &p, const RootBlocks &blocks) {
  if (p.cache.empty()) return;
  const Key key = keyOf(p);
  try {
    makeFolders(p.cache);
    h5::Writer out(pathOf(p.cache, key), true);
    out.integer("/", "version", version);
    out.text("/", "kernel", key.kernel);
    out.integer("/", "nx", key.nx);
    out.integer("/", "nz", key.nz);
    out.number("/", "dx", key.dx);
    out.number("/", "dz", key.dz);
    out.number("/", "poisson", key.poisson);
    out.numbers("/even", blocks.even);
    if (key.nx > 1) out.numbers("/odd", blocks.odd);
    out.write();
  } catch (const std::exception &error) {
    warn(std::string("cannot keep the square root of the stiffness matrix: ") + error.what());
  }
}

}  // namespace petrl::fault
