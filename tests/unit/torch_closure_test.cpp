// Closures whose network comes from Python as a TorchScript module: the same answers as natively.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "closure/periodic.hpp"
#include "policy/shared_policy.hpp"
#include "support/closures.hpp"
#include "support/policies.hpp"
#include "torch/torchscript_writer.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

class TorchClosure : public ::testing::Test {
 protected:
  TorchClosure() : stem_(temporary("torch-closure")) {
    policy_ = closurePolicy({"psi", "u"}, 1, "additive-rate", -0.5, 2);
    policy_.action.parameters["components"] = "u";
    policy_.network = randomFcn({{2, 6, 1}, {3, 3}, {1, 2}}, "relu", "tanh", 3);
    writePolicy(stem_ + ".h5", policy_);
    for (const auto &[name, tensor] : policy_.network.weights)
      arrays_[(name.find("weight") != std::string::npos ? "w" : "b") + name.substr(5, 1)] = tensor;
    std::ofstream(stem_ + ".yaml") << yaml_;
  }
  ~TorchClosure() override {
    for (const char *end : {".h5", ".pt", ".yaml"}) std::remove((stem_ + end).c_str());
  }
  void save(const std::string &forward) const { writeTorchScript(stem_ + ".pt", forward, arrays_); }
  std::string message() const {
    return messageOf([&] { PeriodicClosure(loadPolicy(stem_ + ".pt", "closure"), stem_ + ".pt"); });
  }
  const std::string network_ =
      "def forward(self, x):\n"
      "  x = torch.relu(torch.conv2d(x, self.w0, self.b0))\n"
      "  return torch.tanh(torch.conv2d(x, self.w1, self.b1, [1, 1], [0, 0], [2, 2]))\n";
  const std::string yaml_ =
      "kind: closure\n"
      "observation: {names: [psi, u], offset: [0, 0], scale: [1, 1], clip: 1000}\n"
      "action: {transform: additive-rate, low: [-0.5], high: [2], parameters: {components: u}}\n";
  std::string stem_;
  Policy policy_;
  std::map<std::string, Tensor> arrays_;
};

}  // namespace

TEST_F(TorchClosure, AgreesWithTheNativeBackend) {
  save(network_);
  PeriodicClosure torch(loadPolicy(stem_ + ".pt", "closure"));
  PeriodicClosure native(loadPolicy(stem_ + ".h5", "closure"));
  EXPECT_STREQ(torch.backend().name(), "torch");
  EXPECT_STREQ(native.backend().name(), "native");
  EXPECT_EQ(torch.backend().reach(), 3);
  EXPECT_EQ(torch.components(), std::vector<int>{1});
  const int nx = 19, ny = 11;
  std::vector<double> psi(nx * ny), u(nx * ny), a(nx * ny), b(nx * ny);
  for (std::size_t i = 0; i < psi.size(); ++i) {
    psi[i] = std::sin(static_cast<double>(i * i));
    u[i] = std::cos(static_cast<double>(i));
  }
  torch.compute({psi.data(), u.data()}, {nx, ny, 0.5, 1, 1}, a.data());
  native.compute({psi.data(), u.data()}, {nx, ny, 0.5, 1, 1}, b.data());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
}

TEST_F(TorchClosure, LinesAndVolumes) {
  for (const int d : {1, 3}) {
    const std::string n = std::to_string(d);
    policy_.network = randomFcn({{2, 6, 1}, {3, 3}, {1, 2}, static_cast<std::size_t>(d)}, "relu", "tanh", 3);
    writePolicy(stem_ + ".h5", policy_);
    for (const auto &[name, tensor] : policy_.network.weights)
      arrays_[(name.find("weight") != std::string::npos ? "w" : "b") + name.substr(5, 1)] = tensor;
    std::ofstream(stem_ + ".yaml", std::ios::app) << "dimensions: " + n + "\n";
    const std::string pads = d == 1 ? "[2, 2]" : "[2, 2, 2, 2, 2, 2]", one = d == 1 ? "[1]" : "[1, 1, 1]",
                      none = d == 1 ? "[0]" : "[0, 0, 0]", two = d == 1 ? "[2]" : "[2, 2, 2]";
    for (const bool padded : {false, true}) {
      const std::string x = padded ? "torch.pad(x, " + pads + ", 'circular')" : "x";
      const std::string first =
          padded ? "torch.pad(x, " + (d == 1 ? std::string("[1, 1]") : "[1, 1, 1, 1, 1, 1]") + ", 'circular')" : "x";
      save("def forward(self, x):\n  x = torch.relu(torch.conv" + n + "d(" + first +
           ", self.w0, self.b0))\n  return torch.tanh(torch.conv" + n + "d(" + x + ", self.w1, self.b1, " + one + ", " +
           none + ", " + two + "))\n");
      PeriodicClosure torch(loadPolicy(stem_ + ".pt", "closure")), native(loadPolicy(stem_ + ".h5", "closure"));
      ASSERT_EQ(torch.backend().reach(), 3);
      ASSERT_EQ(torch.backend().dimensions(), d);
      const GridSize size{11, d > 1 ? 7 : 1, d > 2 ? 5 : 1};
      std::vector<float> in(2 * size.grown(around(d, 3)).points()), a(size.points()), b(size.points());
      for (std::size_t i = 0; i < in.size(); ++i) in[i] = std::sin(static_cast<float>(i * i));
      torch.backend().evaluate(in.data(), size, a.data());
      native.backend().evaluate(in.data(), size, b.data());
      for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
    }
    std::ofstream(stem_ + ".yaml") << yaml_;
  }
}

