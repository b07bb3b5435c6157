#include "torch/torchscript_backend.hpp"

#include <torch/script.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "base/error.hpp"
#include "torch/messages.hpp"
#include "torch/torchscript_grid.hpp"

namespace petrl {

namespace {

class TorchScriptBackend : public VectorBackend {
 public:
  TorchScriptBackend(const Policy &policy, const std::string &source)
      : path_(source),
        actions_(static_cast<std::int64_t>(policy.action.low.size())),
        input_(torch::zeros({1, static_cast<std::int64_t>(policy.observation.names.size())}, torch::kFloat32)),
        module_(readTorchScript(policy, source)) {
    run();
  }

  const char *name() const override { return "torch"; }

  void evaluate(const float *observation, float *action) override {
    std::copy_n(observation, input_.numel(), input_.data_ptr<float>());
    const torch::Tensor out = run();
    std::copy_n(out.data_ptr<float>(), actions_, action);
  }

 private:
  torch::Tensor run() {
    const torch::NoGradGuard no_grad;
    torch::IValue value;
    try {
      value = module_.forward({input_});
    } catch (const std::exception &e) {
      throw Error(path_ + ": fails for an input of shape " + shapeText(input_.sizes()) + ": " + firstLines(e.what()),
                  PETSC_ERR_ARG_INCOMP);
    }
    if (!value.isTensor()) {
      throw Error(path_ + ": output: found " + value.tagKind() + ", expected a tensor", PETSC_ERR_ARG_INCOMP);
    }
    const torch::Tensor out = value.toTensor();
    if (out.scalar_type() != torch::kFloat32 || out.sizes() != torch::IntArrayRef({1, actions_})) {
      throw Error(path_ + ": output: found " + c10::toString(out.scalar_type()) + " " + shapeText(out.sizes()) +
                      ", expected Float [1, " + std::to_string(actions_) + "] for an input of shape " +
                      shapeText(input_.sizes()),
                  PETSC_ERR_ARG_INCOMP);
    }
    return out.contiguous();
  }

  std::string path_;
  std::int64_t actions_;
  torch::Tensor input_;
  torch::jit::Module module_;
};

}  // namespace

torch::jit::Module readTorchScript(const Policy &policy, const std::string &source) {
  std::istringstream bytes(policy.network.module);
  try {
    torch::jit::Module module = torch::jit::load(bytes, torch::kCPU);
    module.eval();
    return module;
  } catch (const std::exception &e) {
    throw Error(source + ": cannot be read as a TorchScript module: " + firstLines(e.what()), PETSC_ERR_FILE_READ);
  }
}

std::unique_ptr<Backend> makeTorchScriptBackend(const Policy &policy, const std::string &source) {
  if (policy.kind == "closure") return makeTorchScriptGrid(policy, source);
  return std::make_unique<TorchScriptBackend>(policy, source);
}

}  // namespace petrl
