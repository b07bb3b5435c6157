// PetRLRefiner: unknowns in cells or at vertices, wherever a section puts them.
#include <petsc/private/dmimpl.h>
#include <petscfe.h>

#include <algorithm>

#include "device/vec_view.hpp"
#include "refine/refiner.hpp"

namespace petrl {

bool RefinerSameMesh(DM a, DM b) {
  // Clones share what makes them a mesh.
  return a == b || (a && b && a->data && a->data == b->data);
}

bool RefinerHasUnknowns(DM dm) {
  return dm->localSection || dm->Nf > 0;
}

PetscErrorCode RefinerVecDM(PetRLRefiner refiner, Vec u, const RefinerMesh &mesh, const char what[], DM *dm) {
  PetscFunctionBegin;
  PetscCall(VecGetDM(u, dm));
  if (!*dm) {
    // A Vec that knows no DM: the one whose unknowns fit.
    PetscInt n, expected;
    int fits;
    PetscSection section;
    PetscCall(VecGetLocalSize(u, &n));
    PetscCheck(RefinerHasUnknowns(mesh.dm), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONG,
               "%s belongs to no DM: expected one made with DMCreateGlobalVector()", what);
    PetscCall(DMGetGlobalSection(mesh.dm, &section));
    PetscCall(PetscSectionGetConstrainedStorageSize(section, &expected));
    fits = n == expected;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &fits, 1, MPI_INT, MPI_MIN, PetscObjectComm((PetscObject)refiner)));
    PetscCheck(fits, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_SIZ,
               "%s has other unknowns (%" PetscInt_FMT " on the first rank) than the mesh (%" PetscInt_FMT ")", what, n,
               expected);
    *dm = mesh.dm;
  }
  PetscCheck(RefinerFits(refiner, *dm, mesh.dm), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONG,
             "%s belongs to another mesh than the refiner's: expected a Vec of PetRLRefinerGetDM() or of a clone of it",
             what);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Fields that say how they are made; unknowns of elements that are no averages in cells or values at vertices are
