#include "policy/native/fcn.hpp"

#include <cstring>

namespace petrl {

namespace {

// A planar patch with a halo beyond the output, or a periodic grid (no halo).
class DenseInput : public GridInput {
 public:
  DenseInput(const float *in, int channels, const GridSize &size, const GridSize &halo)
      : in_(in), channels_(channels), halo_(halo), all_(size.grown(halo)) {}
  void row(int y, int z, int first, int count, float *out, std::ptrdiff_t channel) override {
    y = ((y + halo_.ny) % all_.ny + all_.ny) % all_.ny;
    z = ((z + halo_.nz) % all_.nz + all_.nz) % all_.nz;
    const float *from = in_ + (static_cast<std::ptrdiff_t>(z) * all_.ny + y) * all_.nx + first + halo_.nx;
    for (int c = 0; c < channels_; ++c, from += all_.points())
      std::memcpy(out + c * channel, from, static_cast<std::size_t>(count) * sizeof(float));
  }

 private:
  const float *in_;
  int channels_;
  GridSize halo_, all_;
};

}  // namespace

std::size_t Fcn::multiplyAdds() const {
  std::size_t n = 0;
  for (const Layer &layer : layers_) n += layer.weight.size();
  return n;
}

std::size_t Fcn::weights() const {
  std::size_t n = multiplyAdds();
  for (const Layer &layer : layers_) n += layer.bias.size();
  return n;
}

std::string Fcn::shape() const {
  std::string text = std::to_string(inputs());
  for (const Layer &layer : layers_) text += "-" + std::to_string(layer.outputs);
  return text;
}

// Buffers for patches of this size. The first computed point of each row is aligned.
void Fcn::prepare(const GridSize &size, bool wrap) {
  for (Layer &layer : layers_) layer.next = -along(layer.beyond);
  if (size == size_ && wrap == wrap_) return;
  size_ = size;
  wrap_ = wrap;
  std::ptrdiff_t total = 0;
  for (Layer &layer : layers_) {
    // Whole vectors are written from `start` on, and read from up to 2 reach further.
    layer.start = wrap ? padded(layer.reach) : 0;
    const int width = wrap ? size.nx + layer.reach : size.nx + 2 * layer.beyond;
    layer.rows = dimensions_ < 3 ? 1 : size.ny + 2 * (wrap ? layer.reach : layer.beyond);
    layer.row = layer.start + padded(width) + padded(2 * layer.reach) + kPad;
    layer.channel = layer.row * layer.rows;
    if (layer.channel / kPad % 2 == 0) layer.channel += kPad; /* powers of two share cache sets */
    layer.offset = total;
    total += layer.channel * layer.inputs * layer.slabs;
  }
  last_row_ = padded(size.nx);
  last_channel_ = last_row_ * (dimensions_ < 3 ? 1 : size.ny);
  last_offset_ = total;
  total += last_channel_ * outputs();
  // Points beyond the end of a row are computed too, and thrown away: let them be harmless.
  buffer_.assign(static_cast<std::size_t>(total), 0.f);
}

float *Fcn::inputSlab(const Layer &layer, int slab) {
  return buffer_.data() + layer.offset + (slab + along(layer.beyond)) % layer.slabs * layer.channel * layer.inputs;
}

// The surroundings of a slab of a periodic grid, within the slab.
void Fcn::wrapSlab(const Layer &layer, float *slab) const {
  const int nx = size_.nx, ny = size_.ny, r = layer.reach, first = dimensions_ < 3 ? 0 : r;
  for (int c = 0; c < layer.inputs; ++c, slab += layer.channel) {
    for (int y = first; y < layer.rows - first; ++y) {
      float *const x = slab + y * layer.row + layer.start;
      for (int i = 0; i < r; ++i) x[nx + i] = x[i % nx];
      for (int i = 1; i <= r; ++i) x[-i] = x[(nx - i % nx) % nx];
    }
    for (int i = 1; i <= first; ++i) {
      const std::size_t bytes = static_cast<std::size_t>(layer.row) * sizeof(float);
      std::memcpy(slab + (r - i) * layer.row, slab + (r + (ny - i % ny) % ny) * layer.row, bytes);
      std::memcpy(slab + (r + ny + i - 1) * layer.row, slab + (r + (i - 1) % ny) * layer.row, bytes);
    }
  }
}

// The first layer's input.
void Fcn::read(const Layer &layer, int slab, GridInput &input, float *to) const {
  const int halo = wrap_ ? 0 : reach_, count = size_.nx + 2 * halo;
  to += layer.start;
  if (dimensions_ == 1) input.row(0, 0, -halo, count, to, layer.channel);
  if (dimensions_ == 2) input.row(slab, 0, -halo, count, to, layer.channel);
  if (dimensions_ < 3) return;
  if (wrap_) to += layer.reach * layer.row;
  for (int y = -halo; y < size_.ny + halo; ++y, to += layer.row) input.row(y, slab, -halo, count, to, layer.channel);
}

// Makes sure that the input slabs of layer l up to this one are there.
void Fcn::advance(std::size_t l, int slab, GridInput &input) {
  Layer &layer = layers_[l];
  for (; layer.next <= slab; ++layer.next) {
    float *const to = inputSlab(layer, layer.next);
    if (l == 0) {
      read(layer, layer.next, input, to);
    } else {
      advance(l - 1, layer.next + along(layers_[l - 1].reach), input);
      const std::ptrdiff_t first = wrap_ && dimensions_ > 2 ? layer.reach * layer.row : 0;
      compute(l - 1, layer.next, to + first + layer.start, layer.row, layer.channel);
    }
    if (wrap_) wrapSlab(layer, to);
  }
}

void Fcn::compute(std::size_t l, int slab, float *out, std::ptrdiff_t out_row, std::ptrdiff_t channel) {
  Layer &layer = layers_[l];
  const float *const base = buffer_.data() + layer.offset;
  std::size_t t = 0;
  for (int k = 0; k < (dimensions_ > 1 ? layer.kernel : 1); ++k) {
    const float *in = inputSlab(layer, slab + along(k * layer.dilation - layer.reach)) + layer.start;
    if (wrap_) in -= layer.reach;
    for (int ky = 0; ky < (dimensions_ > 2 ? layer.kernel : 1); ++ky, in += layer.dilation * layer.row)
      for (int kx = 0; kx < layer.kernel; ++kx) layer.taps[t++] = in - base + kx * layer.dilation;
  }
  const int beyond = wrap_ ? 0 : 2 * (layer.beyond - layer.reach);
  convolution::Row row;
  row.in = base;
  row.in_channel = layer.channel;
  row.inputs = layer.inputs;
  row.tap = layer.taps.data();
  row.taps = static_cast<int>(layer.taps.size());
  row.out_channel = channel;
  row.width = size_.nx + beyond;
  row.activation = layer.activation;
  const int rows = dimensions_ < 3 ? 1 : size_.ny + beyond;
  for (int y = 0; y < rows; ++y, row.in += layer.row, out += out_row) {
    for (const convolution::Block &block : layer.blocks) {
      row.weight = layer.weight.data() + block.weight;
      row.bias = layer.bias.data() + block.first;
      row.outputs = block.count;
      row.out = out + block.first * channel;
      convolution::row(row, level_);
    }
  }
}

void Fcn::evaluate(GridInput &input, const GridSize &size, bool wrap, float *out) {
  prepare(size, wrap);
  const std::size_t last = layers_.size() - 1;
  float *const to = buffer_.data() + last_offset_;
  const auto plane = static_cast<std::ptrdiff_t>(size.points());
  const int rows = dimensions_ < 3 ? 1 : size.ny;
  for (int slab = 0; slab < (dimensions_ < 3 ? size.ny : size.nz); ++slab) {
    advance(last, slab + along(layers_[last].reach), input);
    compute(last, slab, to, last_row_, last_channel_);
    for (int y = 0; y < rows; ++y, out += size.nx)
      for (int a = 0; a < outputs(); ++a)
        std::memcpy(out + a * plane, to + a * last_channel_ + y * last_row_,
                    static_cast<std::size_t>(size.nx) * sizeof(float));
  }
}

void Fcn::evaluate(const float *in, const GridSize &size, float *out) {
  DenseInput input(in, inputs(), size, around(dimensions_, reach_));
  evaluate(input, size, false, out);
}

void Fcn::evaluatePeriodic(const float *in, const GridSize &size, float *out) {
  DenseInput input(in, inputs(), size, {0, 0, 0});
  evaluate(input, size, true, out);
}

}  // namespace petrl
