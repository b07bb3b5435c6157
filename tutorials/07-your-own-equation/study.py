#!/usr/bin/python3
"""A closure for a program's own equation: recorded, trained, used, and compared.

    study.py PROGRAM [-o OUT] [--minutes M | --iterations N] [--seeds N] [--cases N] [--jobs N] [--compare] [--build BUILD]

PROGRAM: shallow_water, kuramoto_sivashinsky, transport3d, burgers3d or shallow_water_mesh (compiled here, with PETSc alone). Records fine runs from some
initial states, trains on the coarse grid with each seed, and runs the program from initial states that were never
recorded: without closure, with each, on the next finer grid, and with the higher-order scheme. What was recorded and
trained already is not made again. Writes OUT/PROGRAM.csv (a row a run), prints the table (medians over the cases), and
draws OUT/PROGRAM.png. BUILD: where PetRL was built (build/release of the source tree).

--compare: instead, how much regression and PPO do, each alone and one after the other, in the same time, on the states
that the training holds out (never on the others); OUT/PROGRAM_ways.csv. The study then takes these policies."""
import argparse
import concurrent.futures
import csv
import os
import re
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

import spectrum

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
COARSEN = 4
# shape: of the coarse grid, without components. truth: options of the fine run. train: of the training. rivals: other ways
# to spend time. end: when the states are compared, where that is not the program's own final time: chaos forgets.
PROGRAMS = {
    "shallow_water": dict(
        shape=(32, 32), components=3, restrict="average", base="euler", fine="ssp", truth="-nx 128 -order 2",
        coarse="-nx 32", train="-closure_form flux -closure_width 8",
        rivals={"2 x finer": "-nx 64", "order 2": "-nx 32 -order 2", "order 2, 2 x finer": "-nx 64 -order 2",
                "order 2, long steps": "-nx 32 -order 2 -cfl 1",
                "order 2, two stages": "-nx 32 -order 2 -cfl .4 -ts_ssp_nstages 2",
                "order 2, 2 x, long steps": "-nx 64 -order 2 -cfl 1",
                "order 2, 2 x, two stages": "-nx 64 -order 2 -cfl .4 -ts_ssp_nstages 2"}),
    "kuramoto_sivashinsky": dict(
        shape=(64,), components=1, restrict="inject", base="arkimex", fine="arkimex", truth="-nx 256 -order 4",
        coarse="-nx 64 -ts_adapt_type none", train="", end=20,
        rivals={"2 x finer": "-nx 128 -ts_adapt_type none", "order 4": "-nx 64 -order 4 -ts_adapt_type none",
                "own steps": "-nx 64", "order 4, 2 x finer": "-nx 128 -order 4"}),
    "transport3d": dict(
        shape=(16, 16, 16), components=1, restrict="average", base="euler", fine="ssp", truth="-nx 64 -order 2",
        coarse="-nx 16", train="-closure_form flux -closure_velocity wx,wy,wz",
        rivals={"2 x finer": "-nx 32", "order 2": "-nx 16 -order 2", "order 2, 2 x finer": "-nx 32 -order 2"}),
    "burgers3d": dict(
        shape=(16, 16, 16), components=3, restrict="average", base="rk", fine="rk", recorded=range(1, 12),
        truth="-nx 64", record="-closure_record_interval 4", coarse="-nx 16 -cfl .5 -values means",
        train=f"-closure_form flux -closure_half_width 2 -closure_shear 1 -closure_train_regression 1 "
              f"-closure_train_config {os.path.join(HERE, 'burgers3d.yaml')}",
        spectral=True,
        rivals={"without, own steps": "-nx 16 -cfl .6", "order 5": "-nx 16 -order 5 -cfl .4",
                "1.25 x finer": "-nx 20 -cfl .6", "1.5 x finer": "-nx 24 -cfl .6", "2 x finer": "-nx 32 -cfl .6",
                "order 5, 1.5 x": "-nx 24 -order 5 -cfl .4"}),
    # Cells in the order of the mesh: those that one is refined into follow each other. {mesh}: its file.
    "shallow_water_mesh": dict(
        mesh="lshape.msh", shape=(496,), components=3, restrict="average", base="euler", fine="rk -closure_ts_rk_type 2a",
        truth="{mesh} -dm_refine 3 -order 2", coarse="{mesh} -dm_refine 1",
        train="-closure_form flux -closure_velocity hu,hv",
        rivals={"2 x finer": "{mesh} -dm_refine 2", "order 2": "{mesh} -dm_refine 1 -order 2",
                "order 2, 2 x finer": "{mesh} -dm_refine 2 -order 2"}),
}
WAYS = {"regression": 1, "regression, PPO": None, "PPO": 0}  # share that is regression; None: as it comes
RECORDED = range(1, 7)  # initial states; those of the comparison begin at 101


