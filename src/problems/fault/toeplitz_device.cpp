// The whole field at once, on a device: everything of one transform in one batch.
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "device/array.hpp"
#include "device/for_each.hpp"
#include "problems/fault/fft.hpp"
#include "problems/fault/toeplitz.hpp"

namespace petrl::fault {

namespace {

using device::Space;

/// Rows of the transform in depth, each with room for nx + 1 complex numbers.
struct Rows {
  std::ptrdiff_t nx, nz;
  bool mirror;
  PETRL_BOTH std::ptrdiff_t pitch() const { return nx + 1; }
  /// The number at x in row z, for rows of reals.
  PETRL_BOTH std::ptrdiff_t real(std::ptrdiff_t z, std::ptrdiff_t x) const {
    return 2 * pitch() * placeInDepth(z, nz, mirror) + x;
  }
};

struct Clear {
  double *z;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { z[i] = 0; }
};

// The rows that are not filled stay zero.
struct Pad {
  Rows rows;
  const double *x;
  double *z;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t row = i / (2 * rows.nx), column = i % (2 * rows.nx);
    z[rows.real(row, column)] = column < rows.nx ? x[row * rows.nx + column] : 0;
  }
};

struct Cut {
  Rows rows;
  const double *z;
  double *y;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { y[i] = z[rows.real(i / rows.nx, i % rows.nx)]; }
};

// Wavenumber k in modes q and 2 nz - q.
struct Multiply {
  Rows rows;
  Multiplier multiplier;
  const double *symbol, *twiddle;  // [mode][wavenumber], [mode][2]
  double *z;
  PETRL_BOTH void scale(std::ptrdiff_t at, double m) const {
    z[2 * at] *= m;
    z[2 * at + 1] *= m;
  }
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t q = i / rows.pitch(), k = i % rows.pitch(), j = (2 * rows.nz - q) * rows.pitch() + k;
    const double m = multiplier(symbol[i]);
    if (q == 0 || q == rows.nz) {
      scale(i, m);
    } else if (rows.mirror) {
      multiplyCosine(m, multiplier(symbol[j]), twiddle[2 * q], twiddle[2 * q + 1], z + 2 * i, z + 2 * j);
    } else {
      scale(i, m);
      scale(j, m);
    }
  }
};

class DeviceToeplitz : public Toeplitz {
 public:
  DeviceToeplitz(const DepthGrid &grid, Kernel kernel, const KernelParameters &p)
      : rows_{grid.nx, grid.nz, kernel == Kernel::mirror} {
    const std::ptrdiff_t pitch = rows_.pitch(), length = 2 * grid.nz;
    const auto size = static_cast<std::size_t>(2 * length * pitch);
    PetRLThrow(in_.resize(Space::device, size));
    PetRLThrow(out_.resize(Space::device, size));
    plan(grid.planning);
    PetRLThrow(device::forEach(Space::device, 2 * length * pitch, Clear{in_.data()}));
    const CirculantSymbol symbol = circulantSymbol(grid, kernel, p);
    std::vector<double> values(symbol.values.size());
    for (std::ptrdiff_t k = 0; k < pitch; ++k)
      for (std::ptrdiff_t q = 0; q < symbol.modes; ++q)
        values[static_cast<std::size_t>(q * pitch + k)] = symbol.values[static_cast<std::size_t>(k * symbol.modes + q)];
    PetRLThrow(symbol_.resize(Space::device, values.size()));
    PetRLThrow(symbol_.set(values.data()));
    PetRLThrow(twiddle_.resize(Space::device, symbol.twiddle.size()));
    PetRLThrow(twiddle_.set(symbol.twiddle.data()));
    floor_ = symbol.floor;
  }

  void apply(const SymbolFunction &f, const double *x, double *y) override {
    const std::ptrdiff_t nx = rows_.nx, nz = rows_.nz;
    const Multiplier multiplier{f, 1.0 / static_cast<double>(4 * nx * nz), floor_};
    PetRLThrow(device::forEach(Space::device, 2 * nx * nz, Pad{rows_, x, in_.data()}));
    for (const Batch &b : batches_) b.forward->execute(in_.data() + b.start, in_.data() + b.start);
    down_->execute(in_.data(), out_.data());
    PetRLThrow(device::forEach(Space::device, (nz + 1) * rows_.pitch(),
                               Multiply{rows_, multiplier, symbol_.data(), twiddle_.data(), out_.data()}));
    up_->execute(out_.data(), out_.data());
    for (const Batch &b : batches_) b.backward->execute(out_.data() + b.start, out_.data() + b.start);
    PetRLThrow(device::forEach(Space::device, nx * nz, Cut{rows_, out_.data(), y}));
  }

  Space space() const override { return Space::device; }
  std::string describe() const override { return std::string("FFTs by ") + down_->name() + " on the device"; }

 private:
  // Rows that lie together, transformed in place.
  struct Batch {
    std::ptrdiff_t start;
    std::unique_ptr<FFT> forward, backward;
  };

  void plan(unsigned planning) {
    const std::ptrdiff_t pitch = rows_.pitch(), nz = rows_.nz, length = 2 * nz;
    // Filled rows: the first ones; with the mirror half of them, the others at the end.
    const std::ptrdiff_t first = rows_.mirror ? (nz + 1) / 2 : nz, last = nz - first;
    for (const auto &[row, count] : {std::pair{std::ptrdiff_t{0}, first}, std::pair{length - last, last}}) {
      if (count == 0) continue;
      double *const in = in_.data() + 2 * row * pitch, *const out = out_.data() + 2 * row * pitch;
      batches_.push_back(
          {2 * row * pitch,
           makeFFT(Space::device, {Transform::real_to_complex, 2 * rows_.nx, count, 1, pitch, false}, in, in, planning),
           makeFFT(Space::device, {Transform::complex_to_real, 2 * rows_.nx, count, 1, pitch, false}, out, out,
                   planning)});
    }
    down_ =
        makeFFT(Space::device, {Transform::forward, length, pitch, pitch, 1, true}, in_.data(), out_.data(), planning);
    up_ = makeFFT(Space::device, {Transform::backward, length, pitch, pitch, 1, false}, out_.data(), out_.data(),
                  planning);
  }

  Rows rows_;
  double floor_ = 0;
  device::Array<double> in_, out_, symbol_, twiddle_;
  std::vector<Batch> batches_;
  std::unique_ptr<FFT> down_, up_;
};

}  // namespace

std::unique_ptr<Toeplitz> makeDeviceToeplitz(const DepthGrid &grid, Kernel kernel, const KernelParameters &p) {
  return std::make_unique<DeviceToeplitz>(grid, kernel, p);
}

}  // namespace petrl::fault
