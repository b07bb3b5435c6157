// Grids, fields and files for the tests of closures.
#pragma once

#include <gtest/gtest.h>
#include <petrl.h>
#include <petscdmda.h>
#include <petscviewerhdf5.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "support/closures.hpp"
#include "support/policies.hpp"

namespace petrl::test {

inline int rankOf(MPI_Comm comm) {
  PetscMPIInt rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

/// A file that the first rank writes and all ranks name.
class SharedFile {
 public:
  SharedFile(const std::string &suffix, const std::function<void(const std::string &)> &write) {
    char name[512] = {};
    if (rankOf(PETSC_COMM_WORLD) == 0) {
      static int files = 0;
      std::snprintf(name, sizeof name, "%s", temporary(std::to_string(++files) + "-" + suffix).c_str());
      write(name);
    }
    MPI_Bcast(name, sizeof name, MPI_CHAR, 0, PETSC_COMM_WORLD);
    path = name;
  }
  explicit SharedFile(const Policy &policy)
      : SharedFile("closure.h5", [&](const std::string &p) { writePolicy(p, policy); }) {}
  ~SharedFile() {
    MPI_Barrier(PETSC_COMM_WORLD);
    if (rankOf(PETSC_COMM_WORLD) == 0) {
      std::remove(path.c_str());
      std::remove((path + ".info").c_str());
    }
  }
  std::string path;
};

/// Errors are caught instead of ending the program, and the first message is kept.
class CaughtErrors {
 public:
  CaughtErrors() { PetscPushErrorHandler(keep, &message); }
  ~CaughtErrors() { PetscPopErrorHandler(); }
  std::string message;

 private:
  static PetscErrorCode keep(MPI_Comm, int, const char *, const char *, PetscErrorCode n, PetscErrorType p,
                             const char *text, void *ctx) {
    if (p == PETSC_ERROR_INITIAL && text != nullptr) *static_cast<std::string *>(ctx) = text;
    return n;
  }
};

/// The same error on all ranks, with these words in it.
inline void expectError(const std::function<PetscErrorCode()> &f, const std::vector<std::string> &parts) {
  CaughtErrors errors;
  int failed = f() != 0 ? 1 : 0, all = failed;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  EXPECT_EQ(all, 1);
  expectParts(errors.message, parts);
}

/// A value for each component at each point, told by its place: the same on any number of ranks.
using FieldFunction = std::function<double(PetscInt i, PetscInt j, PetscInt c)>;

inline double scattered(PetscInt i, PetscInt j, PetscInt c) {
  const double x = std::sin(12.9898 * static_cast<double>(i) + 78.233 * static_cast<double>(j) + 37.719 * (c + 1.0));
  return 2 * (x * 43758.5453 - std::floor(x * 43758.5453)) - 1;
}

/// A DMDA with one Vec on it.
struct Grid {
  DM da = NULL;
  Vec x = NULL;

  Grid(MPI_Comm comm, PetscInt nx, PetscInt ny, const std::vector<std::string> &names,
       DMBoundaryType b = DM_BOUNDARY_PERIODIC) {
    const auto dof = static_cast<PetscInt>(names.size());
    DMDACreate2d(comm, b, b, DMDA_STENCIL_STAR, nx, ny, PETSC_DECIDE, PETSC_DECIDE, dof, 1, NULL, NULL, &da);
    DMSetUp(da);
    for (PetscInt c = 0; c < dof; c++) {
      if (!names[static_cast<std::size_t>(c)].empty())
        DMDASetFieldName(da, c, names[static_cast<std::size_t>(c)].c_str());
    }
    DMCreateGlobalVector(da, &x);
  }
  ~Grid() {
    VecDestroy(&x);
    DMDestroy(&da);
  }
  Grid(const Grid &) = delete;
  Grid &operator=(const Grid &) = delete;

  void fill(const FieldFunction &f) const { fill(x, f); }
  void fill(Vec v, const FieldFunction &f) const {
    each(v, [&](PetscScalar &value, PetscInt i, PetscInt j, PetscInt c) { value = f(i, j, c); });
  }
  /// Visits the own values of a Vec.
  void each(Vec v, const std::function<void(PetscScalar &, PetscInt, PetscInt, PetscInt)> &f) const {
    DMDALocalInfo info;
    PetscScalar *a;
    DMDAGetLocalInfo(da, &info);
    VecGetArray(v, &a);
    for (PetscInt j = info.ys; j < info.ys + info.ym; j++) {
      for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
        for (PetscInt c = 0; c < info.dof; c++) f(*a++, i, j, c);
      }
    }
    a = NULL;
    VecRestoreArray(v, &a);
  }
};

inline std::vector<const char *> pointers(const std::vector<std::string> &names) {
  std::vector<const char *> result;
  for (const auto &name : names) result.push_back(name.c_str());
  return result;
}

/// A closure that is destroyed with its scope.
struct ClosureOn {
  PetRLClosure closure = NULL;
  ClosureOn(DM da, const std::string &policy) {
    PetRLClosureCreate(PetscObjectComm((PetscObject)da), &closure);
    PetRLClosureSetDM(closure, da);
    PetRLClosureSetPolicy(closure, policy.c_str());
  }
  ~ClosureOn() { PetRLClosureDestroy(&closure); }
  ClosureOn(const ClosureOn &) = delete;
  ClosureOn &operator=(const ClosureOn &) = delete;
  operator PetRLClosure() const { return closure; }
};

}  // namespace petrl::test
