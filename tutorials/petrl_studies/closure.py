"""Closures on coarse grids: errors over test cases, their evolution, what actions correlate with, and what a reference
step costs - also over the classical methods' at equal error (error: of a case at one step, cost: the least time)."""

import numpy as np

from .data import show, write
from .statistics import Comparison, Curve, Summary, geometric, quantile

FAILED = 100   # percent
CLEARLY = 1.5  # a closure has to win by so much to be worth its trouble
SETTINGS = ("scheme", "integrator", "modified", "policy", "n", "dt_multiple", "substeps")
CORRELATIONS = {"correlation_paper": "paper", "correlation_truncation": "truncation", "correlation_exact": "exact",
                "slope_exact": "slope_exact", "action_over_exact_rms": "action_over_exact_rms"}


def errors(runs, out, markdown):
    rows = []
    for (cell, method, step), g in runs.groups("cell", "method", "step"):
        error, mass = Summary(g.numbers("error_percent"), FAILED), Summary(g.numbers("mass_percent"))
        rows.append({"cell": cell, "method": method, "step": int(step), "runs": len(g), "mean_percent": error.mean,
                     "std_percent": error.deviation, "median_percent": error.quantile(.5), "q90_percent": error.quantile(.9),
                     "failed": error.failed, "blown_up": error.blown_up, "mass_percent": mass.mean,
                     "mass_std_percent": mass.deviation})
    methods = runs.unique("method")
    cells = runs.unique("cell")
    rows.sort(key=lambda r: (cells.index(r["cell"]), methods.index(r["method"]), r["step"]))
    write(f"{out}/errors.csv", rows)
    show(rows, {"cell": ("cell", ""), "method": ("method", ""), "step": ("step", ""), "mean_percent": ("mean", ".3f"),
                "std_percent": ("std", ".3f"), "median_percent": ("median", ".3f"), "q90_percent": ("90 %", ".3f"),
                "failed": ("failed", ""), "mass_percent": ("mass", ".4f")},
         f"relative errors in percent (failed: above {FAILED} %; runs that blew up are left out of mean and deviation)", markdown)


def wins(runs, methods, out, markdown):
    """Case by case: in how many a method's error is below that of the one that it is compared with."""
    against = {g["method"][0]: g["against"][0] for _, g in methods.groups("method") if g["against"][0]}
    found = {key: g for key, g in runs.groups("method", "cell", "step")}
    rows = []
    for (method, cell, step), g in found.items():
        if method not in against:
            continue
        mine, other = g.numbers("error_percent"), found[against[method], cell, step].numbers("error_percent")
        with np.errstate(invalid="ignore"):
            both = np.isinf(mine) & np.isinf(other)  # blew up: neither is better
            ratio = np.where(both, 1, mine / other)
        rows.append({"cell": cell, "method": method, "against": against[method], "step": int(step), "runs": len(mine),
                     "wins": int((mine < other).sum()), "neither": int(both.sum()), "worst_ratio": float(ratio.max()),
                     "median_ratio": quantile(ratio, .5)})
    if rows:
        write(f"{out}/wins.csv", rows)
        show(rows, {"cell": ("cell", ""), "method": ("method", ""), "against": ("against", ""), "step": ("step", ""),
                    "wins": ("better in", ""), "runs": ("of", ""), "neither": ("both blew up", ""), "median_ratio": ("median ratio", ".3f"),
                    "worst_ratio": ("worst", ".2f")}, "case by case: errors over those of the method without it", markdown)


def evolution(runs, out):
    rows = []
    for (cell, method, step), g in runs.groups("cell", "method", "step"):
        s = Summary(g.numbers("error_percent"), FAILED)
        rows.append({"cell": cell, "method": method, "step": int(step), "mean_percent": s.mean, "std_percent": s.deviation}
                    | {f"{name}_percent": s.quantile(q) for name, q in
                       (("q10", .1), ("q25", .25), ("median", .5), ("q75", .75), ("q90", .9))} | {"failed": s.failed})
    cells, methods = runs.unique("cell"), runs.unique("method")
    rows.sort(key=lambda r: (cells.index(r["cell"]), methods.index(r["method"]), r["step"]))
    write(f"{out}/evolution.csv", rows, digits=5)


