#include "problems/fault/depth.hpp"

#include <cmath>

namespace petrl::fault {

namespace {

// Wavenumbers that are transformed in depth together: two cache lines of each row.
constexpr std::ptrdiff_t lanes = 8;

/// Sources are zero padded to twice the depth. Full space: a Fourier transform of that length M = 2 nz. Mirror: the
/// field is even about the surface, so it is a cosine transform (DCT-II) of length M, diagonal for the circulant of the
/// 4 nz cells of the evenly extended grid. The DCT is done as a complex FFT of length M (Makhoul 1980): even entries
/// first, odd ones backwards after them; with V its transform and w = exp(-i pi q / (2 M)),
///   X_q = w V_q + conj(w) V_(M-q).
/// Multiplying X_q and X_(M-q) by s1 and s2 and transforming back is, on V,
///   V_q <- (s1+s2)/2 V_q + (s1-s2)/2 conj(w)^2 V_(M-q), and likewise with q and M-q exchanged.
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
    const int n = static_cast<int>(length_), l = static_cast<int>(lanes);
    fftw_complex *in = fftw(in_.data()), *out = fftw(out_.data()), *back = fftw(back_.data());
    forward_ = made(fftw_plan_many_dft(1, &n, l, in, nullptr, l, 1, out, nullptr, l, 1, FFTW_FORWARD,
                                       grid.planning | FFTW_PRESERVE_INPUT));
    backward_ =
        made(fftw_plan_many_dft(1, &n, l, out, nullptr, l, 1, back, nullptr, l, 1, FFTW_BACKWARD, grid.planning));
    // Planning by measurement leaves anything in the arrays; the padding must be zero.
    in_ = Buffer<Complex>(static_cast<std::size_t>(length_ * lanes));
    out_ = Buffer<Complex>(static_cast<std::size_t>(length_ * lanes));
    for (std::ptrdiff_t i = 0; i < grid.nz; ++i)
      place_[static_cast<std::size_t>(i)] = !mirror_ ? i : i % 2 ? length_ - 1 - (i - 1) / 2 : i / 2;
    for (std::ptrdiff_t q = 0; q <= grid.nz; ++q)
      twiddle_.push_back(std::polar(1.0, 3.14159265358979323846 * static_cast<double>(q) / static_cast<double>(n)));
    computeSymbol(p);
  }

  void apply(const SymbolFunction &f, Complex *columns, std::ptrdiff_t pitch) override {
    for (std::ptrdiff_t b = 0; b < blocks_; ++b) {
      const std::ptrdiff_t width = std::min(lanes, grid_.count - b * lanes);
      evaluate(f, symbol_.data() + b * modes_ * lanes);
      for (std::ptrdiff_t i = 0; i < grid_.nz; ++i)
        std::copy_n(columns + i * pitch + b * lanes, width, in_.data() + place_[static_cast<std::size_t>(i)] * lanes);
      fftw_execute_dft(forward_.get(), fftw(in_.data()), fftw(out_.data()));
      if (mirror_)
        multiplyCosine();
      else
        multiplyFourier();
      fftw_execute_dft(backward_.get(), fftw(out_.data()), fftw(back_.data()));
      for (std::ptrdiff_t i = 0; i < grid_.nz; ++i)
        std::copy_n(back_.data() + place_[static_cast<std::size_t>(i)] * lanes, width, columns + i * pitch + b * lanes);
    }
  }

