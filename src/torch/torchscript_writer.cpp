#include "torch/torchscript_writer.hpp"

#include <torch/script.h>

#include "base/error.hpp"

namespace petrl {

void writeTorchScript(const std::string &path, const std::string &forward,
                      const std::map<std::string, Tensor> &arrays) {
  try {
    torch::jit::Module module("policy");
    for (const auto &[name, array] : arrays) {
      const std::vector<std::int64_t> shape(array.shape.begin(), array.shape.end());
      torch::Tensor tensor = torch::from_blob(const_cast<float *>(array.data.data()), shape, torch::kFloat32).clone();
      module.register_parameter(name, tensor, false);
    }
    module.define(forward);
    module.save(path);
  } catch (const std::exception &e) {
    throw Error(path + ": cannot be written as a TorchScript module: " + e.what(), PETSC_ERR_FILE_WRITE);
  }
}

}  // namespace petrl
