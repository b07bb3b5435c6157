"""Runs of a fine grid recorded for training: -closure_record of -ts_type closure, in programs that know nothing of it."""
import os
import signal
import subprocess
import time

import h5py
import numpy as np

from harness import BUILD, PLUGIN, main, run

HEAT = os.path.join(BUILD, "apps", "heat")
PLUG = ("-dll_append", PLUGIN, "-ts_type", "closure")


def record(path, *options, app=HEAT, **how):
    return run(app, *PLUG, "-closure_record", path, *options, **how)


def contents(path):
    """All that the file holds, but for the options (which name the file)."""
    found = {}
    with h5py.File(path) as f:
        found["/"] = {k: np.array(v).tolist() for k, v in f.attrs.items()}

        def see(name, item):
            found[name] = {k: np.array(v).tolist() for k, v in item.attrs.items() if k != "options"}
            if isinstance(item, h5py.Dataset):
                found[name + ":"] = item[...].tobytes()

        f.visititems(see)
    return found


def states(path, number=1, what="state"):
    with h5py.File(path) as f:
        return f[f"runs/{number:04d}/{what}"][...]


def any_number_of_ranks(folder):
    """The same file, also where blocks of points lie on several ranks; restriction as one writes it in numpy."""
    size = ("-da_grid_x", "24", "-da_grid_y", "20")
    for how, cells in (("inject", ()), ("average", ("-cells",))):
        options = (*size, *cells, "-components", "2", "-source", "3", "-closure_record_restrict", how)
        fine = f"{folder}/fine-{how}.h5"
        record(fine, *options, "-closure_record_interval", "4").ok()
        whole = states(fine)
        assert whole.shape == (8, 20, 24, 2), whole.shape
        for ranks in (1, 2, 3, 4):
            path = f"{folder}/{how}{ranks}.h5"
            r = record(path, *options, "-closure_record_coarsen", "4", ranks=ranks).ok()
            r.says(f"recorded 8 times on 6 x 5 points as run 1 of {path}")
            assert contents(path) == contents(f"{folder}/{how}1.h5"), ranks
        blocks = whole.reshape(8, 5, 4, 6, 4, 2)
        expected = blocks[:, :, 0, :, 0] if how == "inject" else blocks.mean((2, 4))
        assert np.allclose(states(f"{folder}/{how}1.h5"), expected, rtol=0, atol=1e-14)
        assert np.all(states(f"{folder}/{how}1.h5", what="auxiliary") == 3)
        with h5py.File(f"{folder}/{how}1.h5") as f:
            assert f.attrs["format"] == "petrl-closure-record" and f.attrs["version"] == 1
            assert f.attrs["components"].tolist() == ["u0", "u1"] and f.attrs["auxiliary"].tolist() == ["source"]
            assert f.attrs["points"].tolist() == [6, 5] and f.attrs["boundary"].tolist() == ["periodic"] * 2
            assert np.allclose(f.attrs["spacing"], [1 / 6, 1 / 5])
            g = f["runs/0001"]
            assert np.allclose(g["time"], np.arange(8) * 0.04) and g["auxiliary"].shape == (1, 5, 6, 1)
            assert g.attrs["ts_type"] == "euler" and abs(g.attrs["dt"] - 0.01) < 1e-12
            assert (g.attrs["ratio"], g.attrs["restriction"], g.attrs["interval"]) == (4, how, 4)
            assert "-closure_record_coarsen 4" in g.attrs["options"]


def one_to_three_dimensions(folder):
    """Walls: the last point stays the last one, or cells are averaged."""
    for dim in (1, 2, 3):
        sides = ("-da_grid_x", "-da_grid_y", "-da_grid_z")[:dim]
        for kind, n, coarse, how in (("-walls", 13, 5, "inject"), ("-cells", 12, 4, "average")):
            grid = [word for side in sides for word in (side, str(n))]
            walls = ("-dim", str(dim), "-walls", kind, *grid, "-dt", "0.005", "-tf", "0.06", "-closure_record_restrict", how)
            path = f"{folder}/{dim}{how}.h5"
            for ranks in (1, 3):
                record(path, *walls, "-closure_record_coarsen", "3", ranks=ranks).ok()
            record(f"{folder}/fine.h5", *walls, "-closure_record_interval", "3").ok()
            found, whole = states(path), states(f"{folder}/fine.h5")
            os.remove(f"{folder}/fine.h5")
            assert found.shape == (5, *(coarse,) * dim, 1), found.shape
            assert np.array_equal(found, states(path, 2))
            if how == "inject":
                expected = whole[(slice(None), *(slice(None, None, 3),) * dim)]
            else:
                split = [5] + [4, 3] * dim + [1]
                expected = whole.reshape(split).mean(tuple(range(2, 2 + 2 * dim, 2)))
            assert np.allclose(found, expected, rtol=0, atol=1e-14)
            with h5py.File(path) as f:
                assert np.allclose(f.attrs["spacing"], 1 / coarse if how == "average" else 1 / (coarse - 1)), kind
    wrong = ("-walls", "-da_grid_x", "16", "-da_grid_y", "17", "-closure_record_coarsen", "4")
    record(f"{folder}/no.h5", *wrong, ranks=2).fails("-closure_record_coarsen 4", "inject", "found 16 points in x",
                                                     "a multiple of 4, and one more")
    record(f"{folder}/no.h5", *wrong, "-closure_record_restrict", "average").fails("average", "found 17 points in y")
    # Averages of vertices are values between those of the coarse grid's points.
    for cells, warned in (((), True), (("-cells",), False)):
        for ranks in (1, 2):
            r = record(f"{folder}/c.h5", *cells, "-closure_record_coarsen", "4", "-closure_record_restrict", "average",
                       ranks=ranks).ok()
            assert ("warning" in r.output) == warned, str(r)
            if warned:
                r.says("points in x begin at", "are 0.03125 apart, as vertices are", "0.375 coarse spacings", "inject")


