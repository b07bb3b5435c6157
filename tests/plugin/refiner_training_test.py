"""A program that learns where to refine, and its rivals: -refiner_train, -refiner_indicator."""
import csv
import os
import re
import signal
import subprocess
import time

import h5py
import numpy as np

from harness import BUILD, main, run

APP = os.path.join(BUILD, "bin", "refine_app")
SOURCES = os.path.join(BUILD, "bin", "moving_sources")
SMALL = ("-n", 6, "-refiner_max_level", 1, "-refiner_interval", 5, "-ts_max_time", 0.1, "-refiner_train_passes", 2)
FRONT = ("-front", "-n", 6, "-refiner_max_level", 2, "-refiner_interval", 10, "-refiner_train_passes", 4)


def use(policy, *options, **how):
    return run(APP, "-refiner_policy", policy, *options, **{"timeout": 200, **how})


def train(file, *options, **how):
    return run(APP, "-refiner_train", "-refiner_save", file, *options, **{"timeout": 500, **how})


def result(r):
    """What a program says of its own run."""
    found = re.search(r"^time .*\n(decisions .*) resets \d+ (monitored \d+)", r.output, re.M)
    assert found, str(r)
    return found.group(0).split("\n")[0], found.groups()


def weights(file):
    found = []
    with h5py.File(file) as f:
        f["network"].visititems(lambda name, x: found.append(np.ravel(x)) if getattr(x, "dtype", np.dtype("S")).kind == "f" else None)
    return np.concatenate(found)


def content(path):
    with open(path, "rb") as f:
        return f.read()


def steep_front(folder):
    """What is right is known: the finest cells where the front stands, coarse ones elsewhere."""
    decisions = 32 if os.environ["PETSC_REAL_DOUBLE"] == "TRUE" else 64  # about real and imaginary parts
    r = train(f"{folder}/my.h5", *FRONT).ok().says(f"my.h5 begins at 0 of {decisions} decisions", "against the best of 20 thresholds")
    assert r.number("finest") == r.number("near") > 40, str(r)
    assert r.number("unknowns") < 72 * 16 / 3, str(r)


def a_run_with_training_is_one_with_its_policy(folder):
    """The TS is what it was: the program's own run is the same to the digit, with whatever method."""
    implicit = ("-snes_mf", "-ts_dt", 0.01, "-refiner_interval", 2, "-ksp_rtol", 1e-9, "-snes_rtol", 1e-9)
    for options in ((), ("-ts_type", "rk", "-ts_adapt_type", "dsp"), ("-ts_type", "bdf", "-implicit_function", *implicit),
                    ("-vertices", "-own")):
        file = f"{folder}/{len(os.listdir(folder))}.h5"
        options = (*SMALL, *options, "-ts_monitor", "-ts_adapt_monitor")
        r = train(file, *options).ok()
        used = use(file, *options).ok() if os.path.exists(file) else None
        assert used or "nothing learned" in r.output, str(r)
        if not used:
            continue
        assert result(r) == result(used), f"{r}\n{used}"
        lines = [[x for x in out.output.splitlines() if " TS dt " in x or "TSAdapt" in x] for out in (r, used)]
        assert lines[0] == lines[1] != [], f"{r}\n{used}"


def tetrahedra(folder):
    """Something moves through a cube: what is learned there beats thresholds, and knows where it was learned."""
    file = f"{folder}/my.h5"
    how = ("-dim", 3, "-n", 3, "-refiner_max_level", 1, "-refiner_interval", 5, "-ts_dt", 0.004)
    r = train(file, *how, "-refiner_train_passes", 6).ok().says("learned: 0.")
    for ranks in (1, 2):
        used = use(file, *how, ranks=ranks).ok()
        for key in ("steps", "unknowns", "decisions", "remeshes"):
            assert used.number(key) == r.number(key), f"{r}\n{used}"
        assert "dimension" not in used.output, str(used)
    use(file, "-n", 6, "-refiner_max_level", 1).ok().says("outside of its training: dimension 2, trained on 3")