 private:
  // The kernel is even in X and Z: its transforms are cosine transforms (DCT-I), real.
  void computeSymbol(const KernelParameters &p) {
    const std::ptrdiff_t depths = mirror_ ? 2 * grid_.nz + 1 : grid_.nz + 1;
    Buffer<double> row(static_cast<std::size_t>(grid_.nx + 1)), column(static_cast<std::size_t>(depths));
    std::vector<double> table(static_cast<std::size_t>(depths * grid_.count));
    const Plan along =
        made(fftw_plan_r2r_1d(static_cast<int>(grid_.nx + 1), row.data(), row.data(), FFTW_REDFT00, FFTW_ESTIMATE));
    const Plan down =
        made(fftw_plan_r2r_1d(static_cast<int>(depths), column.data(), column.data(), FFTW_REDFT00, FFTW_ESTIMATE));
    for (std::ptrdiff_t j = 0; j < depths; ++j) {
      for (std::ptrdiff_t i = 0; i <= grid_.nx; ++i)
        row[static_cast<std::size_t>(i)] =
            p.dx * p.dz * fullSpace(p, static_cast<double>(i) * p.dx, static_cast<double>(j) * p.dz);
      fftw_execute(along.get());
      std::copy_n(row.data() + grid_.first, grid_.count, table.data() + j * grid_.count);
    }
    double largest = 0;
    for (std::ptrdiff_t k = 0; k < grid_.count; ++k) {
      for (std::ptrdiff_t j = 0; j < depths; ++j)
        column[static_cast<std::size_t>(j)] = table[static_cast<std::size_t>(j * grid_.count + k)];
      fftw_execute(down.get());
      double *s = symbol_.data() + k / lanes * modes_ * lanes + k % lanes;
      for (std::ptrdiff_t q = 0; q < modes_; ++q) {
        s[q * lanes] = column[static_cast<std::size_t>(q)];
        largest = std::max(largest, s[q * lanes]);
      }
    }
    if (MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, grid_.comm)) throw Error("fault: MPI failed");
    floor_ = 1e-6 * largest;
  }

  void evaluate(const SymbolFunction &f, const double *symbol) {
    const double norm = 1.0 / static_cast<double>(2 * grid_.nx * length_), least = floor_;
    const std::ptrdiff_t n = modes_ * lanes;
    double *m = multiplier_.data();
    if (f.inverse)
      for (std::ptrdiff_t i = 0; i < n; ++i) {
        const double s = std::max(symbol[i], least);
        m[i] = norm / (f.constant + f.root * std::sqrt(s) + f.linear * s);
      }
    else if (f.root != 0)
      for (std::ptrdiff_t i = 0; i < n; ++i)
        m[i] = norm * (f.constant + f.root * std::sqrt(std::max(symbol[i], least)) + f.linear * symbol[i]);
    else
      for (std::ptrdiff_t i = 0; i < n; ++i) m[i] = norm * (f.constant + f.linear * symbol[i]);
  }

  // Plain arrays of numbers (real, imaginary, ...): what compilers vectorise best.
  double *mode(std::ptrdiff_t q) { return reinterpret_cast<double *>(out_.data() + q * lanes); }

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

  void multiplyCosine() {
    multiply(0, multiplier_.data());
    multiply(grid_.nz, multiplier_.data() + grid_.nz * lanes);
    for (std::ptrdiff_t q = 1; q < grid_.nz; ++q) {
      const double c = twiddle_[static_cast<std::size_t>(q)].real(), s = twiddle_[static_cast<std::size_t>(q)].imag();
      const double *m1 = multiplier_.data() + q * lanes, *m2 = multiplier_.data() + (length_ - q) * lanes;
      double *__restrict a = mode(q), *__restrict b = mode(length_ - q);
      for (std::ptrdiff_t l = 0; l < lanes; ++l) {
        const double mean = (m1[l] + m2[l]) / 2, half = (m1[l] - m2[l]) / 2, hc = half * c, hs = half * s;
        const double ar = a[2 * l], ai = a[2 * l + 1], br = b[2 * l], bi = b[2 * l + 1];
        a[2 * l] = mean * ar + hc * br - hs * bi;
        a[2 * l + 1] = mean * ai + hc * bi + hs * br;
        b[2 * l] = mean * br + hc * ar + hs * ai;
        b[2 * l + 1] = mean * bi + hc * ai - hs * ar;
      }
    }
  }

  DepthGrid grid_;
  bool mirror_;
  std::ptrdiff_t length_, modes_, blocks_;
  Buffer<double> symbol_, multiplier_;  // [block][mode][lane], [mode][lane]
  Buffer<Complex> in_, out_, back_;     // [place in depth or mode][lane]
  std::vector<std::ptrdiff_t> place_;
  std::vector<Complex> twiddle_;  // exp(i pi q / M)
  Plan forward_, backward_;
  double floor_ = 0;
};

}  // namespace

std::unique_ptr<DepthOperator> makeCirculantDepth(const DepthGrid &grid, Kernel kernel, const KernelParameters &p) {
  return std::make_unique<CirculantDepth>(grid, kernel, p);
}

}  // namespace petrl::fault
