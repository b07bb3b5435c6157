// A TorchScript policy with its YAML sidecar drives a solve exactly as the same network in a policy file does.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <random>

#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "policy/shared_policy.hpp"
#include "problems/ode/run.hpp"
#include "torch/torchscript_writer.hpp"

namespace {

using namespace petrl;

class TorchPolicy : public ::testing::Test {
 protected:
  void SetUp() override {
    base_ = ::testing::TempDir() + "petrl_policy_" + std::to_string(getpid());
    policy_ = stepPolicySpecification({"error", "step_ratio", "rejections"}, "error-ratio", 0.3, 2);
    policy_.network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
    std::mt19937 rng(1);
    std::normal_distribution<float> normal(0, 0.3f);
    const auto tensor = [&](std::vector<std::size_t> shape) {
      Tensor t{shape, {}};
      std::size_t n = 1;
      for (const std::size_t e : shape) n *= e;
      for (std::size_t i = 0; i < n; ++i) t.data.push_back(normal(rng));
      return t;
    };
    policy_.network.weights = {{"layer0/weight", tensor({8, 3})},
                               {"layer0/bias", tensor({8})},
                               {"layer1/weight", tensor({1, 8})},
                               {"layer1/bias", tensor({1})}};
    policy_.provenance.config = "test: true";
    writePolicy(base_ + ".h5", policy_);
    const auto &w = policy_.network.weights;
    writeTorchScript(base_ + ".pt",
                     "def forward(self, x):\n    h = torch.relu(torch.matmul(x, self.w0.t()) + self.b0)\n"
                     "    return torch.tanh(torch.matmul(h, self.w1.t()) + self.b1)\n",
                     {{"w0", w.at("layer0/weight")},
                      {"b0", w.at("layer0/bias")},
                      {"w1", w.at("layer1/weight")},
                      {"b1", w.at("layer1/bias")}});
    writeSidecar(
        "kind: tsadapt\nobservation: {names: [error, step_ratio, rejections], offset: [0, 0, 0], scale: [0.5, 1, 2], "
        "clip: 5}\n"
        "action: {transform: error-ratio, low: [0.3], high: [2]}\n");
  }
  void TearDown() override {
    for (const char *end : {".h5", ".pt", ".yaml"}) std::remove((base_ + end).c_str());
  }
  void writeSidecar(const std::string &text) const { std::ofstream(base_ + ".yaml") << text; }
  std::string base_;
  Policy policy_;
};

TEST_F(TorchPolicy, RunsAsTheNativeOneDoes) {
  ode::Case c;
  c.problem = ode::makeProblem("lotkavolterra", nullptr);
  c.method = "rk3bs";
  c.rtol = 1e-4;
  const auto native = ode::run(c, ode::controller("rl:" + base_ + ".h5"));
  const auto torch = ode::run(c, ode::controller("rl:" + base_ + ".pt"));
  ASSERT_TRUE(native.finished);
  ASSERT_TRUE(torch.finished);
  EXPECT_EQ(native.steps, torch.steps);
  for (std::size_t i = 0; i < native.solution.size(); ++i) EXPECT_NEAR(native.solution[i], torch.solution[i], 1e-5);
}

TEST_F(TorchPolicy, SidecarMistakesAreNamed) {
  const auto message = [this] {
    try {
      loadPolicy(base_ + ".pt", "tsadapt");
    } catch (const Error &e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  writeSidecar(
      "kind: tsadapt\nobservation: {names: [error], offset: [0], scale: [1], clip: 5, colour: 1}\naction: {transform: "
      "ratio, low: [1], high: [2]}\n");
  EXPECT_NE(message().find("colour: unknown key"), std::string::npos) << message();
  writeSidecar(
      "kind: tsadapt\nobservation: {names: [error], offset: [0, 1], scale: [1], clip: 5}\naction: {transform: ratio, "
      "low: [1], high: [2]}\n");
  EXPECT_NE(message().find("/observation/offset"), std::string::npos) << message();
  std::remove((base_ + ".yaml").c_str());
  EXPECT_NE(message().find(base_ + ".yaml: cannot be opened"), std::string::npos) << message();
}

}  // namespace
