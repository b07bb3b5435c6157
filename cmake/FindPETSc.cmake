# Finds PETSc through its pkg-config file (set PETSC_DIR and PETSC_ARCH for one that is not in the system's path).
# PETSC_REAL_DOUBLE tells whether its scalars are real numbers of double precision, PETSC_PKGCONFIG where its file lies.
# Defines the imported target PETSc::PETSc, which carries MPI's include directories and libraries along.
find_package(PkgConfig REQUIRED)
if(DEFINED ENV{PETSC_DIR})
  set(ENV{PKG_CONFIG_PATH} "$ENV{PETSC_DIR}/$ENV{PETSC_ARCH}/lib/pkgconfig:$ENV{PETSC_DIR}/lib/pkgconfig:$ENV{PKG_CONFIG_PATH}")
endif()
pkg_check_modules(PETSC QUIET IMPORTED_TARGET GLOBAL PETSc>=3.18)
pkg_get_variable(PETSC_PKGCONFIG PETSc pcfiledir)
include(FindPackageHandleStandardArgs)
find_file(PETSC_CONF petscconf.h PATHS ${PETSC_INCLUDE_DIRS} NO_DEFAULT_PATH NO_CACHE)
set(PETSC_REAL_DOUBLE FALSE)
if(PETSC_CONF)
  file(STRINGS "${PETSC_CONF}" PETSC_DOUBLE REGEX "define PETSC_USE_REAL_DOUBLE")
  file(STRINGS "${PETSC_CONF}" PETSC_COMPLEX REGEX "define PETSC_USE_COMPLEX")
  if(PETSC_DOUBLE AND NOT PETSC_COMPLEX)
    set(PETSC_REAL_DOUBLE TRUE)
  endif()
endif()
find_package_handle_standard_args(PETSc REQUIRED_VARS PETSC_LINK_LIBRARIES VERSION_VAR PETSC_VERSION
  REASON_FAILURE_MESSAGE "pkg-config finds no PETSc >= 3.18: install petsc-dev, or set PETSC_DIR and PETSC_ARCH")
if(PETSc_FOUND AND NOT TARGET PETSc::PETSc)
  find_package(MPI REQUIRED COMPONENTS C CXX)
  add_library(PETSc::PETSc INTERFACE IMPORTED GLOBAL)
  # Headers of PETSc and MPI are not ours to warn about.
  target_include_directories(PETSc::PETSc SYSTEM INTERFACE ${PETSC_INCLUDE_DIRS})
  target_link_libraries(PETSc::PETSc INTERFACE ${PETSC_LINK_LIBRARIES} MPI::MPI_C)
  target_compile_definitions(PETSc::PETSc INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
endif()
