"""Mistakes end the program with words that name file or option; on several ranks too, and none hangs."""
import os
import re

from app import APP, rl
from harness import BUILD, PLUGIN, main, run, write_policy

RANKS = (1, 2)


def missing_file(folder):
    for ranks in RANKS:
        rl(f"{folder}/none.h5", ranks=ranks).fails(f"{folder}/none.h5", "cannot be opened")


def wrong_kind(folder):
    policy = write_policy(f"{folder}/p.h5", kind="closure")
    for ranks in RANKS:
        rl(policy, ranks=ranks).fails(policy, "expected a tsadapt policy, found a closure policy")


def not_a_policy(folder):
    with open(f"{folder}/p.h5", "w") as f:
        f.write("kind: tsadapt\n")
    rl(f"{folder}/p.h5").fails(f"{folder}/p.h5", "no HDF5 file")
    os.mkdir(f"{folder}/folder.h5")
    rl(f"{folder}/folder.h5").fails(f"{folder}/folder.h5")


def value_that_is_not_finite(folder):
    policy = write_policy(f"{folder}/p.h5", bias=float("nan"))
    rl(policy).fails(policy, "/network/layer0/bias", "not finite")


def save_without_train(folder):
    policy = write_policy(f"{folder}/p.h5")
    for ranks in RANKS:
        rl(policy, "-ts_adapt_rl_save", f"{folder}/s.h5", ranks=ranks).fails("-ts_adapt_rl_save", "-ts_adapt_rl_train")
    rl(policy, "-ts_adapt_rl_train").fails("-ts_adapt_rl_train", "-ts_adapt_rl_save")


def method_without_error_estimate(folder):
    policy = write_policy(f"{folder}/p.h5")
    for ranks in RANKS:
        rl(policy, "-ts_type", "euler", ranks=ranks).fails(policy, "needs the local error", "TS type euler")


def unknown_observable(folder):
    policy = write_policy(f"{folder}/p.h5", names=("error", "temperature"))
    for ranks in RANKS:
        rl(policy, ranks=ranks).fails(policy, "'temperature'", "TSAdaptRLAddObservable")


def without_the_plugin(folder):
    run(APP, "-ts_adapt_type", "rl").fails('Unknown TSAdapt type "rl"')


def torchscript_without_sidecar(folder):
    open(f"{folder}/p.pt", "w").close()
    rl(f"{folder}/p.pt").fails(f"{folder}/p.yaml", "cannot be opened")


def policies_that_answer_nonsense(folder):
    # Out of [-1, 1] each time: basic decides instead, which is counted, and said once.
    policy = write_policy(f"{folder}/p.h5", bias=5, output="linear")
    basic = run(APP, "-ts_adapt_type", "basic", "-tf", 1).ok()
    for ranks in RANKS:
        r = rl(policy, "-tf", 1, "-ts_view", ranks=ranks).ok()
        assert r.number("time") == 1.0 and r.number("steps") == basic.number("steps"), r
        assert r.output.count("PetRL warning") == 1, r
        r.says(f"{int(r.number('steps') + r.number('rejected'))} fallbacks to basic")
        rl(policy, "-tf", 1, "-ts_adapt_rl_error_if_nan", ranks=ranks).fails(policy, "not finite or out of its range")


def misspelled_options(folder):
    policy = write_policy(f"{folder}/p.h5")
    for given, nearest in (("-ts_adapt_rl_polcy", "-ts_adapt_rl_policy"), ("-ts_adapt_rl_safegaurd", "-ts_adapt_rl_safeguard"),
                           ("-ts_adpt_rl_seed", "-ts_adapt_rl_seed"), ("-refiner_max_cell", "-refiner_max_cells"),
                           ("-closure_spacng", "-closure_spacing"), ("-ts_bathe_eror", "-ts_bathe_error")):
        for ranks in (1, 2) if given == "-ts_adapt_rl_polcy" else (1,):
            r = rl(policy, given, "x", "-tf", 0.01, ranks=ranks).ok()
            warning = f"PetRL warning: option {given} was read by nobody; the nearest one of PetRL is {nearest}\n"
            assert r.output.count(warning) == 1 and r.output.count("PetRL warning") == 1, r
    r = rl(policy, "-ts_bathe_entirely_wrong", 1, "-options_left", "-tf", 0.01).ok()
    r.says("option -ts_bathe_entirely_wrong was read by nobody", "Option left: name:-ts_bathe_entirely_wrong")
    # Known ones that this program does not need, and others' mistakes, are no business of ours.
    r = rl(policy, "-refiner_max_cells", 100, "-closure_mode", "flux", "-ts_adapt_dt_mxa", 1, "-tf", 0.01).ok()
    assert "PetRL warning" not in r.output, r


def another_petsc(folder):
    """A library that was built for another PETSc is stopped before it registers anything."""
    preload = {"LD_PRELOAD": os.path.join(BUILD, "lib", "libother_petsc.so")}
    run(APP, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", env={**preload, "OTHER_PETSC": "none"}).ok()
    for what, said in (("complex", "runs PETSc 3.* with complex scalars"), ("version", "runs PETSc 3.17"),
                       ("integers", "integers of (64|32) bits: build PetRL with the PETSc of the program")):
        if what == "complex" and os.environ["PETSC_REAL_DOUBLE"] != "TRUE":
            continue
        r = run(APP, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", env={**preload, "OTHER_PETSC": what})
        r.fails("This libpetrl was built for PETSc 3.")
        assert re.search(said, r.output), r


main()
