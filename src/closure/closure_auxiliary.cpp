// PetRLClosure: fields that the policy observes, read from a file.
#include <petscviewerhdf5.h>
#include <sys/stat.h>

#include <algorithm>

#include "closure/closure.hpp"

namespace petrl {

namespace {

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// A grid like the state's, as VecLoad() wants it: it knows the order of the points in files.
PetscErrorCode PlainGrid(PetRLClosure closure, PetscInt dof, DM *grid) {
  Closure &c = *closure->data;
  PetscFunctionBegin;
  PetscCall(DMDACreateCompatibleDMDA(c.dm, dof, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ReadBinary(PetRLClosure closure, PetscViewer viewer, DM single) {
  Closure &c = *closure->data;
  const auto n = static_cast<PetscInt>(c.read_names.size());
  DM grid;
  Vec all;

  PetscFunctionBegin;
  PetscCall(PlainGrid(closure, n, &grid));
  PetscCall(DMCreateGlobalVector(grid, &all));
  PetscCall(VecSetBlockSize(all, n));
  PetscCall(VecLoad(all, viewer));
  for (PetscInt i = 0; i < n; i++) {
    Vec one;
    PetscCall(DMCreateGlobalVector(single, &one));
    PetRLCallCXX(c.read.push_back(one));
    PetscCall(VecStrideGather(all, i, one, INSERT_VALUES));
  }
  PetscCall(VecDestroy(&all));
  PetscCall(DMDestroy(&grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#if PetscDefined(HAVE_HDF5)
// PETSc reads the corner of an array that is larger than the grid without a word.
PetscErrorCode CheckDataset(PetRLClosure closure, PetscViewer viewer, const std::string &name) {
  const Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  GridShape grid;
  PetscBool there;
  hid_t file;
  hsize_t n[8] = {};

  PetscFunctionBegin;
  PetscCall(ClosureGridShape(c.dm, &grid));
  PetscCall(PetscViewerHDF5HasDataset(viewer, name.c_str(), &there));
  PetscCheck(there, comm, PETSC_ERR_FILE_UNEXPECTED, "-closure_auxiliary %s: has no dataset '%s'", c.auxiliary.c_str(),
             name.c_str());
  PetscCall(PetscViewerHDF5GetFileId(viewer, &file));
  const hid_t dataset = H5Dopen2(file, name.c_str(), H5P_DEFAULT), space = H5Dget_space(dataset);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  if (dimensions > 0 && dimensions <= 8) H5Sget_simple_extent_dims(space, n, NULL);
  H5Sclose(space);
  H5Dclose(dataset);
  const auto dim = static_cast<int>(grid.dim);
  bool fits = dimensions == dim || (dimensions == dim + 1 && n[dim] == 1);
  std::string expected, found;
  for (int d = 0; d < dim; ++d) {
    fits = fits && n[d] == static_cast<hsize_t>(grid.n[dim - 1 - d]);
    PetRLCallCXX(expected += (d > 0 ? " x " : "") + std::to_string(grid.n[dim - 1 - d]));
  }
  for (int d = 0; d < std::min(dimensions, 8); ++d) PetRLCallCXX(found += (d > 0 ? " x " : "") + std::to_string(n[d]));
  PetscCheck(fits, comm, PETSC_ERR_FILE_UNEXPECTED,
             "-closure_auxiliary %s: dataset '%s': expected %s values (%s), found %d dimensions, %s",
             c.auxiliary.c_str(), name.c_str(), expected.c_str(),
             dim == 3   ? "z, y, x"
             : dim == 2 ? "y, x"
                        : "x",
             dimensions, found.c_str());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ReadHDF5(PetRLClosure closure, PetscViewer viewer, DM single) {
  Closure &c = *closure->data;
  PetscFunctionBegin;
  for (const auto &name : c.read_names) {
    Vec one;
    PetscCall(CheckDataset(closure, viewer, name));
    PetscCall(DMCreateGlobalVector(single, &one));
    PetRLCallCXX(c.read.push_back(one));
    PetscCall(PetscObjectSetName((PetscObject)one, name.c_str()));
    PetscCall(VecLoad(one, viewer));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode OpenHDF5(PetRLClosure closure, PetscViewer *viewer) {
  return PetscViewerHDF5Open(PetscObjectComm((PetscObject)closure), closure->data->auxiliary.c_str(), FILE_MODE_READ,
                             viewer);
}
#else
PetscErrorCode ReadHDF5(PetRLClosure, PetscViewer, DM) {
  return PETSC_SUCCESS;
}

PetscErrorCode OpenHDF5(PetRLClosure closure, PetscViewer *) {
  SETERRQ(PetscObjectComm((PetscObject)closure), PETSC_ERR_SUP,
          "-closure_auxiliary %s: this PETSc was built without HDF5; expected a file of VecView() in binary",
          closure->data->auxiliary.c_str());
}
#endif

}  // namespace

PetscErrorCode ClosureReadAuxiliary(PetRLClosure closure, const std::vector<std::string> &names) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  const bool hdf5 = endsWith(c.auxiliary, ".h5") || endsWith(c.auxiliary, ".hdf5");
  PetscViewer viewer;
  GridShape grid;
  PetscMPIInt rank;
  DM single;

  PetscFunctionBegin;
  PetRLCallCXX(c.read_names = c.auxiliary_names.empty() ? names : c.auxiliary_names);
  if (c.read_names.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  // PETSc's own words for a file that is not there, or is too short, do not name the option.
  long long size = -1;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    struct stat info;
    if (stat(c.auxiliary.c_str(), &info) == 0) size = static_cast<long long>(info.st_size);
  }
  PetscCallMPI(MPI_Bcast(&size, 1, MPI_LONG_LONG, 0, comm));
  PetscCheck(size >= 0, comm, PETSC_ERR_FILE_OPEN, "-closure_auxiliary %s: cannot be opened", c.auxiliary.c_str());
  PetscCall(ClosureGridShape(c.dm, &grid));
  PetscCall(PlainGrid(closure, 1, &single));
  if (hdf5) {
    PetscCall(OpenHDF5(closure, &viewer));
    PetscCall(ReadHDF5(closure, viewer, single));
  } else {
    const long long points = (long long)grid.n[0] * grid.n[1] * grid.n[2];
    const long long values = points * (long long)c.read_names.size();
    const long long expected = 2 * (long long)sizeof(PetscInt) + values * (long long)sizeof(PetscScalar);
    PetscCheck(size >= expected, comm, PETSC_ERR_FILE_UNEXPECTED,
               "-closure_auxiliary %s: expected a binary Vec of %s points with the components %s (%lld bytes), found "
               "%lld bytes",
               c.auxiliary.c_str(), grid.text().c_str(), joined(c.read_names, ", ").c_str(), expected, size);
    PetscCall(PetscViewerBinaryOpen(comm, c.auxiliary.c_str(), FILE_MODE_READ, &viewer));
    PetscCall(ReadBinary(closure, viewer, single));
  }
  PetscCall(PetscViewerDestroy(&viewer));
  PetscCall(DMDestroy(&single));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
