// TorchScript modules as policy networks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "policy/architectures.hpp"
#include "torch/torchscript_writer.hpp"

using namespace petrl;

namespace {

class TorchScript : public ::testing::Test {
 protected:
  TorchScript() : file_("/tmp/petrl_script_" + std::to_string(getpid()) + ".pt") {}
  ~TorchScript() override { std::remove(file_.c_str()); }
  void save(const std::string &forward) const {
    writeTorchScript(file_, forward, {{"weight", {{2, 3}, {1.f, 2.f, 3.f, 0.f, -1.f, .5f}}}});
  }
  std::unique_ptr<VectorBackend> load(std::size_t observations, std::size_t actions) const {
    Policy p;
    p.kind = "tsadapt";
    p.observation.names.resize(observations);
    p.action.low.resize(actions);
    p.network.architecture = "torchscript";
    std::ifstream in(file_, std::ios::binary);
    p.network.module.assign(std::istreambuf_iterator<char>(in), {});
    return makeBackend<VectorBackend>(p, file_);
  }
  std::string message(std::size_t observations, std::size_t actions) const {
    try {
      load(observations, actions);
    } catch (const Error &e) {
      return e.what();
    }
    return "no error";
  }
  std::string file_;
};

void expectMessage(const std::string &message, const std::vector<std::string> &parts) {
  for (const auto &part : parts) EXPECT_NE(message.find(part), std::string::npos) << message << "\nlacks: " << part;
}

}  // namespace

TEST_F(TorchScript, Evaluates) {
  save("def forward(self, x):\n  return torch.tanh(torch.mm(x, self.weight.t()))\n");
  const auto backend = load(3, 2);
  EXPECT_STREQ(backend->name(), "torch");
  const float observation[] = {.1f, -.2f, .3f};
  float action[2];
  for (int i = 0; i < 3; ++i) backend->evaluate(observation, action);
  EXPECT_NEAR(action[0], std::tanh(.1 - .4 + .9), 1e-6);
  EXPECT_NEAR(action[1], std::tanh(.2 + .15), 1e-6);
}

TEST_F(TorchScript, SaysWhatDoesNotFit) {
  expectMessage(message(3, 2), {file_, "cannot be read"});
  std::ofstream(file_) << "not a module";
  expectMessage(message(3, 2), {file_, "cannot be read"});
  save("def forward(self, x):\n  return torch.mm(x, self.weight.t())\n");
  EXPECT_EQ(message(3, 2), "no error");
  expectMessage(message(3, 1), {file_, "found Float [1, 2]", "expected Float [1, 1]"});
  expectMessage(message(4, 2), {file_, "[1, 4]"});
  save("def forward(self, x):\n  return torch.mm(x, self.weight.t()).double()\n");
  expectMessage(message(3, 2), {file_, "found Double"});
  EXPECT_THROW(save("def forward(self, x):\n  return y\n"), Error);
  save("def forward(self, x):\n  return (x, x)\n");
  expectMessage(message(3, 2), {file_, "expected a tensor"});
}

TEST_F(TorchScript, UnknownBackendIsNamed) {
  try {
    backends().find("touch");
    FAIL();
  } catch (const Error &e) {
    expectMessage(e.what(), {"touch", "torch"});
  }
}
