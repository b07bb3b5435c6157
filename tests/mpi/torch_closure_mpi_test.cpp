// A TorchScript network that pads itself (periodically, as in Python) answers on any number of ranks what it answers on
// the whole grid.
#include <fstream>

#include "mpi/closure_support.hpp"
#include "torch/torchscript_writer.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

std::vector<double> correction(MPI_Comm comm, const std::string &file) {
  const Grid state(comm, 21, 18, {"psi", "u"});
  const ClosureOn closure(state.da, file);
  std::vector<double> all(21 * 18, 0);
  Vec change;
  state.fill(scattered);
  VecDuplicate(state.x, &change);
  EXPECT_EQ(PetRLClosureApply(closure, state.x, 1, change), 0);
  state.each(change, [&](PetscScalar &value, PetscInt i, PetscInt j, PetscInt c) {
    if (c == 0) all[static_cast<std::size_t>(j * 21 + i)] = value;
  });
  VecDestroy(&change);
  MPI_Allreduce(MPI_IN_PLACE, all.data(), static_cast<int>(all.size()), MPI_DOUBLE, MPI_SUM, comm);
  return all;
}

}  // namespace

TEST(TorchClosureMpi, PaddedInside) {
  Policy p = closurePolicy({"psi", "u"}, 1, "additive", -2, 2);
  p.network = randomFcn({{2, 6, 1}, {3, 3}, {1, 2}}, "relu", "tanh", 3);
  const SharedFile native(p);
  const SharedFile yaml("padded.yaml", [&](const std::string &path) {
    std::ofstream(path) << "kind: closure\nobservation: {names: [psi, u], offset: [0, 0], scale: [1, 1], clip: 1000}\n"
                           "action: {transform: additive, low: [-2], high: [2]}\n";
    const auto &w = p.network.weights;
    writeTorchScript(path.substr(0, path.size() - 5) + ".pt",
                     "def forward(self, x):\n"
                     "  x = torch.pad(x, [1, 1, 1, 1], 'circular')\n"
                     "  x = torch.pad(torch.relu(torch.conv2d(x, self.w0, self.b0)), [2, 2, 2, 2], 'circular')\n"
                     "  return torch.tanh(torch.conv2d(x, self.w1, self.b1, [1, 1], [0, 0], [2, 2]))\n",
                     {{"w0", w.at("layer0/weight")},
                      {"b0", w.at("layer0/bias")},
                      {"w1", w.at("layer1/weight")},
                      {"b1", w.at("layer1/bias")}});
  });
  const std::string module = yaml.path.substr(0, yaml.path.size() - 5) + ".pt";
  const auto expected = correction(PETSC_COMM_SELF, native.path), found = correction(PETSC_COMM_WORLD, module);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5);
  MPI_Barrier(PETSC_COMM_WORLD);
  std::remove(module.c_str());
}
