"""A closure trained in a program that knows nothing of it: -closure_train of -ts_type closure."""
import csv
import itertools
import os
import re
import signal
import subprocess
import time

import h5py
import numpy as np

from harness import BUILD, PLUGIN, main, needs, run

HEAT = os.path.join(BUILD, "apps", "heat")
PLUG = ("-dll_append", PLUGIN, "-ts_type", "closure")
NO_DIFFUSION = ("-nu", "0", "-seed", "9")  # what the record has, and nobody has told this program of


def record(path, *options, **how):
    run(HEAT, *PLUG, "-closure_record", path, "-solves", "3", "-tf", "0.3", *options, **how).ok()
    return path


def train(records, save, *options, **how):
    needs("libpetrl_learn.so")
    return run(HEAT, *PLUG, "-closure_train", records, "-closure_save", save, "-tf", "0.3", *NO_DIFFUSION, *options,
               **{"timeout": 200, **how})


def ratio(result):
    """The error with the policy over that without it, on runs that it was not trained on."""
    return float(re.search(r"error ratio ([0-9.]+) on states", result.output).group(1))


def network(path, field):
    """A policy's answer on a periodic field ((z,) y, x), as numpy computes it, in the units of its action."""
    with h5py.File(path) as f:
        x = (field[None] - f["observation/offset"][0]) / f["observation/scale"][0]
        layers = sorted(k for k in f["network"] if k.startswith("layer"))
        for i, layer in enumerate(layers):
            w, b = f[f"network/{layer}/weight"][...], f[f"network/{layer}/bias"][...]
            y = np.zeros((w.shape[0], *field.shape)) + b.reshape(-1, *[1] * field.ndim)
            k = w.shape[2] // 2
            for tap in itertools.product(range(w.shape[2]), repeat=field.ndim):
                shifted = np.roll(x, [k - t for t in tap], range(1, field.ndim + 1))
                y += np.einsum("oi,i...->o...", w[(..., *tap)], shifted)
            x = y if i + 1 == len(layers) else np.maximum(y, 0)
        low, high = f["action/low"][0], f["action/high"][0]
        return low + (high - low) * (np.clip(x[0], -1, 1) + 1) / 2


def what_is_missing_is_found(folder):
    """The best correction is minus the diffusion that the record has and the program has not: both ways find it."""
    truth = record(f"{folder}/t.h5")
    with h5py.File(truth) as f:
        u = f["runs/0003/state"][7, ..., 0]
    best = -1e-3 * 32**2 * (sum(np.roll(u, s, a) for s in (1, -1) for a in (0, 1)) - 4 * u)
    plain, exact = (run(HEAT, "-tf", "0.3", "-seed", "9", *o).ok().number("norm") for o in (("-nu", "0"), ()))
    for share, most in (("1", 0.05), ("0", 0.2)):
        save = f"{folder}/{share}.h5"
        r = train(truth, save, "-closure_train_iterations", "60", "-closure_train_regression", share).ok()
        r.says("PetRL: iteration 60 / 60", "in the program's solver", "held-out states")
        assert ratio(r) < most, str(r)
        found = network(save, u)
        off = np.sqrt(np.mean((found - best)**2) / np.mean(best**2))
        print(f"        regression {share}: error ratio {ratio(r)}, distance from the best correction {off:.3f}")
        assert off < 2 * most, off
        # The program goes on with it, from where it was; and so does another run.
        norm = r.number("norm")
        assert abs(norm - exact) < most * abs(plain - exact), f"{norm} {exact} {plain}"
        again = run(HEAT, *PLUG, "-closure_policy", save, "-tf", "0.3", *NO_DIFFUSION).ok()
        assert abs(again.number("norm") - norm) < 1e-9 * norm
        r.says("time 0.3 steps 30 "), again.says("time 0.3 steps 30 ")
        with h5py.File(save) as f:
            assert f.attrs["kind"] == "closure" and f["action"].attrs["transform"] == "additive-rate"
            v = f["validity"]
            assert (v.attrs["ts_type"], v.attrs["boundary"]) == ("euler", "periodic"), dict(v.attrs)
            known = dict(zip(v["names"].asstr()[...], zip(v["low"][...], v["high"][...])))
            assert known["step"] == (0.01, 0.01) and known["spacing"] == (1 / 32, 1 / 32), known
            with h5py.File(truth) as t:
                values = np.array([t[f"runs/{n}/state"] for n in t["runs"]])
            assert known["u0"][0] <= values.min() and known["u0"][1] >= values.max(), (known, values.min(), values.max())


