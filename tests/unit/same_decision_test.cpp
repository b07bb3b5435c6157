// What is trained is what runs: on the same mesh and solution the laboratory's marker and the public PetRLRefiner decide
// the same for every cell, from one adapted mesh to the next.
#include <petrlrefiner.h>
#include <petscdmplex.h>

#include <cmath>
#include <map>
#include <utility>

#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"
#include "policy/shared_policy.hpp"
#include "problems/conservation/policy_marker.hpp"
#include "support/forests.hpp"

using namespace petrl;
using namespace petrl::conservation;

namespace {

constexpr int kHalvings = 3, kSteps = 16;  // a power of two: the laboratory finds the number of steps by a division
constexpr const char *kPolicy = "refiner.h5";

/// Cells by the place of their centre; in periodic meshes that is known up to the domain's length.
class Places {
 public:
  Places(const CellMesh &mesh, double length) : length_(length) {
    for (int c = 0; c < mesh.cells; ++c) cell_[key(mesh, c)] = c;
    EXPECT_EQ(static_cast<int>(cell_.size()), mesh.cells);
  }
  int of(const CellMesh &mesh, int cell) const { return cell_.at(key(mesh, cell)); }

 private:
  std::pair<long, long> key(const CellMesh &mesh, int cell) const {
    const double *x = &mesh.centre[static_cast<std::size_t>(cell * mesh.dim)];
    const auto place = [this](double y) { return std::lround(1e7 * std::fmod(y + length_, length_) + 0.123); };
    return {place(x[0]), mesh.dim > 1 ? place(x[1]) : 0};
  }
  double length_;
  std::map<std::pair<long, long>, int> cell_;
};

void setSection(DM dm, int components) {
  PetscSection s;
  PetscInt start, end;
  PetRLThrow(PetscSectionCreate(PETSC_COMM_SELF, &s));
  PetRLThrow(DMPlexGetHeightStratum(dm, 0, &start, &end));
  PetRLThrow(PetscSectionSetChart(s, start, end));
  for (PetscInt p = start; p < end; ++p) PetRLThrow(PetscSectionSetDof(s, p, components));
  PetRLThrow(PetscSectionSetUp(s));
  PetRLThrow(DMSetLocalSection(dm, s));
  PetRLThrow(PetscSectionDestroy(&s));
}

/// Asks both, compares, and lets both meshes change.
class Both : public Marker {
 public:
  Both(const FlowCase &flow, int squares, double tradeoff, const std::vector<int> &components)
      : length_(flow.length),
        width_(flow.law.components()),
        components_(components),
        policy_(loadPolicy(kPolicy, "refiner"), kPolicy) {
    RefinementCosts costs;
    costs.tradeoff = tradeoff;
    marker_ = std::make_unique<PolicyMarker>(policy_, costs);
    DM base = createPlex(Forest(flow.base(squares), PETSC_COMM_SELF), false);
    PetRLThrow(PetRLRefinerCreate(PETSC_COMM_SELF, &refiner_));
    PetRLThrow(PetRLRefinerSetDM(refiner_, base));
    PetRLThrow(DMDestroy(&base));
    PetRLThrow(PetRLRefinerSetPolicy(refiner_, kPolicy));
    PetRLThrow(PetRLRefinerSetTradeoff(refiner_, tradeoff));
    PetRLThrow(PetRLRefinerSetUnit(refiner_, costs.unit));
    PetRLThrow(PetRLRefinerSetRemeshCost(refiner_, costs.remesh));
    PetRLThrow(PetRLRefinerSetStableSteps(refiner_, PETSC_TRUE));
    PetRLThrow(PetRLRefinerSetInterval(refiner_, kSteps));
    PetRLThrow(PetRLRefinerSetMaxLevel(refiner_, kHalvings));
    const std::vector<PetscInt> which(components.begin(), components.end());
    PetRLThrow(PetRLRefinerSetComponents(refiner_, static_cast<PetscInt>(which.size()), which.data()));
    PetRLThrow(PetRLRefinerSetUp(refiner_));
    PetRLThrow(PetRLRefinerGetDM(refiner_, &dm_));
    PetRLThrow(PetscObjectReference((PetscObject)dm_));
    setSection(dm_, width_);
  }
  ~Both() override {
    (void)DMDestroy(&dm_);
    (void)PetRLRefinerDestroy(&refiner_);
  }
  Both(const Both &) = delete;
  Both &operator=(const Both &) = delete;