def several_runs(folder):
    """Of one program and of several; fields that change, components without names."""
    path = f"{folder}/t.h5"
    options = ("-nameless", "-closure_record_coarsen", "2")
    record(path, *options, "-solves", "2", "-source", "1").ok().says("as run 1 of", "as run 2 of")
    record(path, *options, "-seed", "7", "-source", "1", "-source_rate", "2").ok().says("as run 3 of")
    with h5py.File(path) as f:
        assert list(f["runs"]) == ["0001", "0002", "0003"] and f.attrs["components"].tolist() == ["component0"]
        assert [f[f"runs/000{i}/auxiliary"].shape[0] for i in (1, 2, 3)] == [1, 1, 16]
        # What is in the Vec when a step begins is what the step before left.
        assert np.allclose(f["runs/0003/auxiliary"][3, 5, 5, 0], 1 + 2 * 0.05)
        assert not np.allclose(f["runs/0001/state"][0], f["runs/0002/state"][0])
    assert sorted(os.listdir(folder)) == ["t.h5"], os.listdir(folder)
    # Without a policy the inner TS does what it does by itself.
    plain = run(HEAT, "-nameless", "-seed", "9").ok()
    assert abs(record(path, "-nameless", "-source", "0", "-seed", "9", "-closure_record_coarsen", "2").ok().number("norm")
               - plain.number("norm")) < 1e-12
    record(path, *options, "-source", "1", "-tf", "0.01").ok().says("fewer than two times")


def mistakes(folder):
    """What is there is named, and stays as it was."""
    path = f"{folder}/t.h5"
    grid = ("-da_grid_x", "16", "-da_grid_y", "16")
    record(path, *grid).ok()
    before = open(path, "rb").read()
    for ranks in (1, 2):
        record(path, ranks=ranks).fails(path, "points: found 32 x 32, expected 16 x 16", "another file")
        record(path, *grid, "-components", "2", ranks=ranks).fails("components", "found u0, u1, expected u0")
        record(path, *grid, "-source", "1").fails("auxiliary fields: found source, expected none")
        record(path, *grid, "-walls").fails("boundary in x: found none, expected periodic")
        record(path, *grid, "-closure_spacing", "1,1", ranks=ranks).fails("spacing in x: found 1, expected 0.0625")
    record(f"{folder}/none/t.h5", *grid).fails(f"{folder}/none/t.h5", "cannot write: No such file")
    record(path, *grid, "-closure_policy", "x.h5").fails("-closure_record", "-closure_policy x.h5", "without a policy")
    record(path, *grid, "-closure_record_restrict", "mean").fails("mean")
    record(path, *grid, "-closure_record_coarsen", "0").fails("-closure_record_coarsen: found 0")
    run(os.path.join(BUILD, "bin", "plain_app"), *PLUG, "-closure_record", path).fails("-closure_record needs a DMDA")
    assert open(path, "rb").read() == before
    for name, content in (("text.h5", b"no HDF5"), ("cut.h5", before[:len(before) // 2])):
        open(f"{folder}/{name}", "wb").write(content)
        record(f"{folder}/{name}", *grid).fails(f"{folder}/{name}", "cannot be opened")
        assert open(f"{folder}/{name}", "rb").read() == content
    with h5py.File(f"{folder}/other.h5", "w") as f:
        f["x"] = 1
    record(f"{folder}/other.h5", *grid).fails("other.h5", "'format' is missing")
    with h5py.File(f"{folder}/other.h5", "w") as f:
        f.attrs["format"] = "petrl-policy"
    record(f"{folder}/other.h5", *grid).fails("found 'petrl-policy', expected 'petrl-closure-record'")


def nothing_is_lost(folder):
    """A program that is killed, and a disk that is full, leave the record as it was, and nothing beside it."""
    path = f"{folder}/t.h5"
    record(path).ok()
    before = open(path, "rb").read()
    command = [HEAT, *PLUG, "-closure_record", path, "-tf", "1000000"]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(1.5)
    program.send_signal(signal.SIGKILL)
    program.wait()
    assert open(path, "rb").read() == before and os.listdir(folder) == ["t.h5"]
    # A limit on the size of files is a small disk: too small for the run, then for the record with the run in it.
    big = ("-da_grid_x", "128", "-da_grid_y", "128")
    path = f"{folder}/big.h5"
    record(path, *big, "-tf", "1").ok()
    before = open(path, "rb").read()
    for until in ("2", "1"):
        r = run("bash", "-c", "trap '' XFSZ; ulimit -f 20000; exec \"$@\"", "bash", *command[:5], "-closure_record", path, *big,
                "-tf", until)
        r.fails(f"-closure_record {path}: cannot write: File too large")
        assert open(path, "rb").read() == before
        assert set(os.listdir(folder)) <= {"t.h5", "big.h5", "big.h5.lock"}, os.listdir(folder)
    path = f"{folder}/t.h5"
    record(path).ok().says("as run 2 of")
    # Many at a time.
    programs = [subprocess.Popen([HEAT, *PLUG, "-closure_record", path, "-seed", str(s)], stdout=subprocess.DEVNULL)
                for s in range(4)]
    assert [p.wait() for p in programs] == [0] * 4
    with h5py.File(path) as f:
        assert list(f["runs"]) == [f"{i:04d}" for i in range(1, 7)]
    assert "t.h5.lock" not in os.listdir(folder)


main()
