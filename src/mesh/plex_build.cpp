// PETSc's own ways from cells to a DMPlex find edges by hashing; here they are known.
#include "mesh/plex_build.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/error.hpp"
#include "mesh/plex_topology.hpp"

namespace petrl {

namespace {

/// A triangle's cone starts at its lowest corner and goes on to the next; edges run from lower to higher corners: the
/// same on all ranks, since `order` is. PETSc's cells are left-handed: its corners 1 and 2 are ours 2 and 1.
void setTetCones(PetscInt *cone, PetscInt *orientation, const Forest::Impl &forest, const PlexTopology &t,
                 const std::vector<std::uint64_t> &order) {
  static constexpr int opposite[4] = {3, 1, 2, 0}, corner[4][3] = {{0, 2, 1}, {0, 3, 2}, {0, 1, 3}, {1, 2, 3}};
  // By the places of a face's first two corners among its corners in order.
  static constexpr int turn[3][3] = {{9, 0, -2}, {-3, 9, 1}, {2, -1, 9}};
  std::vector<int> face(3 * static_cast<std::size_t>(t.triangles));  // their edges
  for (int c = 0; c < t.cells; ++c) {
    const int *const v = forest.tet[c].v;
    for (int k = 0; k < 4; ++k) {
      const int *const at = corner[k], f = t.triangle[4 * c + opposite[k]];
      int place[3], sorted[3];
      for (int i = 0; i < 3; ++i) {
        place[i] = 0;
        for (int j = 0; j < 3; ++j) place[i] += order[v[at[j]]] < order[v[at[i]]];
        sorted[place[i]] = at[i];
      }
      *cone++ = t.trianglePoint(f);
      *orientation++ = turn[place[0]][place[1]];
      for (int i = 0; i < 3; ++i)
        face[3 * f + i] = t.edge[6 * c + tetEdge(1 << sorted[i] | 1 << sorted[(i + 1) % 3])];
    }
  }
  for (int f = 0; f < t.triangles; ++f)
    for (int i = 0; i < 3; ++i) {
      *cone++ = t.edgePoint(face[3 * f + i]);
      *orientation++ = i == 2 ? -1 : 0;
    }
  for (int e = 0; e < t.edges; ++e) {
    const bool turned = order[t.ends[2 * e]] > order[t.ends[2 * e + 1]];
    *cone++ = t.vertex(t.ends[2 * e + turned]);
    *cone++ = t.vertex(t.ends[2 * e + !turned]);
  }
}

void setCones(DM dm, const Forest::Impl &forest, const PlexTopology &t, const std::vector<std::uint64_t> &order) {
  const int d = forest.dim();
  PetRLThrow(DMPlexSetChart(dm, 0, t.points()));
  for (PetscInt c = 0; c < t.cells; ++c) PetRLThrow(DMPlexSetConeSize(dm, c, d + 1));
  for (int f = 0; f < t.triangles; ++f) PetRLThrow(DMPlexSetConeSize(dm, t.trianglePoint(f), 3));
  for (int e = 0; e < t.edges; ++e) PetRLThrow(DMPlexSetConeSize(dm, t.edgePoint(e), 2));
  PetRLThrow(DMSetUp(dm));
  // Cones lie one after the other: those of cells, then those of triangles and edges.
  PetscInt *cone, *orientation;
  PetRLThrow(DMPlexGetCones(dm, &cone));
  PetRLThrow(DMPlexGetConeOrientations(dm, &orientation));
  if (d == 3) {
    setTetCones(cone, orientation, forest, t, order);
  } else if (d == 1) {
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
  static constexpr DMPolytopeType cell[] = {DM_POLYTOPE_SEGMENT, DM_POLYTOPE_TRIANGLE, DM_POLYTOPE_TETRAHEDRON};
  std::vector<Stratum> strata{{0, DM_POLYTOPE_POINT, t.vertices, t.cells}, {d, cell[d - 1], t.cells, 0}};
  if (d == 3) strata.push_back({2, DM_POLYTOPE_TRIANGLE, t.triangles, t.trianglePoint(0)});
  if (d >= 2) strata.push_back({1, DM_POLYTOPE_SEGMENT, t.edges, t.edgePoint(0)});
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
  forest.withLeaves([&](const auto &all) {
    for (const auto &l : all)
      for (int k = 0; k <= d; ++k)
        for (int i = 0; i < d; ++i) x[l.v[k] * d + i] = l.x[k][i];
  });
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

using AddPoint = std::function<void(PetscInt, const ForestLabels::Sets &, int)>;

void addTetPoints(const Forest::Impl &forest, const PlexTopology &t, const AddPoint &add) {
  const ForestLabels &l = *forest.labels;
  const int faces = forest.base->facets();
  const auto addOn = [&](PetscInt point, int carrier, int cell, const ForestLabels::Sets &on_face,
                         const ForestLabels::Sets &on_edge) {
    if (carrier < 0)
      add(point, l.inside_cell, cell);
    else if (carrier < faces)
      add(point, on_face, carrier);
    else
      add(point, on_edge, carrier - faces);
  };
  for (int v = 0; v < t.vertices; ++v) {
    const int on = forest.node[v].edge;
    if (on < -1)
      add(t.vertex(v), l.vertex, -2 - on);
    else if (on >= 0)
      addOn(t.vertex(v), on, -1, l.on_face, l.on_edge);
  }
  for (int c = 0; c < t.cells && !(l.cell.empty() && l.face.empty() && l.edge.empty()); ++c) {
    const Tetrahedron &leaf = forest.tet[c];
    add(c, l.cell, leaf.base);
    for (int k = 0; k < 4; ++k) {
      const int side = leaf.side(k);
      if (forest.node[leaf.v[k]].edge == -1) add(t.vertex(leaf.v[k]), l.inside_cell, leaf.base);
      addOn(t.trianglePoint(t.triangle[4 * c + k]), side < 0 ? -1 : forest.base->edge[4 * leaf.base + side], leaf.base,
            l.face, l.edge);
    }
    for (int e = 0; e < 6; ++e)
      addOn(t.edgePoint(t.edge[6 * c + e]),
            forest.carrier(leaf.base, leaf.mask[kTetEdge[e][0]] | leaf.mask[kTetEdge[e][1]]), leaf.base, l.on_face,
            l.edge);
  }
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
  if (slots == 4) addTetPoints(forest, t, add);
  for (int v = 0; v < t.vertices && slots < 4; ++v) {
    const ForestNode &node = forest.node[v];
    if (node.edge < -1) add(t.vertex(v), l.vertex, -2 - node.edge);
    if (node.edge >= 0) add(t.vertex(v), l.on_edge, node.edge);
  }
  for (int c = 0; c < t.cells && slots < 4 && !(l.cell.empty() && l.edge.empty()); ++c) {
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
  std::vector<std::uint64_t> order;  // of vertices, the same on all ranks
  for (int v = 0; v < topology.vertices && forest->dim() == 3; ++v)
    order.push_back(owners ? std::uint64_t(owners->vertex[v].rank) << 32 | static_cast<unsigned>(owners->vertex[v].number)
                           : static_cast<unsigned>(v));
  setCones(dm, *forest, topology, order);
  setStrata(dm, forest->dim(), topology);
  if (owners) setPointSF(dm, *forest, topology, *owners);
  if (wider) PetRLThrow(DMPlexSetOverlap(dm, NULL, 1));
  setCoordinates(dm, *forest, topology);
  if (forest->base->periodic) setCellCoordinates(dm, *forest);
  setLabels(dm, *forest, topology);
  return dm;
}

}  // namespace petrl
