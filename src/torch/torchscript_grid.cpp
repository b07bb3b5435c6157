#include "torch/torchscript_grid.hpp"

#include <torch/script.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "torch/messages.hpp"

namespace petrl {

namespace {

constexpr std::int64_t kTrial[] = {32, 96, 256};  // sides of patches on which a module is tried

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

  void evaluate(const float *in, int nx, int ny, float *out) override {
    const torch::Tensor patch =
        torch::from_blob(const_cast<float *>(in), {1, inputs_, ny + 2 * reach_, nx + 2 * reach_}, torch::kFloat32);
    const torch::Tensor answer = run(patch, {1, outputs_, ny, nx});
    std::copy_n(answer.data_ptr<float>(), answer.numel(), out);
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
    run(torch::zeros({1, inputs_, 3 + 2 * reach_, 5 + 2 * reach_}), {1, outputs_, 3, 5});
  }

  std::string path_;
  int inputs_, outputs_, reach_ = 0;
  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Backend> makeTorchScriptGrid(const Policy &policy, const std::string &source) {
  return std::make_unique<TorchScriptGrid>(policy, source);
}

}  // namespace petrl