// refused. in_cell: unknowns that a component has in and around a cell. elements: how many fields there are, if all of
// them say so.
static PetscErrorCode CheckElements(DM dm, const char what[], PetscInt in_cell, PetscInt *elements) {
  PetscInt fields;

  PetscFunctionBegin;
  *elements = 0;
  PetscCall(DMGetNumFields(dm, &fields));
  for (PetscInt f = 0; f < fields; ++f) {
    PetscObject field;
    PetscClassId id;
    PetscInt size, components;
    const char *name;
    PetscCall(DMGetField(dm, f, NULL, &field));
    PetscCall(PetscObjectGetClassId(field, &id));
    // A section leaves fields behind that are mere names.
    if (id == PETSC_CONTAINER_CLASSID) continue;
    ++*elements;
    if (id != PETSCFE_CLASSID) continue;
    PetscCall(PetscFEGetDimension((PetscFE)field, &size));
    PetscCall(PetscFEGetNumComponents((PetscFE)field, &components));
    PetscCall(PetscObjectGetName(field, &name));
    PetscCheck(size == in_cell * components, PetscObjectComm((PetscObject)dm), PETSC_ERR_SUP,
               "%s: field '%s' is a finite element with %" PetscInt_FMT " unknowns on a cell for %" PetscInt_FMT
               " component%s, expected continuous linear elements, or averages (degree 0, finite volumes): "
               "discontinuous and higher ones cannot be transferred",
               what, name, size, components, components == 1 ? "" : "s");
  }
  if (*elements < fields) *elements = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerLayout(DM dm, const char what[], FieldLayout *layout) {
  MPI_Comm comm = PetscObjectComm((PetscObject)dm);
  PetscInt c_start, c_end, v_start, v_end, start, end;
  PetscSection section;
  // Largest and smallest numbers of unknowns: in cells, at vertices, elsewhere; constraints.
  int found[7] = {0, -(1 << 30), 0, -(1 << 30), 0, 0, 0};

  PetscFunctionBegin;
  PetscCheck(RefinerHasUnknowns(dm), comm, PETSC_ERR_ARG_WRONGSTATE,
             "%s: its DM has no unknowns: expected a section (DMSetLocalSection(), or DMSetField() and DMCreateDS())",
             what);
  PetscCall(DMGetLocalSection(dm, &section));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &c_start, &c_end));
  PetscCall(DMPlexGetDepthStratum(dm, 0, &v_start, &v_end));
  PetscCall(PetscSectionGetChart(section, &start, &end));
  const auto inside = [&](PetscInt p) { return p >= start && p < end; };
  const auto note = [&](PetscInt first, PetscInt last, int *most) {
    for (PetscInt p = first; p < last; ++p) {
      PetscInt dof = 0;
      if (inside(p)) PetscCall(PetscSectionGetDof(section, p, &dof));
      most[0] = std::max(most[0], static_cast<int>(dof));
      most[1] = std::max(most[1], -static_cast<int>(dof));
    }
    return PETSC_SUCCESS;
  };
  PetscCall(note(c_start, c_end, &found[0]));
  PetscCall(note(v_start, v_end, &found[2]));
  PetscInt all, known = 0;
  PetscBool constrained;
  PetscCall(PetscSectionGetStorageSize(section, &all));
  PetscCall(PetscSectionHasConstraints(section, &constrained));
  PetscInt ghosts;
  PetscCall(PETRL_PLEX_GHOST_CELLS(dm, &ghosts, NULL));
  if (constrained && ghosts >= 0) {
    // Ghost cells beyond the boundary are no unknowns; what else is constrained?
    constrained = PETSC_FALSE;
    for (PetscInt p = start; p < end && !constrained; ++p) {
      PetscInt n = 0;
      if (p < ghosts || p >= c_end) PetscCall(PetscSectionGetConstraintDof(section, p, &n));
      if (n > 0) constrained = PETSC_TRUE;
    }
  }
  known = found[0] == -found[1] && found[2] == -found[3] ? found[0] * (c_end - c_start) + found[2] * (v_end - v_start)
                                                         : all;
  found[4] = known != all;
  found[5] = constrained;
  found[6] = found[0] > 0 && found[2] > 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, found, 7, MPI_INT, MPI_MAX, comm));
  PetscCheck(!found[4], comm, PETSC_ERR_SUP,
             "%s has unknowns on edges: expected the same number in each cell, or at each vertex, and none elsewhere",
             what);
  PetscCheck(!found[6], comm, PETSC_ERR_SUP,
             "%s has unknowns in cells and at vertices: expected the same number in each cell, or at each vertex",
             what);
  layout->vertices = found[2] > 0;
  const int most = found[layout->vertices ? 2 : 0], least = -found[layout->vertices ? 3 : 1];
  PetscCheck(most > 0, comm, PETSC_ERR_SUP, "%s has no unknowns in cells or at vertices", what);
  PetscCheck(most == least, comm, PETSC_ERR_SUP,
             "%s has from %d to %d unknowns %s, expected the same number everywhere", what, least, most,
             layout->vertices ? "at a vertex" : "in a cell");
  layout->width = most;
  layout->constrained = found[5];
  PetscInt dim, elements;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCall(CheckElements(dm, what, layout->vertices ? dim + 1 : 1, &elements));
  PetscCheck(!found[5] || (layout->vertices && elements > 0), comm, PETSC_ERR_SUP,
             "%s has constrained unknowns that cannot be made again on another mesh: expected DMAddBoundary() with "
             "linear finite elements (or boundary values imposed weakly, or in the equations)",
             what);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// As `from` has it: fields, components, names.
