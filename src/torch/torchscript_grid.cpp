#include "torch/torchscript_grid.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "torch/messages.hpp"

namespace petrl {

namespace {

constexpr std::int64_t kTrial[] = {32, 96, 256};  // sides of patches on which a module is tried, ...
constexpr std::int64_t kEdges[][2] = {{64, 200},
                                      {20, 68}};  // ... and on which its edges are looked for: in volumes smaller ones
constexpr float kScales[] = {.1f, 1.f, 10.f};     // of the values that it is tried with
constexpr double kSame = 1e-5;                    // answers that differ by no more, relative to the largest, agree

class TorchScriptGrid : public GridBackend {
 public:
  TorchScriptGrid(const Policy &policy, const std::string &source)
      : path_(source),
        inputs_(static_cast<int>(policy.observation.names.size())),
        outputs_(static_cast<int>(policy.action.low.size())),
        dimensions_(dimensionsOf(policy.network)),
        module_(readTorchScript(policy, source)) {
    findReach();
  }

  using GridBackend::evaluate;
  const char *name() const override { return "torch"; }
  int reach() const override { return reach_; }
  int inputs() const override { return inputs_; }
  int outputs() const override { return outputs_; }
  int dimensions() const override { return dimensions_; }

  void evaluate(const float *in, const GridSize &size, float *out) override {
    const GridSize patch = size.grown(around(dimensions_, reach_)), answered = size.grown(around(dimensions_, padded_));
    const torch::Tensor input = torch::from_blob(const_cast<float *>(in), shape(inputs_, patch), torch::kFloat32);
    torch::Tensor inner = run(input, shape(outputs_, answered));
    for (int a = 0; a < dimensions_; ++a) inner = inner.narrow(-1 - a, padded_, size.along(a));
    inner = inner.contiguous();
    std::copy_n(inner.data_ptr<float>(), inner.numel(), out);
  }

 private:
  // The last index is x.
  std::vector<std::int64_t> shape(int channels, const GridSize &size) const {
    std::vector<std::int64_t> result{1, channels};
    for (int a = dimensions_ - 1; a >= 0; --a) result.push_back(size.along(a));
    return result;
  }
  std::vector<std::int64_t> cube(int channels, std::int64_t side) const {
    std::vector<std::int64_t> result(2 + static_cast<std::size_t>(dimensions_), side);
    result[0] = 1;
    result[1] = channels;
    return result;
  }
  // The same along each axis.
  torch::Tensor part(torch::Tensor of, std::int64_t from, std::int64_t width) const {
    for (int a = 0; a < dimensions_; ++a) of = of.narrow(-1 - a, from, width);
    return of;
  }
  torch::Tensor forward(const torch::Tensor &input) {
    const torch::NoGradGuard no_grad;
    torch::IValue value;
    try {
      value = module_.forward({input});
    } catch (const std::exception &e) {
      throw Error(path_ + ": fails for an input of shape " + shapeText(input.sizes()) + ": " + firstLines(e.what()),
                  PETSC_ERR_ARG_INCOMP);
    }
    if (!value.isTensor())
      throw Error(path_ + ": output: found " + value.tagKind() + ", expected a tensor", PETSC_ERR_ARG_INCOMP);
    return value.toTensor();
  }

  torch::Tensor run(const torch::Tensor &input, const std::vector<std::int64_t> &shape) {
    const torch::Tensor out = forward(input);
    if (out.scalar_type() != torch::kFloat32 || out.sizes() != torch::IntArrayRef(shape)) {
      throw Error(path_ + ": output: found " + c10::toString(out.scalar_type()) + " " + shapeText(out.sizes()) +
                      ", expected Float " + shapeText(shape) + " for an input of shape " + shapeText(input.sizes()) +
                      " (convolutions without padding)",
                  PETSC_ERR_ARG_INCOMP);
    }
    return out.contiguous();
  }

