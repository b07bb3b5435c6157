// Face fluxes on a triangulation: what they keep, what they do not depend on, their derivatives.
#include "closure/cell_flux.hpp"

#include <gtest/gtest.h>
#include <petscdmplex.h>

#include <cmath>
#include <random>

#include "mesh/plex_cells.hpp"
#include "policy/native/graph_network.hpp"

namespace petrl {
namespace {

/// An irregular mesh of the unit square.
struct Triangles {
  DM dm = NULL;
  CellMesh mesh;
  Triangles() {
    constexpr int nx = 5, ny = 4;
    std::vector<PetscInt> corners;
    std::vector<PetscReal> at;
    for (int j = 0; j <= ny; ++j)
      for (int i = 0; i <= nx; ++i)
        at.insert(at.end(), {static_cast<PetscReal>(i) / nx, static_cast<PetscReal>(j) / ny});
    for (int j = 0; j < ny; ++j) {
      for (int i = 0; i < nx; ++i) {
        const PetscInt a = j * (nx + 1) + i, b = a + 1, c = a + nx + 1, d = c + 1;
        corners.insert(corners.end(), {a, b, d, a, d, c});
      }
    }
    EXPECT_EQ(DMPlexCreateFromCellListPetsc(PETSC_COMM_SELF, 2, 2 * nx * ny, (nx + 1) * (ny + 1), 3, PETSC_TRUE,
                                            corners.data(), 2, at.data(), &dm),
              0);
    Vec coordinates;
    PetscScalar *x;
    PetscInt n;
    DMGetCoordinatesLocal(dm, &coordinates);
    VecGetLocalSize(coordinates, &n);
    VecGetArray(coordinates, &x);
    for (PetscInt i = 0; i < n; i += 2) {
      const double a = x[i], b = x[i + 1];
      x[i] += .06 * std::sin(7 * a + 11 * b);
      x[i + 1] += .05 * std::cos(9 * a - 5 * b);
    }
    VecRestoreArray(coordinates, &x);
    mesh = cellMeshFromPlex(dm);
  }
  ~Triangles() { DMDestroy(&dm); }
};

CellUnknowns shallowWater() {
  CellUnknowns unknowns;
  unknowns.names = {"h", "hu", "hv"};
  unknowns.vector[0] = 1, unknowns.vector[1] = 2;
  return unknowns;
}

CellUnknowns scalar() {
  CellUnknowns unknowns;
  unknowns.names = {"u"};
  return unknowns;
}

Policy policyOf(const CellUnknowns &unknowns, bool unseen = false) {
  Policy p;
  p.kind = "closure";
  p.observation.names = CellFlux::inputs(unknowns);
  p.observation.offset.assign(p.observation.names.size(), 0.f);
  p.observation.scale.assign(p.observation.names.size(), 1.f);
  if (unseen) {
    p.observation.normalise.assign(p.observation.names.size(), "record");
    for (int k = 0; k < unknowns.count(); ++k) p.observation.normalise[static_cast<std::size_t>(k)] = "unseen";
  }
  p.action.transform = "cell-flux";
  p.action.parameters = CellFlux::parameters(unknowns);
  p.action.low.assign(static_cast<std::size_t>(CellFlux::outputs(unknowns)), -.4);
  p.action.high.assign(p.action.low.size(), .4);
  return p;
}

GraphNetwork networkFor(const Policy &policy, double last = 1) {
  GraphShape shape;
  shape.node_inputs = static_cast<int>(policy.observation.names.size());
  shape.edge_inputs = CellFlux::kEdgeInputs;
  shape.hidden = 8;
  shape.layers = 2;
  shape.outputs = static_cast<int>(policy.action.low.size());
  GraphNetwork network(shape);
  std::mt19937 random(3);
  network.initialise([&] { return std::uniform_real_distribution<double>()(random); }, last);
  return network;
}

std::vector<double> someState(const CellMesh &mesh, std::size_t n) {
  std::mt19937 random(5);
  std::vector<double> u(static_cast<std::size_t>(mesh.cells) * n);
  for (double &x : u) x = 1 + std::uniform_real_distribution<double>(-.5, .5)(random);
  return u;
}

std::vector<double> corrected(const Triangles &t, const Policy &policy, const GraphNetwork &network,
                              const std::vector<double> &u) {
  CellFlux flux(policy, "test");
  flux.setUp(t.mesh, .2);
  std::vector<float> node(flux.inputsSize()), out(flux.outputsSize());
  flux.observe(u.data(), node.data());
  network.evaluate(flux.graph(), node.data(), flux.edges(), out.data());
  std::vector<double> sides(u.size() * CellFlux::kSlots), change(u.size());
  flux.sides(u.data(), out.data(), sides.data());
  flux.change(sides.data(), .3, change.data());
  return change;
}

double largest(const std::vector<double> &x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::fabs(v));
  return most;
}

TEST(CellFlux, KeepsTheIntegral) {
  const Triangles t;
  const Policy policy = policyOf(shallowWater());
  const auto change = corrected(t, policy, networkFor(policy), someState(t.mesh, 3));
  EXPECT_GT(largest(change), 1e-3);
  for (std::size_t k = 0; k < 3; ++k) {
    double sum = 0;
    for (int c = 0; c < t.mesh.owned; ++c)
      sum += t.mesh.volume[static_cast<std::size_t>(c)] * change[3 * static_cast<std::size_t>(c) + k];
    EXPECT_LT(std::fabs(sum), 1e-16);
  }
}

TEST(CellFlux, LeavesWhatIsConstant) {
  const Triangles t;
  const Policy policy = policyOf(shallowWater());
  std::vector<double> u(3 * static_cast<std::size_t>(t.mesh.cells), 1.7);
  EXPECT_EQ(largest(corrected(t, policy, networkFor(policy), u)), 0);
}

// Where values are not seen, u -> a u + b changes the correction by the factor a.
TEST(CellFlux, DoesNotKnowUnits) {
  const Triangles t;
  const Policy policy = policyOf(scalar(), true);
  const GraphNetwork network = networkFor(policy);
  std::vector<double> u = someState(t.mesh, 1), other = u;
  for (double &x : other) x = 1e4 * x - 3e4;
  const auto a = corrected(t, policy, network, u), b = corrected(t, policy, network, other);
  ASSERT_GT(largest(a), 1e-3);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(b[i], 1e4 * a[i], 1e-2);
}

// A turned mesh with turned vectors: the correction turns, too.
TEST(CellFlux, TurnsWithTheMesh) {
  const Triangles t;
  Triangles turned;
  const double c = std::cos(.7), s = std::sin(.7);
  const auto turn = [&](double &x, double &y) {
    const double a = x;
    x = c * a - s * y, y = s * a + c * y;
  };
  for (auto *list : {&turned.mesh.corner, &turned.mesh.towards, &turned.mesh.centre})
    for (std::size_t i = 0; i < list->size(); i += 2) turn((*list)[i], (*list)[i + 1]);
  const Policy policy = policyOf(shallowWater());
  const GraphNetwork network = networkFor(policy);
  std::vector<double> u = someState(t.mesh, 3), other = u;
  for (std::size_t i = 0; i < other.size(); i += 3) turn(other[i + 1], other[i + 2]);
  auto a = corrected(t, policy, network, u);
  const auto b = corrected(turned, policy, network, other);
  for (std::size_t i = 0; i < a.size(); i += 3) turn(a[i + 1], a[i + 2]);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
}

// w = 1, b = 0: diffusion by two-point fluxes.
TEST(CellFlux, IsDiffusionWhereTheNetworkSaysSo) {
  const Triangles t;
  CellFlux flux(policyOf(scalar()), "test");
  flux.setUp(t.mesh, .2);
  const auto u = someState(t.mesh, 1);
  std::vector<float> out(flux.outputsSize(), 0.f);
  for (std::size_t i = 0; i < out.size(); i += 2) out[i] = 1;
  std::vector<double> sides(3 * u.size()), change(u.size());
  flux.sides(u.data(), out.data(), sides.data());
  flux.change(sides.data(), .3, change.data());
  std::vector<double> expected(u.size(), 0.);
  for (const CellMesh::Face &face : t.mesh.faces) {
    if (face.right < 0) continue;
    const auto l = static_cast<std::size_t>(face.left), r = static_cast<std::size_t>(face.right);
    const double through = -.3 * .4 * std::hypot(face.normal[0], face.normal[1]) * (u[r] - u[l]);
    expected[l] += through / t.mesh.volume[l];
    expected[r] -= through / t.mesh.volume[r];
  }
  for (std::size_t i = 0; i < u.size(); ++i) EXPECT_NEAR(change[i], expected[i], 1e-12);
}

// Against differences, through fluxes and network, for weights of the network.
TEST(CellFlux, GradientsAreRight) {
  const Triangles t;
  const Policy policy = policyOf(shallowWater());
  GraphNetwork network = networkFor(policy, .2);  // no output is cut off
  CellFlux flux(policy, "test");
  flux.setUp(t.mesh, .2);
  const auto u = someState(t.mesh, 3);
  std::vector<double> weight(u.size()), sides(3 * u.size()), change(u.size());
  std::mt19937 random(8);
  for (double &x : weight) x = std::uniform_real_distribution<double>(-1, 1)(random);
  std::vector<float> node(flux.inputsSize());
  flux.observe(u.data(), node.data());
  GraphNetwork::Record record;
  const auto value = [&] {
    network.forward(flux.graph(), node.data(), flux.edges(), record);
    flux.sides(u.data(), record.out.data(), sides.data());
    flux.change(sides.data(), .3, change.data());
    double sum = 0;
    for (std::size_t i = 0; i < u.size(); ++i) sum += weight[i] * change[i];
    return sum;
  };
  (void)value();
  std::vector<float> slope(flux.outputsSize()), gradient(network.size(), 0.f);
  flux.pullBack(u.data(), record.out.data(), .3, weight.data(), slope.data());
  network.backward(flux.graph(), node.data(), flux.edges(), record, slope.data(), gradient.data(), nullptr);
  double norm = 0;
  for (const float g : gradient) norm = std::max(norm, std::fabs(static_cast<double>(g)));
  ASSERT_GT(norm, 1e-2);
  for (std::size_t w = 0; w < network.size(); w += 37) {
    const float kept = network.weights()[w];
    network.weights()[w] = kept + 4e-3f;
    const double up = value();
    network.weights()[w] = kept - 4e-3f;
    const double down = value();
    network.weights()[w] = kept;
    EXPECT_NEAR(gradient[w], (up - down) / 8e-3, 2e-3 * norm) << w;
  }
}

TEST(CellFlux, RefusesOtherForms) {
  const auto message = [](const Policy &policy) {
    try {
      CellFlux(policy, "my.h5");
    } catch (const std::exception &e) {
      return std::string(e.what());
    }
    return std::string();
  };
  Policy p = policyOf(shallowWater());
  p.action.low.pop_back(), p.action.high.pop_back();
  EXPECT_NE(message(p).find("my.h5: /action: expected 6 actions (two an unknown), found 5"), std::string::npos);
  p = policyOf(shallowWater());
  p.action.parameters["vector"] = "hu hw";
  EXPECT_NE(message(p).find("vector: expected two of the components (h hu hv), found 'hu hw'"), std::string::npos);
  p = policyOf(shallowWater());
  p.observation.names[4] = "what";
  EXPECT_NE(message(p).find("/observation/names: expected h, hu, hv, h across"), std::string::npos);
  p = policyOf(shallowWater());
  p.observation.scale[1] = 2;
  EXPECT_NE(message(p).find("the same scale for both"), std::string::npos);
}

}  // namespace
}  // namespace petrl
