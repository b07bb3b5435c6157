"""The package as its users get it: installed, then found by find_package and by pkg-config, built, run."""
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys

from harness import BUILD, main, run, write_policy

HERE = os.path.dirname(os.path.abspath(__file__))
CMAKE = os.environ.get("CMAKE_COMMAND", "cmake")
PREFIX = os.path.join(BUILD, "tests", "consumer", "prefix")  # made by the first scenario, used by the others


def library(prefix=PREFIX):
    return os.path.dirname(glob.glob(f"{prefix}/lib*/**/libpetrl.so", recursive=True)[0])


def program_works(program, folder, env=None):
    policy = write_policy(f"{folder}/p.h5", "error-ratio", 0.5, 1.0, 0.8)
    r = run(program, "-ts_adapt_rl_policy", policy, "-ts_view", env=env).ok()
    r.says("rl: it decides", "backend native")


def installed(folder):
    shutil.rmtree(PREFIX, ignore_errors=True)
    run(CMAKE, "--install", BUILD, "--prefix", PREFIX, timeout=120).ok()
    for name in ("include/petrl.h", "include/petrllearn.h", "include/petrllearngrid.h", "include/petrladapt.h", "bin/petrl", "lib*/**/libpetrl.so",
                 "lib*/**/cmake/PetRL/PetRLConfig.cmake", "lib*/**/pkgconfig/petrl.pc",
                 "share/petrl/policies/default.h5"):
        assert glob.glob(f"{PREFIX}/{name}", recursive=True), f"{name} is not installed"
    # Nothing of the build tree may be needed: the command line finds its library beside itself.
    run(f"{PREFIX}/bin/petrl", "--help").ok().says("train")
    loaded = run("ldd", f"{PREFIX}/bin/petrl").ok().output
    assert os.path.realpath(library()) in os.path.realpath(loaded.split("libpetrl.so.0 => ")[1].split()[0]), loaded


def by_cmake(prefix, folder):
    build = f"{folder}/cmake"
    run(CMAKE, "-S", f"{HERE}/cmake", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", timeout=120).ok()
    run(CMAKE, "--build", build, timeout=120).ok()
    program_works(f"{build}/program", folder)


def by_pkg_config(prefix, folder):
    env = {"PKG_CONFIG_PATH": f"{library(prefix)}/pkgconfig:{os.environ['PETSC_PKGCONFIG']}"}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "petrl"], stdout=subprocess.PIPE, check=True,
                           env={**os.environ, **env}).stdout.decode()
    compiler = os.environ.get("MPICXX", "mpicxx")
    run(compiler, "-std=c++17", f"{HERE}/program.cpp", "-o", f"{folder}/program", *shlex.split(flags), timeout=120).ok()
    program_works(f"{folder}/program", folder, {"LD_LIBRARY_PATH": f"{library(prefix)}:{os.environ.get('LD_LIBRARY_PATH', '')}"})


def by_dll_append(prefix):
    run(os.path.join(BUILD, "bin", "plain_app"), "-dll_append", f"{library(prefix)}/libpetrl.so", "-ts_adapt_type",
        "rl", "-ts_view", "-tf", 1).ok().says("RL: policy default, backend native")


def found_by_cmake(folder):
    by_cmake(PREFIX, folder)


def found_by_pkg_config(folder):
    by_pkg_config(PREFIX, folder)


def plugin_with_the_policies_beside_it(folder):
    by_dll_append(PREFIX)


def tarball(folder):
    """What cpack packs, unpacked and moved: works in all these ways, and knows nothing of where it was built."""
    cpack = os.path.join(os.path.dirname(shutil.which(CMAKE)), "cpack")
    run(cpack, "--config", f"{BUILD}/CPackConfig.cmake", "-G", "TGZ", "-B", folder, timeout=120).ok()
    packed, = glob.glob(f"{folder}/petrl-*.tar.gz")
    shutil.unpack_archive(packed, f"{folder}/unpacked")
    prefix = f"{folder}/elsewhere"
    os.rename(packed.replace(".tar.gz", "").replace(folder, f"{folder}/unpacked"), prefix)
    for name in glob.glob(f"{library(prefix)}/**/*.cmake", recursive=True) + glob.glob(f"{library(prefix)}/**/*.pc"):
        with open(name) as f:
            assert BUILD not in f.read(), f"{name} knows {BUILD}"
    for name in (f"{prefix}/bin/petrl", *glob.glob(f"{library(prefix)}/*.so")):
        assert BUILD not in run("readelf", "-d", name).ok().output, f"{name} looks for libraries in {BUILD}"
    run(f"{prefix}/bin/petrl", "info", "default.h5").ok().says("tsadapt")
    by_dll_append(prefix)
    by_cmake(prefix, folder)
    by_pkg_config(prefix, folder)