class Study:
    def __init__(self, name, out, build):
        self.name, self.out, self.about = name, out, PROGRAMS[name]
        self.folder = os.path.join(out, name)
        os.makedirs(self.folder, exist_ok=True)
        self.program = os.path.join(self.folder, name)
        self.library = os.path.join(build, "lib", "libpetrl.so")
        if not os.path.exists(self.library):
            sys.exit(f"study.py: {self.library}: not there; --build names the folder in which PetRL was built")
        petsc = shlex.split(subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], check=True, text=True,
                                           stdout=subprocess.PIPE).stdout)
        subprocess.run(["mpicc", "-O2", os.path.join(HERE, name + ".c"), "-o", self.program, *petsc, "-lm"], check=True)

    def run(self, options, log=None):
        mesh = "-dm_plex_filename " + os.path.join(ROOT, "meshes", self.about.get("mesh", ""))
        command = [self.program, *options.replace("{mesh}", mesh).split()]
        done = subprocess.run(command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if log:
            with open(os.path.join(self.folder, log), "w") as f:
                f.write(done.stdout)
        if done.returncode:
            sys.exit(f"study.py: {' '.join(command)}: exit status {done.returncode}\n{done.stdout[-2000:]}")
        return done.stdout

    def closure(self, base):
        return f"-dll_append {self.library} -ts_type closure -closure_ts_type {base}"

    def state(self, seed):
        return f"-seed {seed}" + (f" -flow {seed}" if self.name == "transport3d" else "")

    def record(self, file, seeds):
        """Fine runs, on the coarse grid."""
        path = os.path.join(self.folder, file)
        there = 0
        if os.path.exists(path):
            with h5py.File(path, "r") as f:
                there = len(f["runs"])
        for seed in list(seeds)[there:]:
            self.run(f"{self.about['truth']} {self.state(seed)} {self.closure(self.about['fine'])} -closure_record {file} "
                     f"-closure_record_coarsen {COARSEN} -closure_record_restrict {self.about['restrict']} "
                     f"{self.about.get('record', '')}")

    def log(self, way, seed):
        share = WAYS[way]
        name = f"closure-{seed}" if share is None else f"closure-{'regression' if share else 'ppo'}-{seed}"
        return os.path.join(self.folder, name + ".log")

    def train(self, seed, budget, way="regression, PPO"):
        """The policy's file, and what the training said. budget: an option."""
        share, log = WAYS[way], self.log(way, seed)
        name = os.path.basename(log)[:-4]
        if not os.path.exists(log):
            self.run(f"{self.about['coarse']} {self.closure(self.about['base'])} -closure_train truth.h5 "
                     f"-closure_save {name}.h5 {self.about['train']} {budget} -closure_train_seed {seed}"
                     + ("" if share is None else f" -closure_train_regression {share}"), log=name + ".log")
        with open(log) as f:
            said = f.read()
        lines = re.findall(r"^PetRL: (?:\d.* s: |  after|\S+: error|nothing).*$", said, re.M)
        print("\n".join(f"  {way}, seed {seed}: {line}" for line in lines), flush=True)
        return f"{name}.h5", said

    def train_all(self, seeds, jobs, budgets):
        """budgets: an option for each way."""
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            keys = [(way, seed) for seed in seeds for way in budgets]
            return dict(zip(keys, pool.map(lambda key: self.train(key[1], budgets[key[0]], key[0]), keys)))

    def iteration(self, way):
        """Seconds of the processor for an iteration of a training, with its share of validations."""
        used = []
        for n in (10, 110):  # long enough that the start, and what else the machine does, count little
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            with tempfile.TemporaryDirectory() as folder:
                self.run(f"{self.about['coarse']} {self.closure(self.about['base'])} -closure_train truth.h5 "
                         f"-closure_save {folder}/my.h5 {self.about['train']} -closure_train_iterations {n} "
                         + ("" if WAYS[way] is None else f"-closure_train_regression {WAYS[way]}"))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return (used[1] - used[0]) / 100

    def final(self, options):
        """The state at the end, z y x component, and seconds: of the processor, where the program says it, or in TSStep."""
        if "end" in self.about:
            options += f" -ts_max_time {self.about['end']}"
        said = self.run(f"{options} -ts_view_solution binary:end.bin -log_view")
        with open(os.path.join(self.folder, "end.bin"), "rb") as f:
            data = f.read()
        size = int(np.frombuffer(data, ">i4", 2)[1])
        state = np.frombuffer(data, ">f8", size, 8).astype(float)
        points = round((size / self.about["components"]) ** (1 / len(self.about["shape"])))
        state = state.reshape((points,) * len(self.about["shape"]) + (self.about["components"],))
        own = re.search(r"^\d+ steps, (\S+) s of the processor", said, re.M)
        seconds = float((own or re.search(r"^TSStep +\d+ [\d.]+ (\S+)", said, re.M))[1])
        return state, seconds

    def restrict(self, state):
        ratio = state.shape[0] // self.about["shape"][0]
        for axis in range(len(self.about["shape"])):
            if self.about["restrict"] == "inject":
                state = state.take(range(0, state.shape[axis], ratio), axis)
            else:
                split = state.shape[:axis] + (state.shape[axis] // ratio, ratio) + state.shape[axis + 1:]
                state = state.reshape(split).mean(axis + 1)
        return state


def error(state, truth):
    """Root mean square, over that of the truth's deviations from its mean; all components together."""
    deviation = truth - truth.mean(axis=tuple(range(truth.ndim - 1)))
    return float(np.sqrt(((state - truth) ** 2).sum() / (deviation ** 2).sum()))


def compare(study, path, minutes, seeds, jobs):
    """Error ratios on the held-out states: that of the policy that is saved, and that which regression had come to; and
    milliseconds a decision in the solver, and in all else. minutes: of the processor; what else it does does not count,
    and the same iterations give the same policy."""
    if not all(os.path.exists(study.log(way, seed)) for way in WAYS for seed in range(1, seeds + 1)):
        budgets = {way: f"-closure_train_iterations {round(60 * minutes / study.iteration(way))}" for way in WAYS}
    else:
        budgets = dict.fromkeys(WAYS)
    trained = study.train_all(range(1, seeds + 1), jobs, budgets)
    rows = []
    for (way, seed), (file, said) in trained.items():
        with open(os.path.join(study.folder, file + ".training", "log.csv")) as f:
            log = list(csv.DictReader(f))
        spent, solver = (float(x) for x in re.search(r"^PetRL: (\S+) s: (\S+) in the program's", said, re.M).groups())
        steps = int(log[-1]["steps"])
        regression = [float(row["score"]) for row in log if float(row["updates"]) == 0]
        rows.append((way, seed, f"{float(log[-1]['best']):.6g}", f"{min(regression):.6g}" if regression else "",
                     re.findall(r"iteration (\d+)", said)[-1], f"{1e3 * solver / steps:.3g}",
                     f"{1e3 * (spent - solver) / steps:.3g}"))
    with open(path, "w", newline="") as f:
        table = csv.writer(f)
        table.writerow(("way", "seed", "ratio", "ratio_of_regression", "iterations", "solver_ms", "other_ms"))
        table.writerows(rows)
    for way in WAYS:
        print(f"{way:18}", "  ".join(f"{float(r[2]):.4f}" + (f" (from {float(r[3]):.4f})" if way == "regression, PPO" else "")
                                     for r in rows if r[0] == way))
    print(path)


def picture(study, shown, file):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    names = [n for n in ("without", "closure", "truth") if n in shown and np.isfinite(shown[n]).all()]
    if "mesh" in study.about:
        with h5py.File(os.path.join(study.folder, "test.h5"), "r") as f:
            x, y = f["cells"][()].T
        values = {n: shown[n][..., 0] for n in names}
        figure, axes = plt.subplots(1, len(names), figsize=(3 * len(names), 3.2), layout="constrained")
        for axis, name in zip(axes, names):
            image = axis.scatter(x, y, c=values[name], s=16, vmin=values["truth"].min(), vmax=values["truth"].max())
            axis.set(title=name, xticks=[], yticks=[], aspect="equal")
        figure.colorbar(image, ax=axes, shrink=0.8)
    elif len(study.about["shape"]) == 1:
        figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
        for name, style in zip(names, ("C1:", "C0-", "k--")):
            axis.plot(shown[name][:, 0], style, label=name)
        axis.set(xlabel="point of the coarse grid", ylabel="u at the end")
        axis.legend()
    else:
        planes = {n: s[s.shape[0] // 2, ..., 0] if s.ndim == 4 else s[..., 0] for n, s in shown.items()}
        low, high = planes["truth"].min(), planes["truth"].max()
        figure, axes = plt.subplots(1, len(names), figsize=(3 * len(names), 3.2), layout="constrained")
        for axis, name in zip(axes, names):
            image = axis.imshow(planes[name], origin="lower", vmin=low, vmax=high, cmap="viridis")
            axis.set(title=name, xticks=[], yticks=[])
        figure.colorbar(image, ax=axes, shrink=0.8)
    figure.savefig(file, dpi=110)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program", choices=sorted(PROGRAMS))
    p.add_argument("-o", "--output", default=os.path.join(HERE, "out"))
    p.add_argument("--minutes", type=float, default=20, help="of training, each seed (20)")
    p.add_argument("--iterations", type=int, default=0, help="of training instead: the same on every machine")
    p.add_argument("--train", default="", help="more options of the training (into an OUT of its own)")
    p.add_argument("--seeds", type=int, default=3, help="of the training (3)")
    p.add_argument("--cases", type=int, default=8, help="initial states that were never recorded (8)")
    p.add_argument("--jobs", type=int, default=1, help="trainings at a time (1)")
    p.add_argument("--compare", action="store_true", help="regression, PPO, and one after the other")
    p.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    a = p.parse_args()
    os.makedirs(a.output, exist_ok=True)
    if a.compare and "mesh" in PROGRAMS[a.program]:
        p.error("--compare: closures on meshes are learned by regression only")
    study = Study(a.program, os.path.abspath(a.output), os.path.abspath(a.build))
    about, began = study.about, time.time()
    about["train"] += " " + a.train
    study.record("truth.h5", about.get("recorded", RECORDED))
    if a.compare:
        return compare(study, os.path.join(a.output, a.program + "_ways.csv"), a.minutes, a.seeds, a.jobs)
    seeds = range(101, 101 + a.cases)
    if not about.get("spectral"):
        study.record("test.h5", seeds)
    print(f"{a.program}: recorded in {time.time() - began:.0f} s", flush=True)
    trained = study.train_all(range(1, a.seeds + 1), a.jobs, {"regression, PPO": f"-closure_train_iterations {a.iterations}" if a.iterations
                                                   else f"-closure_train_minutes {a.minutes}"})
    files = {f"closure, seed {s}": file for (_, s), (file, _) in trained.items()}
    files = {name: f for name, f in files.items() if os.path.exists(os.path.join(study.folder, f))}

    methods = {"without": about["coarse"]}
    methods.update({name: f"{about['coarse']} {study.closure(about['base'])} -closure_policy {f}" for name, f in files.items()})
    methods.update(about["rivals"])
    (compare_spectra if about.get("spectral") else compare_states)(study, methods, seeds, os.path.join(a.output, a.program))


def write(path, columns, rows):
    with open(path, "w", newline="") as f:
        table = csv.writer(f)
        table.writerow(columns)
        table.writerows([x if isinstance(x, (str, int)) else f"{x:.6g}" for x in row] for row in rows)


def compare_spectra(study, methods, seeds, path):
    """In a periodic cube: Fourier coefficients, against those of the fine run itself, on any grids."""
    methods = {"truth": study.about["truth"], **methods}
    rows, shown = [], {}
    for seed in seeds:
        for name, options in methods.items():
            state, seconds = study.final(f"{options} {study.state(seed)}")
            c = spectrum.coefficients(state, "-values means" in options)
            if name == "truth":
                truth = c
            rows.append((name, seed, *spectrum.compare(c, truth), seconds))
            shown.setdefault(name.split(",")[0], (state, "-values means" in options))
    write(path + ".csv", ("method", "initial_state", "error", *spectrum.COLUMNS, "seconds"), rows)
    spectrum.table(rows, methods)
    spectrum.picture(shown, rows, methods, path + ".png")
    print(f"{path}.csv, {path}.png")


def compare_states(study, methods, seeds, path):
    """Point by point, on the coarse grid."""
    about, rows, shown = study.about, [], {}
    for case, seed in enumerate(seeds):
        with h5py.File(os.path.join(study.folder, "test.h5"), "r") as f:
            run = f["runs"][sorted(f["runs"])[case]]
            at = np.abs(run["time"][()] - about["end"]).argmin() if "end" in about else -1
            truth = run["state"][int(at)]
        if case == 0:
            shown["truth"] = truth
        for name, options in methods.items():
            state, seconds = study.final(f"{options} {study.state(seed)}")
            state = study.restrict(state)
            rows.append((name, seed, error(state, truth), seconds))
            if case == 0:
                shown[name.split(",")[0]] = state
    write(path + ".csv", ("method", "initial_state", "error", "seconds"), rows)
    print(f"{'':22} {'error (median, least, largest)':32} {'better in':>10} {'seconds':>9}")
    without = {c: e for n, c, e, _ in rows if n == "without"}
    for name in methods:
        mine = [r for r in rows if r[0] == name]
        errors = [r[2] for r in mine]
        better = sum(r[2] < without[r[1]] for r in mine)
        print(f"{name:22} {statistics.median(errors):8.4f} {min(errors):8.4f} {max(errors):8.4f} {'':6}"
              f"{better:4} of {len(mine):2} {statistics.median(r[3] for r in mine):9.4f}")
    picture(study, shown, path + ".png")
    print(f"{path}.csv, {path}.png")


if __name__ == "__main__":
    main()