def the_same_on_any_number_of_ranks(folder):
    one = None
    for ranks in (1, 2, 3):
        file = f"{folder}/{ranks}.h5"
        r = train(file, *SMALL, ranks=ranks).ok()
        found = weights(file)
        one = one if one is not None else (r, found)
        assert np.abs(found - one[1]).max() < 1e-3, f"{np.abs(found - one[1]).max()}\n{r}"
        for key in ("steps", "unknowns", "decisions", "remeshes"):
            assert r.number(key) == one[0].number(key), f"{r}\n{one[0]}"


def started(file, *options, ranks=1):
    command = [APP, "-refiner_train", "-refiner_save", file, *(str(x) for x in options)]
    if ranks > 1:
        command = [os.environ.get("MPIEXEC", "mpiexec"), "-n", str(ranks), *command]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def killed_trainings_go_on_exactly(folder):
    """kill -9 and Ctrl-C, again and again: the same files as without."""
    options = (*SMALL, "-refiner_train_seed", 3)
    whole = train(f"{folder}/whole.h5", *options).ok()
    file, ways = f"{folder}/cut.h5", []
    for attempt in range(40):
        p = started(file, *options)
        end = time.time() + 120
        before = os.path.getmtime(file + ".state") if os.path.exists(file + ".state") else 0
        while p.poll() is None and time.time() < end:
            time.sleep(0.02)
            if attempt % 2 == 1 and time.time() > end - 118.5:
                p.send_signal(signal.SIGINT)
                break
            if attempt % 2 == 0 and os.path.exists(file + ".state") and os.path.getmtime(file + ".state") > before:
                p.kill()
                break
        output = p.communicate(timeout=60)[0].decode()
        ways.append(p.returncode)
        if p.returncode == 0:
            break
        if p.returncode == -signal.SIGINT and attempt > 1 and os.path.exists(file + ".state"):
            assert "the same command goes on" in output or "goes on" not in output, output
    assert ways[-1] == 0 and -signal.SIGKILL in ways, ways
    assert result(whole)[0] in output, f"{whole}\n{output}"
    for ending in ("", ".csv"):
        assert content(f"{folder}/whole.h5{ending}") == content(file + ending), ending
    # What has ended is not begun again.
    r = train(file, *options).ok().says("has ended at", "against the best of 20 thresholds")
    assert result(r) == result(whole), f"{r}\n{whole}"


def nothing_learned(folder):
    """A network that cannot learn is refused; the file that is there stays, and so does the program's run."""
    file = f"{folder}/my.h5"
    with open(f"{folder}/keys.yaml", "w") as f:
        f.write("learning_rate: 1.0e-9\nlearning_rate_final: 0\nupdates: 1\nhidden: 2\nlayers: 1\n")
    with open(file, "w") as f:
        f.write("kept")
    # So dear that a policy that knows nothing is sure to do the wrong thing.
    options = (*FRONT, "-refiner_train_config", f"{folder}/keys.yaml", "-refiner_unit", 1e-14)
    r = train(file, *options).ok().says("nothing learned: the best policy takes", "times the cell-steps", "Best thresholds")
    assert content(file) == b"kept" and r.number("steps") == 100, str(r)
    with open(file + ".csv") as f:
        rows = list(csv.DictReader(f))
    assert sum(x["part"] == "learned from" for x in rows) == 20, rows
    assert all(float(x["relative_cell_steps"]) > 0 for x in rows if x["method"] == "policy"), rows


