#include "policy/backend.hpp"

#include <algorithm>
#include <vector>

namespace petrl {

// Never destroyed, see Registry.
Registry<BackendFactory> &backends() {
  static auto *instance = new Registry<BackendFactory>("backend", "petrl_torch");
  return *instance;
}

std::string receptiveField(const GridBackend &network) {
  const std::string side = std::to_string(2 * network.reach() + 1);
  std::string text = side;
  for (int a = 1; a < network.dimensions(); ++a) text += " x " + side;
  return text;
}

// For back ends that want a whole patch: collects the rows.
void GridBackend::evaluate(GridInput &input, const GridSize &size, bool wrap, float *out) {
  const GridSize r = around(dimensions(), reach()), all = size.grown(r);
  const auto plane = static_cast<std::ptrdiff_t>(all.points());
  std::vector<float> patch(static_cast<std::size_t>(plane * inputs()));
  const auto at = [&](int y, int z) {
    return patch.data() + (static_cast<std::ptrdiff_t>(z + r.nz) * all.ny + y + r.ny) * all.nx;
  };
  const bool wrap_y = wrap && dimensions() > 2;
  for (int z = -r.nz; z < size.nz + r.nz; ++z) {
    for (int y = wrap_y ? 0 : -r.ny; y < size.ny + (wrap_y ? 0 : r.ny); ++y) {
      float *const row = at(y, z);
      if (!wrap) {
        input.row(y, z, -r.nx, all.nx, row, plane);
        continue;
      }
      input.row(y, z, 0, size.nx, row + r.nx, plane);
      for (int c = 0; c < inputs(); ++c) {
        float *const x = row + c * plane + r.nx;
        for (int i = 0; i < r.nx; ++i) x[size.nx + i] = x[i % size.nx];
        for (int i = 1; i <= r.nx; ++i) x[-i] = x[(size.nx - i % size.nx) % size.nx];
      }
    }
    for (int c = 0; wrap_y && c < inputs(); ++c) {
      for (int i = 1; i <= r.ny; ++i) {
        std::copy_n(at((size.ny - i % size.ny) % size.ny, z) + c * plane, all.nx, at(-i, z) + c * plane);
        std::copy_n(at((i - 1) % size.ny, z) + c * plane, all.nx, at(size.ny + i - 1, z) + c * plane);
      }
    }
  }
  evaluate(patch.data(), size, out);
}

}  // namespace petrl