def python_package(folder):
    """Where it was put it finds its library, and the installed program finds it."""
    package, = glob.glob(f"{PREFIX}/**/petrl/__main__.py", recursive=True)
    where = os.path.dirname(os.path.dirname(package))
    env = {"PYTHONPATH": where, "PETRL_LIBRARY": "", "PATH": "/usr/bin:/bin"}
    script = "import petrl.library as l; print(l.library().path)"
    found = run(sys.executable, "-c", script, env=env).ok().output.split()[-1]
    assert found.startswith(os.path.dirname(library())), found
    run(sys.executable, "-c", f"import numpy; numpy.savez('{folder}/n.npz', numpy.ones((1, 2)), numpy.ones(1))").ok()
    with open(f"{folder}/s.yaml", "w") as f:
        f.write("kind: tsadapt\nobservation: {names: [error, step_ratio]}\nnetwork: {activation: tanh, output: tanh}\n"
                "action: {transform: ratio, low: [0.5], high: [2]}\n")
    run(f"{PREFIX}/bin/petrl", "import", f"{folder}/n.npz", f"{folder}/s.yaml", "-o", f"{folder}/p.h5",
        env={"PETRL_PYTHON": sys.executable, "PYTHONPATH": ""}).ok()
    run(f"{PREFIX}/bin/petrl", "info", f"{folder}/p.h5").ok().says("tsadapt", "2-1")


def example_plugin_trains(folder):
    """plugins/example, taken somewhere else: built against the installation, trained by the installed program."""
    source = os.path.join(os.environ["PETRL_SOURCE"], "plugins", "example")
    with open(f"{source}/example.c") as f:
        assert len(f.readlines()) <= 150
    mine = shutil.copytree(source, f"{folder}/mine")
    run(CMAKE, "-S", mine, "-B", f"{mine}/build", f"-DCMAKE_PREFIX_PATH={PREFIX}", timeout=120).ok()
    run(CMAKE, "--build", f"{mine}/build", timeout=120).ok()
    with open(f"{mine}/example.yaml") as f:
        text = f.read()
    for key, value in (("steps", 1200), ("evaluate_every", 600), ("checkpoint_every", 600)):
        text = re.sub(rf"^{key}: \d+", f"{key}: {value}", text, flags=re.M)

    def train(changed, where):
        with open(f"{mine}/short.yaml", "w") as f:
            f.write(changed)
        return run(f"{PREFIX}/bin/petrl", "train", f"{mine}/short.yaml", "-o", f"{folder}/{where}", timeout=120)

    train(text, "run").ok().says("validation score")
    run(f"{PREFIX}/bin/petrl", "info", f"{folder}/run/best.h5").ok().says("tsadapt", "burning  offset -5  scale 5")
    # The world's own keys are checked as ours are, and its observable is there in training only if it is declared.
    train(text.replace("least_barrier", "least_barier"), "x").fails("short.yaml", "least_barier", "'least_barrier'")
    train(text.replace("least_barrier: 8", "least_barrier: 80"), "x").fails("least_barrier", "[1, 20]", "80")
    train(text.replace("name: pellet", "name: pelet"), "x").fails("'pelet'", "known", "pellet")
    train(text.replace("name: tqc", "name: ppo"), "x").fails("ppo", "grid", "'pellet'", "stream")
    train(text.replace("libpetrl_example", "libno"), "x").fails("plugins", "libno.so")


os.environ.pop("PETRL_POLICIES", None)
main()
