// PETSc's own ways from cells to a DMPlex find edges by hashing; here they are known.
#include "mesh/plex_build.hpp"

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "mesh/plex_topology.hpp"

namespace petrl {

namespace {

void setCones(DM dm, const Forest::Impl &forest, const PlexTopology &t) {
  const int d = forest.dim();
  PetRLThrow(DMPlexSetChart(dm, 0, t.points()));
  for (PetscInt c = 0; c < t.cells; ++c) PetRLThrow(DMPlexSetConeSize(dm, c, d + 1));
  for (int e = 0; e < t.edges; ++e) PetRLThrow(DMPlexSetConeSize(dm, t.edgePoint(e), 2));
  PetRLThrow(DMSetUp(dm));
  // Cones lie one after the other: those of cells, then those of edges.
  PetscInt *cone, *orientation;
  PetRLThrow(DMPlexGetCones(dm, &cone));
  PetRLThrow(DMPlexGetConeOrientations(dm, &orientation));
  if (d == 1) {
    for (int c = 0; c < t.cells; ++c)
      for (int k = 0; k < 2; ++k) *cone++ = t.vertex(forest.leaf[c].v[k]);
  } else {
    for (int c = 0; c < t.cells; ++c)
      for (const int s : {2, 0, 1}) {  // edges 01, 12, 20
        *cone++ = t.edgePoint(t.edge[3 * c + s]);
        *orientation++ = t.reversed[3 * c + s] ? -1 : 0;
      }
    for (const int v : t.ends) *cone++ = t.vertex(v);
  }
  PetRLThrow(DMPlexSymmetrize(dm));
}

/// Labels whose strata are ranges; PETSc would go through the points one by one.
void setStrata(DM dm, int d, const PlexTopology &t) {
  struct Stratum {
    PetscInt depth, type, size, start;
  };
  std::vector<Stratum> strata{{0, DM_POLYTOPE_POINT, t.vertices, t.cells},
                              {d, d == 1 ? DM_POLYTOPE_SEGMENT : DM_POLYTOPE_TRIANGLE, t.cells, 0}};
  if (d == 2) strata.push_back({1, DM_POLYTOPE_SEGMENT, t.edges, t.cells + t.vertices});
  DMLabel depth, type;
  PetRLThrow(DMCreateLabel(dm, "depth"));
  PetRLThrow(DMCreateLabel(dm, "celltype"));
  PetRLThrow(DMPlexGetDepthLabel(dm, &depth));
  PetRLThrow(DMGetLabel(dm, "celltype", &type));
  for (PetscInt k = 0; k <= d; ++k)  // on ranks without cells, too
    PetRLThrow(DMLabelAddStratum(depth, k));
  for (const Stratum &s : strata) {
    IS range;
    PetRLThrow(ISCreateStride(PETSC_COMM_SELF, s.size, s.start, 1, &range));
    PetRLThrow(DMLabelSetStratumIS(depth, s.depth, range));
    PetRLThrow(DMLabelSetStratumIS(type, s.type, range));
    PetRLThrow(ISDestroy(&range));
  }
}

PetscSection coordinateSection(PetscSection section, int d, PetscInt first, PetscInt end, PetscInt dof) {
  PetRLThrow(PetscSectionSetNumFields(section, 1));
  PetRLThrow(PetscSectionSetFieldComponents(section, 0, d));
  PetRLThrow(PetscSectionSetChart(section, first, end));
  for (PetscInt p = first; p < end; ++p) {
    PetRLThrow(PetscSectionSetDof(section, p, dof));
    PetRLThrow(PetscSectionSetFieldDof(section, p, 0, dof));
  }
  PetRLThrow(PetscSectionSetUp(section));
  return section;
}

Vec coordinateVector(int d, PetscInt size) {
  Vec v;
  PetRLThrow(VecCreate(PETSC_COMM_SELF, &v));
  PetRLThrow(PetscObjectSetName(reinterpret_cast<PetscObject>(v), "coordinates"));
  PetRLThrow(VecSetSizes(v, size, PETSC_DETERMINE));
  PetRLThrow(VecSetBlockSize(v, d));
  PetRLThrow(VecSetType(v, VECSTANDARD));
  return v;
}

/// The one place that all ranks give a vertex that periodic meshes have in several: as seen from the first base cell.
void canonicalPlace(const ForestBase &base, const ForestNode &node, double *x) {
  const int d = base.mesh.dim, slots = base.slots();
  const auto corner = [&](int k) { return &base.mesh.corner[k * d]; };
  if (node.edge < 0) {
    const int corner_vertex = -2 - node.edge, cell = base.around[base.first[corner_vertex]];
    int k = cell * slots;
    while (base.mesh.cell[k] != corner_vertex) ++k;
    std::copy(corner(k), corner(k) + d, x);
    return;
  }
  const int side = base.side[node.edge], cell = side / slots * slots, s = side % slots;
  const double *const a = corner(cell + (s + 1) % 3), *const b = corner(cell + (s + 2) % 3);
  const double t = static_cast<double>(node.position) / static_cast<double>(ForestNode::kEnd);
  for (int i = 0; i < d; ++i) x[i] = (1 - t) * a[i] + t * b[i];
}

void setCoordinates(DM dm, const Forest::Impl &forest, const PlexTopology &t) {
  const int d = forest.dim();
  PetscSection section;
  PetRLThrow(DMSetCoordinateDim(dm, d));
  PetRLThrow(DMGetCoordinateSection(dm, &section));
  coordinateSection(section, d, t.cells, t.cells + t.vertices, d);
  Vec v = coordinateVector(d, static_cast<PetscInt>(t.vertices) * d);
  PetscScalar *x;
  PetRLThrow(VecGetArrayWrite(v, &x));
  for (const Leaf &l : forest.leaf)
    for (int k = 0; k <= d; ++k)
      for (int i = 0; i < d; ++i) x[l.v[k] * d + i] = l.x[k][i];
  for (int i = 0; forest.base->periodic && i < t.vertices; ++i) {
    double place[3];
    if (forest.node[i].edge == -1) continue;
    canonicalPlace(*forest.base, forest.node[i], place);
    std::copy_n(place, d, x + i * d);
  }
  PetRLThrow(VecRestoreArrayWrite(v, &x));
  PetRLThrow(DMSetCoordinatesLocal(dm, v));
  PetRLThrow(VecDestroy(&v));
}

void setCellCoordinates(DM dm, const Forest::Impl &forest) {
  const int d = forest.dim(), n = forest.leaves(), dof = d * (d + 1);
  PetscSection section;
  DM coordinates, cells;
  PetRLThrow(DMGetCoordinateDM(dm, &coordinates));
  PetRLThrow(DMClone(coordinates, &cells));
  PetRLThrow(DMSetCellCoordinateDM(dm, cells));
  PetRLThrow(DMDestroy(&cells));
  PetRLThrow(PetscSectionCreate(PetscObjectComm(reinterpret_cast<PetscObject>(dm)), &section));
  coordinateSection(section, d, 0, n, dof);
  PetRLThrow(DMSetCellCoordinateSection(dm, d, section));
  PetRLThrow(PetscSectionDestroy(&section));
  Vec v = coordinateVector(d, static_cast<PetscInt>(n) * dof);
  PetscScalar *x;
  PetRLThrow(VecGetArrayWrite(v, &x));
  PetscScalar *to = x;
  for (const Leaf &l : forest.leaf)
    for (int k = 0; k <= d; ++k)
      for (int i = 0; i < d; ++i) *to++ = l.x[k][i];
  PetRLThrow(VecRestoreArrayWrite(v, &x));
  PetRLThrow(DMSetCellCoordinatesLocal(dm, v));
  PetRLThrow(VecDestroy(&v));
  PetscReal L[2], start[2], largest[2];
  for (int i = 0; i < d; ++i) {
    const bool periodic = forest.base->period[i] > 0;
    L[i] = periodic ? forest.base->period[i] : -1;
    start[i] = forest.base->low[i];
    largest[i] = periodic ? 0.5 * L[i] : -1;
  }
  PetRLThrow(DMSetPeriodicity(dm, largest, start, L));
}

/// Points of all sets, each sorted.
std::vector<std::vector<PetscInt>> labelledPoints(const Forest::Impl &forest, const PlexTopology &t) {
  const ForestLabels &l = *forest.labels;
  const ForestBase &base = *forest.base;
  const int slots = forest.slots();
  std::vector<std::vector<PetscInt>> points(l.sets.size());
  const auto add = [&](PetscInt point, const ForestLabels::Sets &sets, int of) {
    for (int k = sets.first[of]; k < sets.first[of + 1]; ++k) points[sets.of[k]].push_back(point);
  };
  for (int v = 0; v < t.vertices; ++v) {
    const ForestNode &node = forest.node[v];
    if (node.edge < -1) add(t.vertex(v), l.vertex, -2 - node.edge);
    if (node.edge >= 0) add(t.vertex(v), l.on_edge, node.edge);
  }
  for (int c = 0; c < t.cells && !(l.cell.empty() && l.edge.empty()); ++c) {
    const Leaf &leaf = forest.leaf[c];
    add(c, l.cell, leaf.base);
    for (int s = 0; s < slots && !l.inside_cell.empty(); ++s)
      if (forest.node[leaf.v[s]].edge == -1) add(t.vertex(leaf.v[s]), l.inside_cell, leaf.base);
    for (int s = 0; s < slots && slots == 3; ++s) {
      const PetscInt edge = t.edgePoint(t.edge[3 * c + s]);
      if (leaf.side[s] < 0)
        add(edge, l.inside_cell, leaf.base);
      else
        add(edge, l.edge, base.edge[3 * leaf.base + leaf.side[s]]);
    }
  }
  for (std::vector<PetscInt> &list : points) {  // cells share edges and vertices
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return points;
}

void setLabels(DM dm, const Forest::Impl &forest, const PlexTopology &t) {
  const ForestLabels &l = *forest.labels;
  std::vector<DMLabel> labels;
  for (const BaseLabel &base : l.labels) {
    DMLabel label;
    PetRLThrow(DMCreateLabel(dm, base.name.c_str()));
    PetRLThrow(DMGetLabel(dm, base.name.c_str(), &label));
    PetRLThrow(DMLabelSetDefaultValue(label, base.otherwise));
    PetRLThrow(DMSetLabelOutput(dm, base.name.c_str(), base.output ? PETSC_TRUE : PETSC_FALSE));
    labels.push_back(label);
  }
  const std::vector<std::vector<PetscInt>> points = labelledPoints(forest, t);
  for (std::size_t k = 0; k < points.size(); ++k) {  // strata without points on this rank, too
    IS is;
    PetRLThrow(ISCreateGeneral(PETSC_COMM_SELF, static_cast<PetscInt>(points[k].size()), points[k].data(),
                               PETSC_COPY_VALUES, &is));
    PetRLThrow(DMLabelSetStratumIS(labels[l.sets[k].label], l.sets[k].value, is));
    PetRLThrow(ISDestroy(&is));
  }
}

}  // namespace

DM createPlex(const Forest &of, bool overlap) {
  const Forest::Impl *forest = &of.impl();
  PlexTopology topology(*forest);
  std::unique_ptr<PlexOwners> owners;
  std::unique_ptr<Forest::Impl> wider;
  if (forest->size > 1) {
    owners = std::make_unique<PlexOwners>(*forest, topology);
    if (overlap) {
      wider = std::make_unique<Forest::Impl>(*forest);
      addOverlap(*wider, topology, *owners);
      forest = wider.get();
    }
  }
  DM dm;
  PetRLThrow(DMCreate(forest->comm, &dm));
  PetRLThrow(DMSetType(dm, DMPLEX));
  PetRLThrow(DMSetDimension(dm, forest->dim()));
  setCones(dm, *forest, topology);
  setStrata(dm, forest->dim(), topology);
  if (owners) setPointSF(dm, *forest, topology, *owners);
  if (wider) PetRLThrow(DMPlexSetOverlap(dm, NULL, 1));
  setCoordinates(dm, *forest, topology);
  if (forest->base->periodic) setCellCoordinates(dm, *forest);
  setLabels(dm, *forest, topology);
  return dm;
}

}  // namespace petrl
