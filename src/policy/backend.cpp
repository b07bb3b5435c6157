#include "policy/backend.hpp"

#include <algorithm>
#include <vector>

namespace petrl {

// Never destroyed, see Registry.
Registry<BackendFactory> &backends() {
  static auto *instance = new Registry<BackendFactory>("backend", "petrl_torch");
  return *instance;
}

// For back ends that want a whole patch: collects the rows.
void GridBackend::evaluate(GridInput &input, int nx, int ny, bool wrap, float *out) {
  const int r = reach(), width = nx + 2 * r, height = ny + 2 * r;
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(width) * height;
  std::vector<float> patch(static_cast<std::size_t>(plane * inputs()));
  for (int y = -r; y < ny + r; ++y) {
    float *const row = patch.data() + static_cast<std::ptrdiff_t>(y + r) * width;
    if (!wrap) {
      input.row(y, -r, width, row, plane);
      continue;
    }
    input.row(y, 0, nx, row + r, plane);
    for (int c = 0; c < inputs(); ++c) {
      float *const x = row + c * plane + r;
      for (int i = 0; i < r; ++i) x[nx + i] = x[i % nx];
      for (int i = 1; i <= r; ++i) x[-i] = x[(nx - i % nx) % nx];
    }
  }
  evaluate(patch.data(), nx, ny, out);
}

}  // namespace petrl