def elements_with_moving_sources(folder):
    """Linear elements with boundary values, an implicit method, two ranks: a whole program through options."""
    file = f"{folder}/my.h5"
    how = ("-n", 4, "-refiner_max_level", 1, "-refiner_interval", 2, "-ts_max_time", 0.12, "-ts_dt", 0.02,
           "-snes_monitor", "-ksp_converged_reason")
    r = run(SOURCES, "-refiner_train", "-refiner_save", file, "-refiner_train_passes", 1, *how, ranks=2, timeout=500).ok()
    assert r.number("steps") == 6, str(r)
    if not os.path.exists(file):
        return
    used = run(SOURCES, "-refiner_policy", file, *how, ranks=2, timeout=200).ok()
    assert r.output.splitlines()[-1] == used.output.splitlines()[-1], f"{r}\n{used}"
    count = [sum("SNES Function norm" in x for x in out.output.splitlines()) for out in (r, used)]
    assert count[0] == count[1] > 0, f"{count}\n{r}"


def thresholds(folder):
    """Classical refinement: the same meshes on any number of ranks."""
    for indicator, threshold in (("gradient", 0.1), ("jump", 0.1), ("recovery", 0.02)):
        for more in ((), ("-vertices",)):
            one = None
            for ranks in (1, 3) if more else (1, 2, 4):
                r = run(APP, "-refiner_indicator", indicator, "-refiner_threshold", threshold, "-refiner_interval", 5,
                        "-ts_max_time", 0.04, "-refiner_max_level", 2, "-refiner_threshold_buffer", 2, *more, ranks=ranks,
                        timeout=100).ok()
                one = one or r
                assert r.number("remeshes") >= 2, str(r)
                for key in ("steps", "unknowns", "remeshes"):
                    assert r.number(key) == one.number(key), f"{key}\n{r}\n{one}"
                assert abs(r.number("places") - one.number("places")) < 1e-9, f"{r}\n{one}"
    run(APP, "-refiner_indicator", "jump", "-refiner_view", "-ts_max_steps", 1).ok().says("thresholds decide: jump above 0.1")


def mistakes(folder):
    file = f"{folder}/my.h5"
    for ranks in (1, 2):
        run(APP, "-refiner_train", ranks=ranks).fails("-refiner_train", "-refiner_save <file>")
        train(f"{folder}/none/my.h5", *SMALL, ranks=ranks).fails("none/my.h5.lock")
    for option, value, expected in (("train_passes", 0, "1 or more"), ("train_minutes", -1, "0 or more"),
                                    ("train_heldout", 1, "a number between 0 and 1"), ("train_seed", -1, "0 or more"),
                                    ("threshold", 0, "a positive number"), ("threshold_coarsen", 1, "a number from 0 to 1"),
                                    ("threshold_buffer", -1, "0 to 100")):
        train(file, f"-refiner_{option}", value).fails(f"-refiner_{option}: found", "expected " + expected)
    train(file, *SMALL, "-refiner_method", "adaptlabel", "-dm_plex_transform_type", "refine_sbr").fails("expected hierarchy")
    train(file, *SMALL, "-refiner_max_level", 0).fails("-refiner_max_level 0", "nothing to learn")
    train(file, *SMALL, "-refiner_interval", 40).fails("at least two intervals")
    train(file, *SMALL, "-ts_save_trajectory").fails("trajectory")
    with open(f"{folder}/keys.yaml", "w") as f:
        f.write("hidden: 4\nlayerz: 2\n")
    train(file, *SMALL, "-refiner_train_config", f"{folder}/keys.yaml").fails("keys.yaml:2", "layerz", "'layers'")
    train(file, *SMALL, "-refiner_policy", f"{folder}/no.h5").fails(f"{folder}/no.h5", "cannot be opened")
    with open(file + ".csv", "w") as f:
        f.write("part\n")
    train(file, *SMALL).fails("my.h5.csv", "my.h5.state is missing")
    os.remove(file + ".csv")
    with open(file + ".state", "w") as f:
        f.write("no state")
    train(file, *SMALL).fails("my.h5.state")
    os.remove(file + ".state")
    train(file, *SMALL).ok()
    for ranks in (1, 2):
        train(file, *SMALL, "-refiner_train_seed", 8, ranks=ranks).fails("belongs to another training", "seed: 0", "seed: 8")
    # A policy to start from.
    train(f"{folder}/more.h5", *SMALL, "-refiner_policy", file).ok().says("more.h5 begins")


main()
