# Copyright 2026 the PetRL developers
#
# SPDX-License-Identifier: BSD-2-Clause

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Petrl(CMakePackage):
    """Learned decisions inside PETSc solvers: when to step (TSAdapt), what a coarse grid cannot see (closures), where a
    mesh should be fine (refiners). A plugin for unmodified programs (-dll_append libpetrl.so) and a library."""

    # PetRL has no site of its own; `git` is where your checkout lies.
    homepage = "https://petsc.org"
    git = "file:///path/to/petrl"

    license("BSD-2-Clause")

    version("main", branch="main")

    variant("problems", default=True, description="Build libpetrl_problems: equations and studies")
    variant("torch", default=False, description="Build libpetrl_torch: TorchScript and GPUs")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.22:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("cli11", type="build")

    depends_on("mpi")
    depends_on("petsc@3.18:3.26 +mpi +shared")
    depends_on("hdf5+mpi")
    depends_on("yaml-cpp")
    with when("+problems"):
        # The equations are those of real numbers in double precision.
        depends_on("petsc~complex+double")
        depends_on("fftw")
        depends_on("lapack")
        depends_on("zlib-api")
    depends_on("py-torch", when="+torch")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define("PETRL_BUILD_TESTS", False),
            self.define_from_variant("PETRL_BUILD_PROBLEMS", "problems"),
            self.define_from_variant("PETRL_BUILD_TORCH", "torch"),
        ]

    def setup_build_environment(self, env: EnvironmentModifications) -> None:
        env.set("PETSC_DIR", self.spec["petsc"].prefix)
        env.unset("PETSC_ARCH")

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_command(self):
        Executable(self.prefix.bin.petrl)("info", "default")