  bool mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) override {
    const bool change = marker_->mark(context, marks, priority);
    DMLabel label;
    // Before the first step the laboratory makes every change, as PetRLRefinerAttachTS() does.
    PetRLThrow(PetRLRefinerSetSkip(refiner_, context.round < 0 ? PETSC_TRUE : PETSC_FALSE));
    // Of components that do not count the laboratory knows no rate.
    const auto cells = static_cast<std::size_t>(context.mesh.cells);
    std::vector<double> rates(static_cast<std::size_t>(width_) * cells, 0.);
    for (std::size_t k = 0; k < components_.size(); ++k)
      std::copy_n(context.fields[k].rate, cells, &rates[static_cast<std::size_t>(components_[k]) * cells]);
    Vec u = vec(context, context.u), rate = vec(context, rates.data());
    PetRLThrow(PetRLRefinerDecide(refiner_, u, rate, context.interval, &label));
    PetRLThrow(VecDestroy(&u));
    PetRLThrow(VecDestroy(&rate));
    EXPECT_EQ(change, label != NULL);
    if (!change || !label) {
      ++kept_;
      return false;
    }
    std::vector<PetscInt> points;
    const CellMesh mesh = cellMeshFromPlex(dm_, &points);
    const Places places(context.mesh, length_);
    for (int c = 0; c < mesh.cells; ++c) {
      const int cell = places.of(mesh, c);
      const signed char expected = marks[static_cast<std::size_t>(cell)];
      PetscInt value;
      PetRLThrow(DMLabelGetValue(label, points[static_cast<std::size_t>(c)], &value));
      EXPECT_EQ(value, expected > 0   ? DM_ADAPT_REFINE
                       : expected < 0 ? DM_ADAPT_COARSEN
                                      : DM_ADAPT_KEEP)
          << "cell " << cell << ", round " << context.round << ", t " << context.t;
      ++decided_[expected];
    }
    PetRLThrow(DMDestroy(&dm_));
    PetRLThrow(PetRLRefinerAdapt(refiner_, label, &dm_));
    PetRLThrow(DMLabelDestroy(&label));
    if (!dm_) {  // what was marked cannot be had, here and there
      PetRLThrow(PetRLRefinerGetDM(refiner_, &dm_));
      PetRLThrow(PetscObjectReference((PetscObject)dm_));
    } else {
      setSection(dm_, width_);
    }
    return true;
  }
  /// Cells marked so.
  int decided(int mark) const {
    const auto found = decided_.find(mark);
    return found == decided_.end() ? 0 : found->second;
  }
  int kept() const { return kept_; }  ///< decisions to keep the mesh
  DM dm() const { return dm_; }

 private:
  // The laboratory's numbers, one component after the other, as a Vec of the refiner's mesh.
  Vec vec(const MarkContext &context, const double *values) {
    std::vector<PetscInt> points;
    const CellMesh mesh = cellMeshFromPlex(dm_, &points);
    const Places places(context.mesh, length_);
    PetscSection section;
    PetscScalar *array;
    Vec u;
    EXPECT_EQ(mesh.cells, context.mesh.cells);
    PetRLThrow(DMGetGlobalSection(dm_, &section));
    PetRLThrow(DMCreateGlobalVector(dm_, &u));
    PetRLThrow(VecGetArray(u, &array));
    for (int c = 0; c < mesh.cells; ++c) {
      PetscInt offset;
      PetRLThrow(PetscSectionGetOffset(section, points[static_cast<std::size_t>(c)], &offset));
      for (int k = 0; k < width_; ++k) array[offset + k] = values[k * mesh.cells + places.of(mesh, c)];
    }
    PetRLThrow(VecRestoreArray(u, &array));
    return u;
  }

  double length_;
  int width_;
  std::vector<int> components_;
  RefinementPolicy policy_;
  std::unique_ptr<PolicyMarker> marker_;
  PetRLRefiner refiner_ = NULL;
  DM dm_ = NULL;
  std::map<int, int> decided_;
  int kept_ = 0;
};

void compare(const std::string &family, int index, int squares, double tradeoff,
             const std::vector<int> &components = {0}) {
  SCOPED_TRACE(family + " " + std::to_string(index));
  const FlowCase flow = drawCase(family, Split::test, 7, index, {1, 1, 8, 64});
  AdaptiveSettings settings;
  settings.limits.max_level = kHalvings * flow.dim;
  settings.components = components;
  AdaptiveRun run(Forest(flow.base(squares), PETSC_COMM_SELF), flow, settings);
  Both both(flow, squares, tradeoff, components);
  for (int round = 0; round < 5; ++round)
    if (!run.decide(both, run.timeOfSteps(kSteps), round)) break;
  for (int i = 0; i < 20; ++i) {
    run.decide(both, run.timeOfSteps(kSteps));
    run.advanceTo(run.time() + run.timeOfSteps(kSteps));
  }
  // Nobody can agree for want of something to decide.
  EXPECT_GT(both.decided(1), 50);
  EXPECT_GT(both.decided(-1), 50);
  EXPECT_GT(both.decided(0), 500);
  EXPECT_GT(run.remeshes(), 1);
}

}  // namespace

TEST(SameDecision, OfFlowsOnTriangles) {
  compare("gaussian", 0, 8, 0.3);
  compare("mixed", 1, 8, 0.3);
  compare("burgers", 1, 8, 0.2);
}

TEST(SameDecision, OfAGasByOneComponentOrMore) {
  compare("shockbubble", 0, 8, 0.5);
  compare("shockbubble", 1, 8, 0.5, {0, 1, 2, 3});
}

TEST(SameDecision, OfFlowsOnIntervals) {
  compare("mixed-1d", 0, 40, 0.3);
}