static PetscErrorCode CopySection(DM from, DM to, const FieldLayout &layout) {
  PetscSection old, section;
  PetscInt fields, start, end, first, last, sample = 0, s_start, s_end;

  PetscFunctionBegin;
  PetscCall(DMGetLocalSection(from, &old));
  PetscCall(PetscSectionGetNumFields(old, &fields));
  PetscCall(PetscSectionCreate(PetscObjectComm((PetscObject)to), &section));
  std::vector<PetscInt> dof;
  PetRLCallCXX(dof.assign(std::max<PetscInt>(fields, 1), 0));
  if (fields > 0) PetscCall(PetscSectionSetNumFields(section, fields));
  // What a cell (a vertex) has of each field: all have the same.
  if (layout.vertices)
    PetscCall(DMPlexGetDepthStratum(from, 0, &sample, NULL));
  else
    PetscCall(DMPlexGetHeightStratum(from, 0, &sample, NULL));
  PetscCall(PetscSectionGetChart(old, &s_start, &s_end));
  for (PetscInt f = 0; f < fields; ++f) {
    PetscInt components;
    const char *name;
    PetscCall(PetscSectionGetFieldComponents(old, f, &components));
    PetscCall(PetscSectionSetFieldComponents(section, f, components));
    PetscCall(PetscSectionGetFieldName(old, f, &name));
    PetscCall(PetscSectionSetFieldName(section, f, name));
    for (PetscInt c = 0; c < components; ++c) {
      PetscCall(PetscSectionGetComponentName(old, f, c, &name));
      PetscCall(PetscSectionSetComponentName(section, f, c, name));
    }
    if (sample >= s_start && sample < s_end) PetscCall(PetscSectionGetFieldDof(old, sample, f, &dof[f]));
  }
  // Ranks without cells have none to look at.
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, dof.data(), static_cast<PetscMPIInt>(dof.size()), MPIU_INT, MPI_MAX,
                             PetscObjectComm((PetscObject)to)));
  PetscCall(DMPlexGetChart(to, &start, &end));
  PetscCall(PetscSectionSetChart(section, start, end));
  if (layout.vertices)
    PetscCall(DMPlexGetDepthStratum(to, 0, &first, &last));
  else
    PetscCall(DMPlexGetHeightStratum(to, 0, &first, &last));
  for (PetscInt p = first; p < last; ++p) {
    PetscCall(PetscSectionSetDof(section, p, layout.width));
    for (PetscInt f = 0; f < fields; ++f) PetscCall(PetscSectionSetFieldDof(section, p, f, dof[f]));
  }
  PetscCall(PetscSectionSetUp(section));
  PetscCall(DMSetLocalSection(to, section));
  PetscCall(PetscSectionDestroy(&section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Labels that new meshes do not have: made on a mesh that was adapted already, or on a clone.
static PetscErrorCode WarnOfLabels(PetRLRefiner refiner, DM from, DM to) {
  RefinerData &r = *refiner->data;
  PetscInt labels;

  PetscFunctionBegin;
  if (r.said_labels || r.reset) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMGetNumLabels(from, &labels));
  for (PetscInt i = 0; i < labels; ++i) {
    const char *name;
    PetscBool there;
    PetscCall(DMGetLabelName(from, i, &name));
    PetscCall(DMHasLabel(to, name, &there));
    // Those of DMPlexConstructGhostCells() are made again.
    if (there || (r.ts.ghosts && (std::string(name) == "ghost" || std::string(name) == "vtk"))) continue;
    r.said_labels = true;
    PetscCall(PetscPrintf(PetscObjectComm((PetscObject)refiner),
                          "PetRL warning: the label '%s' was made on an adapted mesh or on a clone, and is not on the "
                          "next mesh: make it on the mesh of PetRLRefinerSetDM() or on the first one of "
                          "PetRLRefinerGetDM(), or on each one (PetRLRefinerSetResetFunction()); reported once\n",
                          name));
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Of the DM itself (PETSC_DEFAULT), and of each field.
PetscErrorCode RefinerCopyAdjacency(DM from, DM to) {
  PetscInt fields, there;
  PetscBool cone, closure;

  PetscFunctionBegin;
  PetscCall(DMGetNumFields(from, &fields));
  PetscCall(DMGetNumFields(to, &there));
  for (PetscInt f = PETSC_DEFAULT; f < std::min(fields, there); f = f < 0 ? 0 : f + 1) {
    PetscCall(DMGetAdjacency(from, f, &cone, &closure));
    PetscCall(DMSetAdjacency(to, f, cone, closure));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerCopyDM(PetRLRefiner refiner, DM from, DM to, const FieldLayout &layout) {
  PetscInt elements, dim, systems;
  void *context;
  VecType vec_type;
  MatType mat_type;

  PetscFunctionBegin;
  PetscCall(WarnOfLabels(refiner, from, to));
  PetscCall(DMGetVecType(from, &vec_type));
  PetscCall(DMSetVecType(to, vec_type));
  PetscCall(DMGetMatType(from, &mat_type));
  PetscCall(DMSetMatType(to, mat_type));
  PetscCall(DMGetApplicationContext(from, &context));
  PetscCall(DMSetApplicationContext(to, context));
  PetscCall(DMGetDimension(from, &dim));
  PetscCall(CheckElements(from, "The DM", layout.vertices ? dim + 1 : 1, &elements));
  if (elements > 0) PetscCall(DMCopyDisc(from, to));
  if (layout.constrained) {
    FieldLayout made;
    PetscCall(RefinerLayout(to, "The new mesh", &made));  // of the fields and their boundaries
    PetscCheck(made.vertices && made.width == layout.width, PetscObjectComm((PetscObject)to), PETSC_ERR_SUP,
               "The fields of the DM give %" PetscInt_FMT " unknowns at a vertex, its section has %" PetscInt_FMT
               ": expected the same where boundary values are constrained",
               made.width, layout.width);
  } else {
    PetscCall(CopySection(from, to, layout));
  }
  PetscCall(RefinerCopyAdjacency(from, to));  // sections bring fields along, with one of their own
  // Matrices of later PETSc ask for a DS even where a section says all.
  PetscCall(DMGetNumDS(from, &systems));
  if (systems > 0 && elements == 0) PetscCall(DMCreateDS(to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerGetCells(DM dm, Vec u, const RefinerMesh &mesh, PetscInt width, double *values) {
  device::VecView view;
  PetscSection section;
  const PetscScalar *array;
  PetscInt first;

  PetscFunctionBegin;
  PetscCall(DMGetGlobalSection(dm, &section));
  PetscCall(VecGetOwnershipRange(u, &first, NULL));
  PetscCall(view.beginRead(u, device::Space::host, &array));
  for (int c = 0; c < mesh.cells.owned; ++c) {
    PetscInt offset;
    PetscCall(PetscSectionGetOffset(section, mesh.points[c], &offset));
    values = std::copy_n(reinterpret_cast<const PetscReal *>(array + offset - first), width, values);
  }
  PetscCall(view.end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerSetCells(DM dm, Vec u, const RefinerMesh &mesh, PetscInt width, const double *values) {
  device::VecView view;
  PetscSection section;
  PetscScalar *array;
  PetscInt first;

  PetscFunctionBegin;
  PetscCall(DMGetGlobalSection(dm, &section));
  PetscCall(VecGetOwnershipRange(u, &first, NULL));
  PetscCall(view.begin(u, device::Space::host, device::Access::write, &array));
  for (int c = 0; c < mesh.cells.owned; ++c) {
    PetscInt offset;
    PetscCall(PetscSectionGetOffset(section, mesh.points[c], &offset));
    std::copy_n(values, width, reinterpret_cast<PetscReal *>(array + offset - first));
    values += width;
  }
  PetscCall(view.end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerGetVertices(PetRLRefiner refiner, DM dm, Vec u, PetscInt width, bool rate,
                                  std::vector<double> &values) {
  const PetscReal time = refiner->data->time;
  PetscBool constrained;
  device::VecView view;
  PetscSection section;
  const PetscScalar *array;
  PetscInt start, end;
  Vec local;

  PetscFunctionBegin;
  PetscCall(DMPlexGetDepthStratum(dm, 0, &start, &end));
  PetRLCallCXX(values.resize(static_cast<std::size_t>((end - start) * width)));
  PetscCall(DMGetLocalSection(dm, &section));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(PetscSectionHasConstraints(section, &constrained));
  if (constrained) PetscCall(VecZeroEntries(local));
  PetscCall(DMGlobalToLocal(dm, u, INSERT_VALUES, local));
  if (constrained && rate)
    PetscCall(DMPlexInsertTimeDerivativeBoundaryValues(dm, PETSC_TRUE, local, time, NULL, NULL, NULL));
  else if (constrained)
    PetscCall(DMPlexInsertBoundaryValues(dm, PETSC_TRUE, local, time, NULL, NULL, NULL));
  PetscCall(view.beginRead(local, device::Space::host, &array));
  double *to = values.data();
  for (PetscInt v = start; v < end; ++v) {
    PetscInt offset;
    PetscCall(PetscSectionGetOffset(section, v, &offset));
    to = std::copy_n(reinterpret_cast<const PetscReal *>(array + offset), width, to);
  }
  PetscCall(view.end());
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerSetVertices(DM dm, Vec u, PetscInt width, const std::vector<double> &values) {
  device::VecView view;
  PetscSection section;
  PetscScalar *array;
  PetscInt start, end;
  Vec local;

  PetscFunctionBegin;
  PetscCall(DMPlexGetDepthStratum(dm, 0, &start, &end));
  PetscCall(DMGetLocalSection(dm, &section));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(VecZeroEntries(local));
  PetscCall(view.begin(local, device::Space::host, device::Access::both, &array));
  // Ghosts' vertices may have no values here: they belong to others.
  const auto have = static_cast<PetscInt>(values.size()) / width;
  for (PetscInt v = start; v < std::min(end, start + have); ++v) {
    PetscInt offset;
    PetscCall(PetscSectionGetOffset(section, v, &offset));
    std::copy_n(&values[static_cast<std::size_t>((v - start) * width)], width,
                reinterpret_cast<PetscReal *>(array + offset));
  }
  PetscCall(view.end());
  PetscCall(DMLocalToGlobal(dm, local, INSERT_VALUES, u));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void RefinerMeans(const CellMesh &mesh, PetscInt width, const std::vector<double> &vertices, double *cells) {
  const int slots = mesh.slots();
  for (int c = 0; c < mesh.cells; ++c)
    for (PetscInt w = 0; w < width; ++w) {
      double sum = 0;
      for (int s = 0; s < slots; ++s) sum += vertices[static_cast<std::size_t>(mesh.vertex[c * slots + s] * width + w)];
      *cells++ = sum / slots;
    }
}

}  // namespace petrl