def what_is_missing_is_found_in_a_volume(folder):
    """The same along three axes, on one rank and on two; the file says for how many dimensions it is."""
    grid = ("-dim", "3", "-da_grid_x", "12", "-da_grid_y", "10", "-da_grid_z", "8")
    truth = record(f"{folder}/t.h5", *grid, "-nu", "0.004", ranks=2)
    with h5py.File(truth) as f:
        u = f["runs/0003/state"][7, ..., 0]
        h = dict(zip((2, 1, 0), f.attrs["spacing"]))
    best = -4e-3 * sum((np.roll(u, 1, a) + np.roll(u, -1, a) - 2 * u) / h[a]**2 for a in range(3))
    for ranks in (1, 2):
        save = f"{folder}/{ranks}.h5"
        r = train(truth, save, *grid, "-closure_depth", "2", "-closure_width", "8", "-closure_train_iterations", "40",
                  "-closure_train_regression", "1", ranks=ranks).ok()
        found = network(save, u)
        off = np.sqrt(np.mean((found - best)**2) / np.mean(best**2))
        print(f"        on {ranks} ranks: error ratio {ratio(r)}, distance from the best correction {off:.3f}")
        assert ratio(r) < 0.1 and off < 0.1, f"{r} {off}"
        with h5py.File(save) as f:
            assert int(f["network"].attrs["dimensions"]) == 3, dict(f["network"].attrs)
    run(HEAT, *PLUG, "-closure_policy", save, "-tf", "0.3", "-nu", "0").fails(
        "the policy is for grids of 3 dimensions, the DMDA has 2")


def any_grid_on_any_number_of_ranks(folder):
    """One to three dimensions, walls, several components, fluxes."""
    cases = {
        "components": (("-components", "2"), ("-closure_correct", "u1"), 1),
        "fluxes": ((), ("-closure_form", "flux"), 3),
        "shear": (("-components", "2"), ("-closure_form", "flux", "-closure_velocity", "u0,u1", "-closure_shear", "1"), 2),
        "walls": (("-walls", "-cells"), ("-closure_form", "flux"), 2),
        "line": (("-dim", "1", "-da_grid_x", "64"), (), 2),
        "free": (("-walls", "-cells"), ("-closure_free_boundary",), 2),
        "volume": (("-dim", "3", "-da_grid_x", "12", "-da_grid_y", "12", "-da_grid_z", "12", "-nu", "0.01"),
                   ("-closure_form", "flux", "-closure_depth", "2"), 2),
    }
    for name, (grid, how, ranks) in cases.items():
        truth = record(f"{folder}/{name}.h5", *grid, ranks=ranks)
        for n in sorted({1, ranks}):
            save = f"{folder}/{name}-{n}.h5"
            r = train(truth, save, *grid, "-nu", "0", *how, "-closure_train_iterations", "20", "-closure_train_regression",
                      "0.9", ranks=n).ok()
            print(f"        {name} on {n} ranks: {ratio(r)}")
            assert ratio(r) < (0.8 if name in ("components", "free") else 0.3), str(r)
            with h5py.File(save) as f:
                assert (f["action"].attrs.get("boundary") == "free") == (name == "free"), dict(f["action"].attrs)
                assert f["action"].attrs.get("shear") == ("1" if name == "shear" else None), dict(f["action"].attrs)
            # What regression came to is validated when PPO takes over, and what is saved is no worse.
            with open(f"{save}.training/log.csv") as f:
                rows = list(csv.DictReader(f))
            assert [row["steps"] for row in rows] == ["640", "1152", "1280"], rows
            assert ratio(r) <= min(float(row["score"]) for row in rows[:2]) + 5e-4, rows
            # What was found in training is what there is in use.
            assert "warning" not in run(HEAT, *PLUG, "-closure_policy", save, "-tf", "0.3", *grid, "-nu", "0").ok().output