// Networks that pad themselves: periodically, as is usual in Python, they are right; how far they see is found out.
TEST_F(TorchClosure, PaddedInside) {
  const auto padded = [](const std::string &mode) {
    return "def forward(self, x):\n"
           "  x = torch.relu(torch.conv2d(torch.pad(x, [1, 1, 1, 1], '" +
           mode +
           "'), self.w0, self.b0))\n"
           "  x = torch.pad(x, [2, 2, 2, 2], '" +
           mode +
           "')\n"
           "  return torch.tanh(torch.conv2d(x, self.w1, self.b1, [1, 1], [0, 0], [2, 2]))\n";
  };
  save(padded("circular"));
  PeriodicClosure torch(loadPolicy(stem_ + ".pt", "closure"));
  PeriodicClosure native(loadPolicy(stem_ + ".h5", "closure"));
  EXPECT_EQ(torch.backend().reach(), 3);
  const int nx = 17, ny = 12;
  std::vector<double> psi(nx * ny), u(nx * ny), a(nx * ny), b(nx * ny);
  for (std::size_t i = 0; i < psi.size(); ++i) {
    psi[i] = std::sin(static_cast<double>(i * i));
    u[i] = std::cos(static_cast<double>(i));
  }
  torch.compute({psi.data(), u.data()}, {nx, ny, 0.5, 1, 1}, a.data());
  native.compute({psi.data(), u.data()}, {nx, ny, 0.5, 1, 1}, b.data());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);

  for (const char *mode : {"constant", "replicate", "reflect"}) {
    save(padded(mode));
    expectParts(message(), {stem_ + ".pt", "pads its inputs, not periodically", "3 points", "circular"});
  }
  save(
      "def forward(self, x):\n"  // one layer padded, the other not
      "  x = torch.relu(torch.conv2d(x, self.w0, self.b0, [1, 1], [1, 1]))\n"
      "  return torch.conv2d(x, self.w1, self.b1)\n");
  expectParts(message(), {stem_ + ".pt", "some layers pad"});
  save("def forward(self, x):\n  return x[:, :1] - torch.mean(x)\n");
  expectParts(message(), {stem_ + ".pt", "farther away"});
  save(
      "def forward(self, x):\n"  // tells even points from odd ones
      "  y = torch.zeros_like(x[:, :1])\n"
      "  y[:, :, ::2] = x[:, :1, ::2]\n"
      "  return y\n");
  expectParts(message(), {stem_ + ".pt", "farther away"});
}

TEST_F(TorchClosure, SaysWhatDoesNotFit) {
  expectParts(message(), {stem_ + ".pt", "cannot be opened"});
  save("def forward(self, x):\n  return torch.conv2d(x, self.w0, self.b0)\n");
  expectParts(message(), {stem_ + ".pt", "[1, 6, 64, 64]", "expected Float [1, 1, 64, 64]"});
  save("def forward(self, x):\n  return torch.conv2d(x[:, :1], self.w0, self.b0)\n");
  expectParts(message(), {stem_ + ".pt", "fails for an input of shape"});
  save("def forward(self, x):\n  return torch.mean(x)\n");
  expectParts(message(), {stem_ + ".pt", "expected Float"});
  expectParts(messageOf([&] { loadPolicy(stem_ + ".pt", "refiner"); }), {"expected a refiner policy"});
}
