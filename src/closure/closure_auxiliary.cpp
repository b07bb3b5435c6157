// PetRLClosure: fields that the policy observes, read from a file.
#include <petscviewerhdf5.h>
#include <sys/stat.h>

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
  PetscInt nx, ny;
  PetscBool there;
  hid_t file;
  hsize_t n[8] = {};

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(c.dm, NULL, &nx, &ny, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(PetscViewerHDF5HasDataset(viewer, name.c_str(), &there));
  PetscCheck(there, comm, PETSC_ERR_FILE_UNEXPECTED, "-closure_auxiliary %s: has no dataset '%s'", c.auxiliary.c_str(),
             name.c_str());
  PetscCall(PetscViewerHDF5GetFileId(viewer, &file));
  const hid_t dataset = H5Dopen2(file, name.c_str(), H5P_DEFAULT), space = H5Dget_space(dataset);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  if (dimensions > 0 && dimensions <= 8) H5Sget_simple_extent_dims(space, n, NULL);
  H5Sclose(space);
  H5Dclose(dataset);
  PetscCheck((dimensions == 2 || (dimensions == 3 && n[2] == 1)) && n[0] == (hsize_t)ny && n[1] == (hsize_t)nx, comm,
             PETSC_ERR_FILE_UNEXPECTED,
             "-closure_auxiliary %s: dataset '%s': expected %" PetscInt_FMT " x %" PetscInt_FMT
             " values (y, x), found %d dimensions, %lld x %lld",
             c.auxiliary.c_str(), name.c_str(), ny, nx, dimensions, (long long)n[0], (long long)n[1]);
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
  PetscInt nx, ny;
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
  PetscCall(DMDAGetInfo(c.dm, NULL, &nx, &ny, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(PlainGrid(closure, 1, &single));
  if (hdf5) {
    PetscCall(OpenHDF5(closure, &viewer));
    PetscCall(ReadHDF5(closure, viewer, single));
  } else {
    const long long values = (long long)nx * ny * (long long)c.read_names.size();
    const long long expected = 2 * (long long)sizeof(PetscInt) + values * (long long)sizeof(PetscScalar);
    PetscCheck(size >= expected, comm, PETSC_ERR_FILE_UNEXPECTED,
               "-closure_auxiliary %s: expected a binary Vec of %" PetscInt_FMT " x %" PetscInt_FMT
               " points with the components %s (%lld bytes), found %lld bytes",
               c.auxiliary.c_str(), nx, ny, joined(c.read_names, ", ").c_str(), expected, size);
    PetscCall(PetscViewerBinaryOpen(comm, c.auxiliary.c_str(), FILE_MODE_READ, &viewer));
    PetscCall(ReadBinary(closure, viewer, single));
  }
  PetscCall(PetscViewerDestroy(&viewer));
  PetscCall(DMDestroy(&single));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