def durations(runs, out, markdown):
    rows = []
    for (cell, method, threshold), g in runs.groups("cell", "method", "threshold_percent"):
        steps = g.numbers("step")
        rows.append({"cell": cell, "method": method, "threshold_percent": float(threshold), "runs": len(g),
                     "reached": int(g.numbers("reached").sum()), "mean_steps": steps.mean(), "median_steps": quantile(steps, .5)})
    cells, methods = runs.unique("cell"), runs.unique("method")
    rows.sort(key=lambda r: (cells.index(r["cell"]), methods.index(r["method"])))
    write(f"{out}/thresholds.csv", rows)
    show(rows, {"cell": ("cell", ""), "method": ("method", ""), "threshold_percent": ("percent", "g"), "mean_steps": ("mean", ".1f"),
                "median_steps": ("median", ".1f"), "reached": ("reached", ""), "runs": ("of", "")},
         "number of steps until the relative error exceeds a threshold (runs that never do so count with all steps)", markdown)


def cost(runs, methods, out, markdown):
    """methods: rows that say what each of them is."""
    what = {g["method"][0]: {k: g[k][0] for k in ("family", *SETTINGS)} for _, g in methods.groups("method")}
    times = {m: g.numbers("us_per_step") for (m,), g in runs.where(part="time").groups("method")}
    found, rows = runs.where(part="cost"), []
    for (cell,), mine in found.groups("cell"):
        error = {m: g.numbers("error_percent") for (m,), g in mine.groups("method")}
        curve = lambda names: Curve([error[m] for m in names], [np.full(len(error[m]), times[m].min()) for m in names])  # noqa: E731
        classical = [m for m in error if not what[m]["policy"]]
        for method in ["FGS", *error]:
            s = Summary(error.get(method, np.zeros(1)), FAILED)
            closure = bool(what[method]["policy"])
            row = {"cell": cell, "method": method, "family": what[method]["family"], "closure": closure}
            row |= {k: what[method][k] for k in SETTINGS} | {"step": mine["step"][0], "runs": len(mine.unique("case"))}
            row |= {"error_percent": s.mean, "error_std_percent": s.deviation if method in error else 0.,
                    "error_median_percent": s.quantile(.5), "error_geometric_percent": float(geometric(s.all)) if method in error else 0.,
                    "failed": s.failed}
            row |= {"us_per_step_median": quantile(times[method], .5), "us_per_step_min": times[method].min(),
                    "ns_per_point": 1e3 * times[method].min() / float(what[method]["n"]) ** 2,
                    "fgs_time_over_time": times["FGS"].min() / times[method].min()}
            c = Comparison([(curve([method]), [curve(classical)])]) if closure and classical else None
            row |= {"front_time_over_time": c.median if c else "", "front_low": c.low if c else "", "front_high": c.high if c else "",
                    "wins": "" if c is None else c.median > CLEARLY}
            rows.append(row)
    write(f"{out}/cost.csv", rows)
    show(rows, {"cell": ("cell", ""), "method": ("method", ""), "n": ("n", ""), "error_percent": ("error %", ".3f"),
                "error_median_percent": ("median", ".3f"), "error_geometric_percent": ("geometric", ".3f"),
                "us_per_step_median": ("us median", ".2f"), "us_per_step_min": ("us least", ".2f"),
                "fgs_time_over_time": ("FGS/time", ".2f"), "front_time_over_time": ("classical at equal error/time", ".2f"),
                "front_low": ("5 %", ".2f"), "front_high": ("95 %", ".2f"), "failed": ("failed", "")},
         f"cost of a reference step, and the error at step {rows[0]['step']} over {rows[0]['runs']} cases "
         "(- : no classical method is as accurate)", markdown)


def correlations(runs, out, markdown):
    rows = []
    for (cell, method), g in runs.groups("cell", "method"):
        row = {"cell": cell, "method": method, "samples": len(g)}
        for key, name in CORRELATIONS.items():
            x = g.numbers(key)
            s = Summary(x[np.isfinite(x)])
            row |= {f"{name}_mean": s.mean, f"{name}_std": s.deviation}
        rows.append(row)
    write(f"{out}/correlations.csv", rows, digits=5)
    show(rows, {"cell": ("cell", ""), "method": ("method", "")}
         | {f"{name}_{k}": (name if k == "mean" else "+-", ".3f") for name in list(CORRELATIONS.values())[:4] for k in ("mean", "std")},
         "correlation of the actions with: dt eps as the paper has it (its equation 22) and as it follows from the scheme,\n"
         "both at the states that the closure leads to; and base step minus fine step at restricted fine states", markdown)


def tables(runs, out, config, markdown=False, **_):
    part = lambda *names: runs.where(part=names)  # noqa: E731
    if len(part("evolution")):
        evolution(part("evolution"), out)
    if len(part("duration")):
        durations(part("duration"), out, markdown)
    if len(part("errors")):
        errors(part("errors"), out, markdown)
        wins(part("errors"), part("method"), out, markdown)
    if len(part("time")):
        cost(part("cost", "time"), part("method"), out, markdown)
    if len(part("actions")):
        correlations(part("actions"), out, markdown)