def a_killed_training_goes_on(folder):
    """To the same policy, bit by bit."""
    truth = record(f"{folder}/t.h5")
    how = ("-closure_train_iterations", "24", "-closure_train_every", "4", "-closure_train_regression", "0.5")
    train(truth, f"{folder}/whole.h5", *how).ok()
    save = f"{folder}/cut.h5"
    for _ in range(2):
        command = [HEAT, *PLUG, "-closure_train", truth, "-closure_save", save, "-tf", "0.3", *NO_DIFFUSION, *how]
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in program.stdout:
            if "validation" in line:
                break
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdout.close()
    assert not os.path.exists(save)
    train(truth, save, *how).ok().says("resumed at step")
    assert open(save, "rb").read() == open(f"{folder}/whole.h5", "rb").read()
    # What is over is over; with a larger budget it goes on.
    train(truth, save, *how).ok().says("error ratio")
    train(truth, save, *how, "-closure_train_iterations", "28").ok().says("resumed", "iteration 28 / 28")
    train(truth, save, *how, "-closure_width", "8").fails("another configuration", "another name for the policy")


def ctrl_c_ends_the_training(folder):
    """What was learned is saved, and the program goes on."""
    truth, save = record(f"{folder}/t.h5"), f"{folder}/my.h5"
    command = [HEAT, *PLUG, "-closure_train", truth, "-closure_save", save, "-tf", "0.3", *NO_DIFFUSION]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = ""
    for line in program.stdout:
        output += line
        if "best so far" in line and output.count("best so far") == 3:
            program.send_signal(signal.SIGINT)
    assert program.wait() == 0, output
    for part in ("stopped at step", "the same command continues", "held-out states", "time 0.3 steps 30"):
        assert part in output, output
    run(HEAT, *PLUG, "-closure_policy", save, "-tf", "0.3", *NO_DIFFUSION).ok()


def noise(path, names=("u0",), auxiliary=()):
    """A record that nothing can be learned from, as a user writes it with h5py: states wander about."""
    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-closure-record", "version": 1, "dimension": 2, "points": [16, 16],
                        "spacing": [1 / 16] * 2, "boundary": ["periodic"] * 2, "components": list(names)})
        f.attrs.create("auxiliary", list(auxiliary), dtype=h5py.string_dtype())
        for run_number in ("0001", "0002"):
            g = f.create_group(f"runs/{run_number}")
            g.attrs.update({"ts_type": "euler", "dt": 0.01, "ratio": 1, "restriction": "inject", "interval": 1,
                            "options": ""})
            g["time"] = np.arange(20) * 0.01
            g["state"] = np.cumsum(rng.standard_normal((20, 16, 16, len(names))), 0)
            if auxiliary:
                g["auxiliary"] = rng.standard_normal((20, 16, 16, len(auxiliary)))
    return path


def nothing_to_learn_is_said(folder):
    """No file is written, and the program ends as it would have: state, fields, time are what they were."""
    grid = ("-da_grid_x", "16", "-da_grid_y", "16", "-source", "2", "-nu", "0.001")
    truth, save = noise(f"{folder}/noise.h5", auxiliary=("source",)), f"{folder}/my.h5"
    plain = run(HEAT, *grid, "-seed", "9", "-tf", "0.3", "-ts_monitor").ok()
    for ranks in (1, 2):
        r = train(truth, save, *grid, "-closure_train_iterations", "6", "-closure_train_every", "3", "-ts_monitor",
                  ranks=ranks).ok()
        r.says("nothing learned: error ratio", "my.h5 is not written")
        assert not os.path.exists(save) and os.path.exists(save + ".training/log.csv")
        assert abs(r.number("norm") - plain.number("norm")) < 1e-9 and r.number("sum") == plain.number("sum")
        assert r.output.count("TS dt") == plain.output.count("TS dt")
        subprocess.run(["rm", "-r", save + ".training"], check=True)


