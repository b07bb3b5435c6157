#include "problems/fault/dense_device.hpp"

#include "base/error.hpp"
#include "device/for_each.hpp"

namespace petrl::fault {

namespace {

using device::Space;
using device::Team;

struct Fold {
  std::ptrdiff_t nx, half;
  int sign;
  const double *x;
  double *field;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { field[i] = foldAt(x + i / half * nx, nx, i % half, sign); }
};

struct Unfold {
  std::ptrdiff_t nx;
  const double *even, *odd;
  double *y;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t row = i / nx;
    y[i] = unfoldAt(even + row * ((nx + 1) / 2), odd + row * (nx / 2), nx, i % nx);
  }
};

// A row of a block times a field, by a team of 2^k lanes.
struct Row {
  std::ptrdiff_t n;
  const double *root, *field;
  double *image;
  PETRL_BOTH void operator()(std::ptrdiff_t i, const Team &team) const {
    const double *row = root + i * n;
    auto *const sums = static_cast<double *>(team.scratch());
    double sum = 0;
    for (std::ptrdiff_t j = team.lane(); j < n; j += team.lanes()) sum += row[j] * field[j];
    sums[team.lane()] = sum;
    team.sync();
    for (int left = team.lanes() / 2; left > 0; left /= 2) {
      if (team.lane() < left) sums[team.lane()] += sums[team.lane() + left];
      team.sync();
    }
    if (team.lane() == 0) image[i] = sums[0];
  }
};

class Dense : public DenseDevice {
 public:
  Dense(std::ptrdiff_t nx, std::ptrdiff_t nz, const std::vector<double> &even, const std::vector<double> &odd)
      : nx_(nx), nz_(nz) {
    set(blocks_[0], (nx + 1) / 2, even);
    set(blocks_[1], nx / 2, odd);
  }

  void apply(const double *x, double *y) override {
    for (const Block &b : blocks_) {
      const std::ptrdiff_t n = b.half * nz_;
      PetRLThrow(device::forEach(Space::device, n, Fold{nx_, b.half, &b == &blocks_[0] ? 1 : -1, x, b.field.data()}));
      PetRLThrow(device::forEachTeam(Space::device, n, kMostLanes * sizeof(double),
                                     Row{n, b.root.data(), b.field.data(), b.image.data()}));
    }
    PetRLThrow(
        device::forEach(Space::device, nx_ * nz_, Unfold{nx_, blocks_[0].image.data(), blocks_[1].image.data(), y}));
  }

 private:
  static constexpr std::size_t kMostLanes = 256;
  struct Block {
    std::ptrdiff_t half = 0;  // columns
    device::Array<double> root, field, image;
  };

  void set(Block &b, std::ptrdiff_t half, const std::vector<double> &root) const {
    b.half = half;
    PetRLThrow(b.root.resize(Space::device, root.size()));
    PetRLThrow(b.root.set(root.data()));
    PetRLThrow(b.field.resize(Space::device, static_cast<std::size_t>(half * nz_)));
    PetRLThrow(b.image.resize(Space::device, static_cast<std::size_t>(half * nz_)));
  }

  std::ptrdiff_t nx_, nz_;
  Block blocks_[2];  // even, odd
};

}  // namespace

std::unique_ptr<DenseDevice> makeDenseDevice(std::ptrdiff_t nx, std::ptrdiff_t nz, const std::vector<double> &even,
                                             const std::vector<double> &odd) {
  return std::make_unique<Dense>(nx, nz, even, odd);
}

}  // namespace petrl::fault
