#include "problems/fault/depth.hpp"

#include <utility>
#include <vector>

#include "problems/fault/fft.hpp"

namespace petrl::fault {

namespace {

// Wavenumbers that are transformed in depth together: two cache lines of each row.
constexpr std::ptrdiff_t lanes = 8;

/// Full space and mirror, some wavenumbers at a time: see CirculantSymbol.
class CirculantDepth : public DepthOperator {
 public:
  CirculantDepth(const DepthGrid &grid, Kernel kernel, const KernelParameters &p)
      : grid_(grid),
        mirror_(kernel == Kernel::mirror),
        length_(2 * grid.nz),
        modes_(mirror_ ? length_ : grid.nz + 1),
        blocks_((grid.count + lanes - 1) / lanes),
        symbol_(static_cast<std::size_t>(blocks_ * modes_ * lanes)),
        multiplier_(static_cast<std::size_t>(modes_ * lanes)),
        in_(static_cast<std::size_t>(length_ * lanes)),
        out_(static_cast<std::size_t>(length_ * lanes)),
        back_(static_cast<std::size_t>(length_ * lanes)),
        place_(static_cast<std::size_t>(grid.nz)) {
    const FFTBatch forward{Transform::forward, length_, lanes, lanes, 1, true},
        backward{Transform::backward, length_, lanes, lanes, 1, false};
    forward_ = makeFFT(device::Space::host, forward, numbers(in_), numbers(out_), grid.planning);
    backward_ = makeFFT(device::Space::host, backward, numbers(out_), numbers(back_), grid.planning);
    // Planning by measurement leaves anything in the arrays; the padding must be zero.
    in_ = Buffer<Complex>(static_cast<std::size_t>(length_ * lanes));
    out_ = Buffer<Complex>(static_cast<std::size_t>(length_ * lanes));
    for (std::ptrdiff_t i = 0; i < grid.nz; ++i)
      place_[static_cast<std::size_t>(i)] = placeInDepth(i, grid.nz, mirror_);
    CirculantSymbol symbol = circulantSymbol(grid, kernel, p);
    for (std::ptrdiff_t k = 0; k < grid.count; ++k)
      for (std::ptrdiff_t q = 0; q < modes_; ++q)
        symbol_.data()[(k / lanes * modes_ + q) * lanes + k % lanes] =
            symbol.values[static_cast<std::size_t>(k * modes_ + q)];
    floor_ = symbol.floor;
    twiddle_ = std::move(symbol.twiddle);
  }

  void apply(const SymbolFunction &f, Complex *columns, std::ptrdiff_t pitch) override {
    for (std::ptrdiff_t b = 0; b < blocks_; ++b) {
      const std::ptrdiff_t width = std::min(lanes, grid_.count - b * lanes);
      evaluate(f, symbol_.data() + b * modes_ * lanes);
      for (std::ptrdiff_t i = 0; i < grid_.nz; ++i)
        std::copy_n(columns + i * pitch + b * lanes, width, in_.data() + place_[static_cast<std::size_t>(i)] * lanes);
      forward_->execute(numbers(in_), numbers(out_));
      if (mirror_)
        multiplyPairs();
      else
        multiplyFourier();
      backward_->execute(numbers(out_), numbers(back_));
      for (std::ptrdiff_t i = 0; i < grid_.nz; ++i)
        std::copy_n(back_.data() + place_[static_cast<std::size_t>(i)] * lanes, width, columns + i * pitch + b * lanes);
    }
  }

 private:
  void evaluate(const SymbolFunction &f, const double *symbol) {
    const Multiplier at{f, 1.0 / static_cast<double>(2 * grid_.nx * length_), floor_};
    const std::ptrdiff_t n = modes_ * lanes;
    double *m = multiplier_.data();
    if (f.inverse)
      for (std::ptrdiff_t i = 0; i < n; ++i) m[i] = at.inverse(symbol[i]);
    else if (f.root != 0)
      for (std::ptrdiff_t i = 0; i < n; ++i) m[i] = at.withRoot(symbol[i]);
    else
      for (std::ptrdiff_t i = 0; i < n; ++i) m[i] = at.withoutRoot(symbol[i]);
  }

  // Plain arrays of numbers (real, imaginary, ...): what compilers vectorise best.
  double *mode(std::ptrdiff_t q) { return numbers(out_) + 2 * q * lanes; }

  void multiply(std::ptrdiff_t q, const double *m) {
    double *v = mode(q);
    for (std::ptrdiff_t l = 0; l < lanes; ++l) {
      v[2 * l] *= m[l];
      v[2 * l + 1] *= m[l];
    }
  }

  void multiplyFourier() {
    for (std::ptrdiff_t q = 0; q < length_; ++q) multiply(q, multiplier_.data() + std::min(q, length_ - q) * lanes);
  }

  void multiplyPairs() {
    multiply(0, multiplier_.data());
    multiply(grid_.nz, multiplier_.data() + grid_.nz * lanes);
    for (std::ptrdiff_t q = 1; q < grid_.nz; ++q) {
      const double c = twiddle_[static_cast<std::size_t>(2 * q)], s = twiddle_[static_cast<std::size_t>(2 * q + 1)];
      const double *m1 = multiplier_.data() + q * lanes, *m2 = multiplier_.data() + (length_ - q) * lanes;
      double *__restrict a = mode(q), *__restrict b = mode(length_ - q);
      for (std::ptrdiff_t l = 0; l < lanes; ++l) multiplyCosine(m1[l], m2[l], c, s, a + 2 * l, b + 2 * l);
    }
  }

  DepthGrid grid_;
  bool mirror_;
  std::ptrdiff_t length_, modes_, blocks_;
  Buffer<double> symbol_, multiplier_;  // [block][mode][lane], [mode][lane]
  Buffer<Complex> in_, out_, back_;     // [place in depth or mode][lane]
  std::vector<std::ptrdiff_t> place_;
  std::vector<double> twiddle_;  // exp(i pi q / M)
  std::unique_ptr<FFT> forward_, backward_;
  double floor_ = 0;
};

}  // namespace

std::unique_ptr<DepthOperator> makeCirculantDepth(const DepthGrid &grid, Kernel kernel, const KernelParameters &p) {
  return std::make_unique<CirculantDepth>(grid, kernel, p);
}

}  // namespace petrl::fault