def mistakes(folder):
    grid = ("-da_grid_x", "16", "-da_grid_y", "16")
    truth, save = noise(f"{folder}/t.h5"), f"{folder}/my.h5"
    for ranks in (1, 2):
        train(truth, save, ranks=ranks).fails("-closure_train", truth, "points: found 16 x 16, expected 32 x 32")
        train(f"{folder}/none.h5", save, *grid, ranks=ranks).fails("none.h5", "cannot be opened")
        train(truth, save, *grid, "-dt", "0.007", ranks=ranks).fails("step of 0.007", "interval of 0.01", "t.h5, run 1")
        train(truth, save, *grid, "-closure_observe", "u0,v", ranks=ranks).fails("-closure_observe: found 'v'", "u0")
    train(truth, save, *grid, "-closure_correct", "q").fails("-closure_correct: found 'q'", "u0")
    train(truth, save, *grid, "-components", "2").fails("components of the state: found u0, expected u0, u1")
    train(truth, save, *grid, "-source", "1").fails("auxiliary fields: found none, expected source")
    train(truth, save, *grid, "-walls").fails("boundary in x: found periodic, expected none")
    train(truth, save, *grid, "-closure_mode", "forcing").fails("before the step", "forcing")
    train(truth, save, *grid, "-closure_record", "x.h5").fails("-closure_record", "-closure_train")
    train(truth, save, *grid, "-closure_form", "flux", "-closure_velocity", "u0").fails("-closure_velocity: found 1",
                                                                                          "expected 2")
    train(truth, save, *grid, "-closure_form", "flux", "-closure_free_boundary").fails("-closure_free_boundary", "flux",
                                                                                       "expected additive-rate")
    train(truth, save, *grid, "-closure_form", "flux", "-closure_shear", "1").fails("-closure_shear: fluxes have no velocity",
                                                                                      "-closure_velocity")
    train(truth, save, *grid, "-closure_shear", "-1").fails("-closure_shear: found -1., expected a number from 0")
    train(truth, save, *grid, "-closure_train_regression", "2").fails("-closure_train_regression: found 2")
    run(HEAT, *PLUG, "-closure_train", truth, *grid).fails("-closure_train and -closure_save belong together")
    run(os.path.join(BUILD, "bin", "plain_app"), *PLUG, "-closure_train", truth, "-closure_save", save).fails("DMDA")
    train(truth, f"{truth}/my.h5", *grid).fails("t.h5/my.h5.training: cannot create this folder")
    with open(f"{folder}/cut.h5", "wb") as f:
        f.write(open(truth, "rb").read()[:20000])
    train(f"{folder}/cut.h5", save, *grid).fails("cut.h5", "cannot be opened: this HDF5 file is damaged")
    with h5py.File(f"{folder}/other.h5", "w") as f:
        f.attrs["format"] = "petrl-policy"
    train(f"{folder}/other.h5", save, *grid).fails("found 'petrl-policy', expected 'petrl-closure-record'")
    with open(f"{folder}/keys.yaml", "w") as f:
        f.write("learning_rate: 1.0e-3\nbatch_sise: 4\n")
    train(truth, save, *grid, "-closure_train_config", f"{folder}/keys.yaml").fails("keys.yaml:2: batch_sise", "'batch_size'")
    with open(save, "wb") as f:
        f.write(b"somebody else's")
    train(truth, save, *grid).fails("my.h5 is there", "another file with -closure_save")
    assert open(save, "rb").read() == b"somebody else's"


main()
