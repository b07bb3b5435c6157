"""The package as its users get it: installed, then found by find_package and by pkg-config, built, run."""
import glob
import os
import re
import shlex
import shutil
import subprocess

from harness import BUILD, main, run, write_policy

HERE = os.path.dirname(os.path.abspath(__file__))
CMAKE = os.environ.get("CMAKE_COMMAND", "cmake")
PREFIX = os.path.join(BUILD, "tests", "consumer", "prefix")  # made by the first scenario, used by the others


def library():
    return os.path.dirname(glob.glob(f"{PREFIX}/lib*/**/libpetrl.so", recursive=True)[0])


def program_works(program, folder, env=None):
    policy = write_policy(f"{folder}/p.h5", "error-ratio", 0.5, 1.0, 0.8)
    r = run(program, "-ts_adapt_rl_policy", policy, "-ts_view", env=env).ok()
    r.says("rl: it decides", "backend native")


def installed(folder):
    shutil.rmtree(PREFIX, ignore_errors=True)
    run(CMAKE, "--install", BUILD, "--prefix", PREFIX, timeout=120).ok()
    for name in ("include/petrl.h", "include/petrllearn.h", "include/petrladapt.h", "bin/petrl", "lib*/**/libpetrl.so",
                 "lib*/**/cmake/PetRL/PetRLConfig.cmake", "lib*/**/pkgconfig/petrl.pc",
                 "share/petrl/policies/default.h5"):
        assert glob.glob(f"{PREFIX}/{name}", recursive=True), f"{name} is not installed"
    # Nothing of the build tree may be needed: the command line finds its library beside itself.
    run(f"{PREFIX}/bin/petrl", "--help").ok().says("train")
    loaded = run("ldd", f"{PREFIX}/bin/petrl").ok().output
    assert os.path.realpath(library()) in os.path.realpath(loaded.split("libpetrl.so.0 => ")[1].split()[0]), loaded


def found_by_cmake(folder):
    build = f"{folder}/cmake"
    run(CMAKE, "-S", f"{HERE}/cmake", "-B", build, f"-DCMAKE_PREFIX_PATH={PREFIX}", timeout=120).ok()
    run(CMAKE, "--build", build, timeout=120).ok()
    program_works(f"{build}/program", folder)


def found_by_pkg_config(folder):
    env = {"PKG_CONFIG_PATH": f"{library()}/pkgconfig:{os.environ['PETSC_PKGCONFIG']}"}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "petrl"], stdout=subprocess.PIPE, check=True,
                           env={**os.environ, **env}).stdout.decode()
    compiler = os.environ.get("MPICXX", "mpicxx")
    run(compiler, "-std=c++17", f"{HERE}/program.cpp", "-o", f"{folder}/program", *shlex.split(flags), timeout=120).ok()
    program_works(f"{folder}/program", folder, {"LD_LIBRARY_PATH": library()})


def plugin_with_the_policies_beside_it(folder):
    run(os.path.join(BUILD, "bin", "plain_app"), "-dll_append", f"{library()}/libpetrl.so", "-ts_adapt_type", "rl",
        "-ts_view", "-tf", 1).ok().says("RL: policy default, backend native")


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
    train(text.replace("name: pellet", "name: pelet"), "x").fails("'pelet'", "known", "pellet", "ode")
    train(text.replace("name: tqc", "name: ppo"), "x").fails("ppo", "grid", "'pellet'", "stream")
    train(text.replace("libpetrl_example", "libno"), "x").fails("plugins", "libno.so")


os.environ.pop("PETRL_POLICIES", None)
main()
