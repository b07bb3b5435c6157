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

constexpr std::int64_t kTrial[] = {32, 96, 256};  // sides of patches on which a module is tried
constexpr float kScales[] = {.1f, 1.f, 10.f};     // of the values that it is tried with
constexpr double kSame = 1e-5;                    // answers that differ by no more, relative to the largest, agree

class TorchScriptGrid : public GridBackend {
 public:
  TorchScriptGrid(const Policy &policy, const std::string &source)
      : path_(source),
        inputs_(static_cast<int>(policy.observation.names.size())),
        outputs_(static_cast<int>(policy.action.low.size())),
        module_(readTorchScript(policy, source)) {
    findReach();
  }

  using GridBackend::evaluate;
  const char *name() const override { return "torch"; }
  int reach() const override { return reach_; }
  int inputs() const override { return inputs_; }
  int outputs() const override { return outputs_; }

  void evaluate(const float *in, const GridSize &size, float *out) override {
    const int nx = size.nx, ny = size.ny;
    const torch::Tensor patch =
        torch::from_blob(const_cast<float *>(in), {1, inputs_, ny + 2 * reach_, nx + 2 * reach_}, torch::kFloat32);
    const torch::Tensor answer = run(patch, {1, outputs_, ny + 2 * padded_, nx + 2 * padded_});
    const torch::Tensor inner = answer.narrow(2, padded_, ny).narrow(3, padded_, nx).contiguous();
    std::copy_n(inner.data_ptr<float>(), inner.numel(), out);
  }

 private:
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
      side = kTrial[t];
      try {
        out = forward(torch::zeros({1, inputs_, side, side}));
      } catch (const Error &) {
        if (t + 1 == std::size(kTrial)) throw;
      }
    }
    reach_ = out.dim() == 4 ? static_cast<int>((side - out.size(3)) / 2) : 0;
    findPadding();
    run(torch::zeros({1, inputs_, 3 + 2 * reach_, 5 + 2 * reach_}), {1, outputs_, 3 + 2 * padded_, 5 + 2 * padded_});
  }

  // How far the edges of a patch are felt: there the answers for a part of a larger patch differ from those for the
  // whole. Without padding nowhere; -1: too far to tell.
  int edgeEffect(std::int64_t side, float scale) {
    const std::int64_t from = side / 4 + 1, width = side / 2 - 1;  // odd: networks that halve the grid are found, too
    const torch::Tensor whole = scale * torch::randn({1, inputs_, side + 2 * reach_, side + 2 * reach_}, generator_);
    const torch::Tensor part =
        whole.narrow(2, from, width + 2 * reach_).narrow(3, from, width + 2 * reach_).contiguous();
    const torch::Tensor all = run(whole, {1, outputs_, side, side});
    const torch::Tensor off =
        (run(part, {1, outputs_, width, width}) - all.narrow(2, from, width).narrow(3, from, width))
            .abs()
            .amax({0, 1}) /
        (all.abs().max() + 1e-30f);
    int effect = 0;
    for (std::int64_t y = 0; y < width; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        if (off[y][x].item<double>() <= kSame) continue;
        effect = std::max(effect, 1 + static_cast<int>(std::min({y, x, width - 1 - y, width - 1 - x})));
      }
    }
    return effect < side / 5 ? effect : -1;
  }

  // A network that pads its layers itself answers for a patch as if nothing were around it: wrong where a patch is a
  // rank's part of a grid. With what is around (as far as the edges are felt) its answers further in are right, if it
  // pads periodically: then they are those of the network on the whole periodic grid.
  void findPadding() {
    generator_ = torch::make_generator<torch::CPUGeneratorImpl>(1);
    int effect = -1;
    for (const std::int64_t side : {64, 200}) {
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
    if (effect < 0) refuse("the answer at a point depends on values farther away than " + std::to_string(200 / 5));
    if (reach_ > 0) refuse("some layers pad their inputs and others do not");
    const torch::Tensor x = torch::randn({1, inputs_, 40, 48}, generator_);
    const torch::Tensor there = run(x.roll({7, 11}, {2, 3}).contiguous(), {1, outputs_, 40, 48});
    const torch::Tensor here = run(x, {1, outputs_, 40, 48}).roll({7, 11}, {2, 3});
    if ((there - here).abs().max().item<double>() > kSame * (here.abs().max().item<double>() + 1e-30))
      refuse("it pads its inputs, not periodically (its answers near the edges, up to " + std::to_string(effect) +
             " points away, would be of no use on a part of a grid)");
    reach_ = padded_ = effect;
  }

  std::string path_;
  int inputs_, outputs_, reach_ = 0;
  int padded_ = 0;  // the network pads itself: so many answers at the edges are of no use
  torch::Generator generator_;
  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Backend> makeTorchScriptGrid(const Policy &policy, const std::string &source) {
  return std::make_unique<TorchScriptGrid>(policy, source);
}

}  // namespace petrl
