#include "policy/native/fcn.hpp"

#include <cstring>

namespace petrl {

namespace {

// A planar patch that reaches `halo` points beyond the output, or a doubly periodic grid (halo 0).
class DenseInput : public GridInput {
 public:
  DenseInput(const float *in, int channels, int nx, int ny, int halo)
      : in_(in), channels_(channels), width_(nx + 2 * halo), height_(ny + 2 * halo), halo_(halo) {}
  void row(int y, int first, int count, float *out, std::ptrdiff_t channel) override {
    y = ((y + halo_) % height_ + height_) % height_;
    for (int c = 0; c < channels_; ++c) {
      std::memcpy(out + c * channel, in_ + (static_cast<std::ptrdiff_t>(c) * height_ + y) * width_ + first + halo_,
                  static_cast<std::size_t>(count) * sizeof(float));
    }
  }

 private:
  const float *in_;
  int channels_, width_, height_, halo_;
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

// Buffers for rows of nx points. The first computed point of each row is aligned.
void Fcn::prepare(int nx, bool wrap) {
  for (Layer &layer : layers_) layer.next = -layer.beyond;
  if (nx == nx_ && wrap == wrap_) return;
  nx_ = nx;
  wrap_ = wrap;
  std::ptrdiff_t size = 0;
  for (Layer &layer : layers_) {
    // Whole vectors are written from `start` on, and read from up to 2 reach further.
    layer.start = wrap ? padded(layer.reach) : 0;
    const int width = wrap ? nx + layer.reach : nx + 2 * layer.beyond;
    layer.channel = layer.start + padded(width) + padded(2 * layer.reach) + kPad;
    if (layer.channel / kPad % 2 == 0) layer.channel += kPad; /* powers of two share cache sets */
    layer.offset = size;
    size += layer.channel * layer.inputs * layer.rows;
  }
  last_channel_ = padded(nx);
  last_offset_ = size;
  size += last_channel_ * outputs();
  // Points beyond the end of a row are computed too, and thrown away: let them be harmless.
  buffer_.assign(static_cast<std::size_t>(size), 0.f);
}

float *Fcn::inputRow(const Layer &layer, int y) {
  return buffer_.data() + layer.offset + (y + layer.beyond) % layer.rows * layer.channel * layer.inputs;
}

void Fcn::wrapRow(const Layer &layer, float *row) const {
  for (int c = 0; c < layer.inputs; ++c) {
    float *const x = row + c * layer.channel + layer.start;
    for (int i = 0; i < layer.reach; ++i) x[nx_ + i] = x[i % nx_];
    for (int i = 1; i <= layer.reach; ++i) x[-i] = x[(nx_ - i % nx_) % nx_];
  }
}

// Makes sure that the input rows of layer l up to y are there.
void Fcn::advance(std::size_t l, int y, GridInput &input) {
  Layer &layer = layers_[l];
  for (; layer.next <= y; ++layer.next) {
    float *const row = inputRow(layer, layer.next);
    if (l == 0) {
      const int halo = wrap_ ? 0 : reach_;
      input.row(layer.next, -halo, nx_ + 2 * halo, row + layer.start, layer.channel);
    } else {
      advance(l - 1, layer.next + layers_[l - 1].reach, input);
      compute(l - 1, layer.next, row + layer.start, layer.channel);
    }
    if (wrap_) wrapRow(layer, row);
  }
}

void Fcn::compute(std::size_t l, int y, float *out, std::ptrdiff_t channel) {
  Layer &layer = layers_[l];
  const float *const base = buffer_.data() + layer.offset;
  std::size_t t = 0;
  for (int ky = 0; ky < layer.kernel; ++ky) {
    const float *row = inputRow(layer, y - layer.reach + ky * layer.dilation) + layer.start;
    if (wrap_) row -= layer.reach;
    for (int kx = 0; kx < layer.kernel; ++kx) layer.taps[t++] = row - base + kx * layer.dilation;
  }
  convolution::Row row;
  row.in = base;
  row.in_channel = layer.channel;
  row.inputs = layer.inputs;
  row.tap = layer.taps.data();
  row.taps = layer.kernel * layer.kernel;
  row.out_channel = channel;
  row.width = nx_ + (wrap_ ? 0 : 2 * (layer.beyond - layer.reach));
  row.activation = layer.activation;
  for (const convolution::Block &block : layer.blocks) {
    row.weight = layer.weight.data() + block.weight;
    row.bias = layer.bias.data() + block.first;
    row.outputs = block.count;
    row.out = out + block.first * channel;
    convolution::row(row, level_);
  }
}

void Fcn::evaluate(GridInput &input, int nx, int ny, bool wrap, float *out) {
  prepare(nx, wrap);
  const std::size_t last = layers_.size() - 1;
  float *const row = buffer_.data() + last_offset_;
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(nx) * ny;
  for (int y = 0; y < ny; ++y, out += nx) {
    advance(last, y + layers_[last].reach, input);
    compute(last, y, row, last_channel_);
    for (int a = 0; a < outputs(); ++a)
      std::memcpy(out + a * plane, row + a * last_channel_, static_cast<std::size_t>(nx) * sizeof(float));
  }
}

void Fcn::evaluate(const float *in, int nx, int ny, float *out) {
  DenseInput input(in, inputs(), nx, ny, reach_);
  evaluate(input, nx, ny, false, out);
}

void Fcn::evaluatePeriodic(const float *in, int nx, int ny, float *out) {
  DenseInput input(in, inputs(), nx, ny, 0);
  evaluate(input, nx, ny, true, out);
}

}  // namespace petrl
