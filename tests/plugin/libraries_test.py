"""What each library needs, exports and brings into a program's memory."""
import os
import re
import subprocess

from harness import BUILD, PLUGIN, main, run

LIB = os.path.join(BUILD, "lib")
APP = os.path.join(BUILD, "bin", "plain_app")


def tool(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def needed(library):
    return set(re.findall(r"NEEDED.*\[(\S+)\]", tool("readelf", "-d", library)))


def exported(library):
    return [line.split()[-1] for line in tool("nm", "-D", "--defined-only", library).splitlines()]


def links(folder):
    """libpetrl needs neither libtorch nor what only our problems use; the others need it."""
    foreign = re.compile(r"torch|c10|fftw|libz\.|gomp|petrl_")
    own = needed(PLUGIN)
    assert not [x for x in own if foreign.search(x)], own
    assert any(x.startswith("libpetsc") for x in own), own
    learn = needed(f"{LIB}/libpetrl_learn.so")
    assert "libpetrl.so.0" in learn and not [x for x in learn if re.search(r"torch|c10|fftw|libz\.|petrl_", x)], learn
    if os.path.exists(f"{LIB}/libpetrl_problems.so"):
        problems = needed(f"{LIB}/libpetrl_problems.so")
        assert any("fftw" in x for x in problems) and not [x for x in problems if re.search("torch|c10", x)], problems
        assert "libpetrl_learn.so.0" in problems, problems
    cli = needed(os.path.join(BUILD, "bin", "petrl"))
    assert not [x for x in cli if re.search("torch|fftw|petrl_problems", x)], cli


def exports(folder):
    """The C interface, the entry for PETSc, and C++ that is ours."""
    names = exported(PLUGIN)
    assert len(names) <= 420, len(names)
    c = [x for x in names if not x.startswith("_Z")]
    wrong = [x for x in c if not re.match(r"(PetRL|PETRL|TSAdaptRL|TSAdaptRichardson|TSBathe|TSClosure|SNESPDAS|PetscDLLibraryRegister_petrl$)", x)]
    assert not wrong, wrong
    foreign = [x for x in names if x.startswith("_Z") and "5petrl" not in x]
    assert not foreign, foreign
    for library in ("petrl_problems", "petrl_torch"):
        path = f"{LIB}/lib{library}.so"
        if os.path.exists(path):
            others = [x for x in exported(path) if x.startswith("_Z") and "5petrl" not in x]
            assert not others, others
    headers = os.path.join(os.environ["PETRL_SOURCE"], "src", "include")
    declared = set()
    for header in os.listdir(headers):
        if not header.startswith("petrllearn"):
            with open(f"{headers}/{header}") as f:
                declared |= set(re.findall(r"^PETSC_EXTERN PetscErrorCode (\w+)\(", f.read(), re.M))
    missing = declared - set(names)
    assert not missing, missing


def mapped(*options, folder):
    """The libraries in a program's memory at its end (the dynamic loader tells)."""
    r = run(APP, "-dll_append", PLUGIN, *options, env={"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{folder}/ld"})
    text = ""
    for name in os.listdir(folder):
        if name.startswith("ld"):
            with open(f"{folder}/{name}", errors="replace") as f:
                text += f.read()
            os.remove(f"{folder}/{name}")
    r.ok()
    return set(re.findall(r"file=(\S+?) \[\d+\];\s+(?:generating link map|needed)", text))


def use_maps_libpetrl_only(folder):
    names = mapped("-ts_adapt_type", "rl", folder=folder)
    assert any("libpetrl.so" in x for x in names), sorted(names)
    assert not [x for x in names if re.search("petrl_|torch", x)], sorted(names)


def online_training_maps_learning_but_no_libtorch(folder):
    names = mapped("-ts_adapt_type", "rl", "-ts_adapt_rl_train", "-ts_adapt_rl_save", f"{folder}/p.h5", folder=folder)
    assert any("petrl_learn" in x for x in names), sorted(names)
    assert not [x for x in names if re.search("petrl_torch|petrl_problems|libtorch", x)], sorted(names)


main()