  // A patch that is too small for the network is an error of libtorch's: then a larger one is tried.
  void findReach() {
    torch::Tensor out;
    std::int64_t side = 0;
    for (std::size_t t = 0; t < std::size(kTrial) && !out.defined(); ++t) {
      side = dimensions_ < 3 ? kTrial[t] : kTrial[t] / 3;
      try {
        out = forward(torch::zeros(cube(inputs_, side)));
      } catch (const Error &) {
        if (t + 1 == std::size(kTrial)) throw;
      }
    }
    reach_ = out.dim() == 2 + dimensions_ ? static_cast<int>((side - out.size(-1)) / 2) : 0;
    findPadding();
    const GridSize some{5, dimensions_ > 1 ? 3 : 1, dimensions_ > 2 ? 4 : 1};
    run(torch::zeros(shape(inputs_, some.grown(around(dimensions_, reach_)))),
        shape(outputs_, some.grown(around(dimensions_, padded_))));
  }

  // How far the edges of a patch are felt: there the answers for a part of a larger patch differ from those for the
  // whole. Without padding nowhere; -1: too far to tell.
  int edgeEffect(std::int64_t side, float scale) {
    const std::int64_t from = side / 4 + 1, width = side / 2 - 1;  // odd: networks that halve the grid are found, too
    const torch::Tensor whole = scale * torch::randn(cube(inputs_, side + 2 * reach_), generator_);
    const torch::Tensor all = run(whole, cube(outputs_, side));
    const torch::Tensor here = run(part(whole, from, width + 2 * reach_).contiguous(), cube(outputs_, width));
    const torch::Tensor off = (here - part(all, from, width)).abs().amax({0, 1}) / (all.abs().max() + 1e-30f);
    const torch::Tensor index = torch::nonzero(off > kSame);
    if (index.size(0) == 0) return 0;
    const int effect = 1 + torch::minimum(index, width - 1 - index).amin(1).max().item<int>();
    return effect < side / 5 ? effect : -1;
  }

  // A network that pads its layers itself answers for a patch as if nothing were around it: wrong where a patch is a
  // rank's part of a grid. With what is around (as far as the edges are felt) its answers further in are right, if it
  // pads periodically: then they are those of the network on the whole periodic grid.
  void findPadding() {
    generator_ = torch::make_generator<torch::CPUGeneratorImpl>(1);
    int effect = -1;
    std::int64_t side = 0;
    for (const std::int64_t edge : kEdges[dimensions_ < 3 ? 0 : 1]) {
      side = edge;
      effect = 0;
      for (const float scale : kScales) {
        const int found = edgeEffect(side, scale);
        effect = found < 0 || effect < 0 ? -1 : std::max(effect, found);
      }
      if (effect >= 0) break;
    }
    if (effect == 0) return;
    const auto refuse = [this](const std::string &what) {
      throw Error(path_ + ": " + what +
                      "; expected convolutions without padding, or with periodic padding only "
                      "(padding_mode='circular')",
                  PETSC_ERR_ARG_INCOMP);
    };
    if (effect < 0) refuse("the answer at a point depends on values farther away than " + std::to_string(side / 5));
    if (reach_ > 0) refuse("some layers pad their inputs and others do not");
    const torch::Tensor x =
        torch::randn(shape(inputs_, {48, dimensions_ > 1 ? 40 : 1, dimensions_ > 2 ? 24 : 1}), generator_);
    const auto rolled = [this](const torch::Tensor &t) {
      const std::vector<std::int64_t> by{11, 7, 5}, axes{-1, -2, -3};
      const auto n = static_cast<std::size_t>(dimensions_);
      return t.roll(torch::IntArrayRef(by.data(), n), torch::IntArrayRef(axes.data(), n)).contiguous();
    };
    std::vector<std::int64_t> answered = x.sizes().vec();
    answered[1] = outputs_;
    const torch::Tensor there = run(rolled(x), answered), here = rolled(run(x, answered));
    if ((there - here).abs().max().item<double>() > kSame * (here.abs().max().item<double>() + 1e-30))
      refuse("it pads its inputs, not periodically (its answers near the edges, up to " + std::to_string(effect) +
             " points away, would be of no use on a part of a grid)");
    reach_ = padded_ = effect;
  }

  std::string path_;
  int inputs_, outputs_, dimensions_, reach_ = 0;
  int padded_ = 0;  // the network pads itself: so many answers at the edges are of no use
  torch::Generator generator_;
  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Backend> makeTorchScriptGrid(const Policy &policy, const std::string &source) {
  return std::make_unique<TorchScriptGrid>(policy, source);
}

}  // namespace petrl
