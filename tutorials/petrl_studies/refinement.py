"""Mesh refinement: which settings were chosen, their fronts on test cases, what others cost over the policy at equal
error. Config: {places: 21}."""

import numpy as np

from .data import show, write
from .statistics import PLACES, Comparison, Curve, geometric, log_deviation, quantile

SETTING = ("halvings", "interval_steps", "odds", "skip", "gate", "absolute", "refine", "coarsen", "buffer", "share")
RIVALS = {"uniform": ["uniform"], "gradient": ["gradient"], "jump": ["jump"], "recovery": ["recovery"],
          "best threshold": ["gradient", "jump", "recovery"], "gated": ["gated"]}
ERRORS = ("l1", "l2", "mean_l1")
MEASURES = {"cost": ("cost_cell_steps", "chosen_by_cost"), "wall": ("wall_s", "chosen_by_wall")}


def with_wall(runs):
    """Seconds of a run; of several repeats of one the fastest stays."""
    wall = sum(runs.numbers(k) for k in ("stepping_s", "deciding_s", "remeshing_s"))
    runs.columns["wall_s"] = wall.astype(object)
    least = {}
    for i, key in enumerate(zip(*(runs[k] for k in ("split", "experiment", "family", "case", "setting")))):
        if key not in least or wall[i] < wall[least[key]]:
            least[key] = i
    return runs.rows(np.array(sorted(least.values()), int))


def tuning(train, test, out):
    """All settings that were tried: on how many training cases, how well, chosen why."""
    chosen = {(f, s): (c, w) for f, s, c, w in zip(test["family"], test["setting"], test["chosen_by_cost"], test["chosen_by_wall"])}
    rows = []
    for (family, method, setting), g in train.groups("family", "method", "setting"):
        by = chosen.get((family, setting), ("0", "0"))
        rows.append({"family": family, "method": method, "setting": setting, "chosen_by_cost": by[0], "chosen_by_wall": by[1]}
                    | {k: g[k][0] for k in SETTING if k in g.columns} | {"cases": len(g)}
                    | {k: float(geometric(g.numbers(k))) for k in ("l1", "cost_cell_steps", "wall_s")})
    write(f"{out}/configurations.csv", rows)
    for family in train.unique("family"):
        mine = [r for r in rows if r["family"] == family]
        most = max(r["cases"] for r in mine)
        policies = sum(r["method"] in ("policy", "gated") for r in mine)
        print(f"{family}: {len(mine) - policies - sum(r['method'] == 'uniform' for r in mine)} threshold rules and {policies} "
              f"settings of the policy, {sum(r['cases'] == most for r in mine)} of all on all {most} training cases, "
              f"{sum('1' in (r['chosen_by_cost'], r['chosen_by_wall']) for r in mine)} chosen")


def rebuilt_steps(g):
    """What building a cell anew costs in time steps of a cell. The adaptation to the initial condition is in the seconds
    but not in the number: an upper bound."""
    rebuilt = (g.numbers("remeshes") * g.numbers("mean_cells")).sum()
    step = g.numbers("stepping_s").sum() / g.numbers("cell_steps").sum()
    return g.numbers("remeshing_s").sum() / rebuilt / step if rebuilt > 0 else 0.0


def front_row(g):
    l1, wall = g.numbers("l1"), g.numbers("wall_s")
    mean = {k: float(geometric(g.numbers(k))) for k in ("l2", "mean_l1", "cost_cell_steps", "cell_steps", "mean_cells")}
    row = {k: g[k][0] for k in ("method", "setting", "chosen_by_cost", "chosen_by_wall", *SETTING) if k in g.columns}
    row |= {"cases": len(g), "l1": float(geometric(l1)), "l1_log_std": log_deviation(l1), "l1_q25": quantile(l1, .25),
            "l1_q75": quantile(l1, .75), **mean, "decisions": g.numbers("decisions").mean(),
            "remeshes": g.numbers("remeshes").mean(), "wall_s": float(geometric(wall))}
    shares = {f"{k}_share": g.numbers(f"{k}_s").sum() / wall.sum() for k in ("stepping", "deciding", "remeshing")}
    if "seen" in g.columns:
        row["seen"] = g.numbers("seen").mean() if row["method"] in ("policy", "gated") else ""
    return row | shares | {"remesh_steps": rebuilt_steps(g)}


def curve(runs, methods, error, measure):
    cost, flag = MEASURES[measure]
    return Curve.of(runs.where(method=methods, **{flag: 1}), error, cost)


def comparisons(runs, oracle, places):
    """(rival, error, measure, Comparison)."""
    for rival, methods in RIVALS.items():
        if not set(methods) & set(runs["method"]):
            continue
        for measure in MEASURES:
            for error in ERRORS:
                groups = [(curve(runs, ["policy"], error, measure), [curve(runs, [m], error, measure) for m in methods])]
                yield rival, error, measure, Comparison(groups, places=places)
    if len(oracle):
        # Hindsight on its own cases, against the policy on the same; its own cost (paired runs) is not counted.
        fewer = runs.where(case=oracle.unique("case"))
        groups = [(curve(fewer, ["policy"], "l1", "cost"), [curve(oracle, ["oracle"], "l1", "cost")])]
        yield "oracle", "l1", "cost", Comparison(groups, places=places)


def tables(runs, out, config, markdown=False, **_):
    runs = with_wall(runs)
    test = runs.where(split="test")
    tuning(runs.where(split="train", experiment=["screening", "training"]), test.where(experiment="test"), out)
    fronts, ratios, summary = [], [], []
    experiments = [(e, f) for (e, f), _ in test.groups("experiment", "family") if e != "oracle"]
    for experiment, family in experiments:
        mine = test.where(experiment=experiment, family=family)
        oracle = test.where(experiment="oracle", family=family) if experiment == "test" else mine.rows(np.zeros(len(mine), bool))
        key = {"experiment": experiment, "family": family}
        settings = [(g["method"][0], front_row(g)) for part in (mine, oracle) for _, g in part.groups("setting")]
        methods = list(dict.fromkeys(m for m, _ in settings))
        settings.sort(key=lambda s: (methods.index(s[0]), -s[1]["l1"]))
        fronts += [key | row for _, row in settings]
        shown = [row | {"wall_ms": 1e3 * row["wall_s"],
                        "chosen": {"11": "both", "10": "cost", "01": "wall"}[row["chosen_by_cost"] + row["chosen_by_wall"]],
                        **{f"{k}_%": 100 * row[f"{k}_share"] for k in ("stepping", "deciding", "remeshing")}} for _, row in settings]
        show(shown, {"setting": ("setting", ""), "l1": ("L1 error", ".3e"), "l1_log_std": ("log std", ".2f"),
                     "cost_cell_steps": ("cost", ".3e"), "wall_ms": ("wall ms", ".3f"), "mean_cells": ("cells", ".0f"),
                     "remeshes": ("re-meshes", ".1f"), "stepping_%": ("step%", ".0f"), "deciding_%": ("dec%", ".0f"),
                     "remeshing_%": ("mesh%", ".0f"), "chosen": ("chosen by", ""), "remesh_steps": ("steps a re-mesh", ".1f")},
             f"{family}, {experiment} ({len(mine.unique('case'))} cases)", markdown)
        lines = []
        for rival, error, measure, c in comparisons(mine, oracle, config.get("places", PLACES)):
            if not len(c.error):
                continue
            name = key | {"rival": rival, "error": error, "measure": measure}
            ratios += [name | {"at_error": e, "ratio": r} for e, r in zip(c.error, c.ratio)]
            row = name | {"error_from": c.error[0], "error_to": c.error[-1], "ratio_min": c.least, "ratio_median": c.median,
                          "ratio_max": c.most, "median_low": c.low, "median_high": c.high, "places": len(c.error), "losses": c.losses}
            summary.append(row)
            if error == "l1":
                lines.append(row)
        show(lines, {"rival": ("rival", ""), "measure": ("measure", ""), "error_from": ("errors from", ".2e"), "error_to": ("to", ".2e"),
                     "ratio_min": ("least", ".2f"), "ratio_median": ("median", ".2f"), "ratio_max": ("most", ".2f"),
                     "median_low": ("5 %", ".2f"), "median_high": ("95 %", ".2f"), "losses": ("loses at", ""), "places": ("of", "")},
             f"{family}, {experiment}: cost of others over the policy's at equal L1 error", markdown)
    write(f"{out}/front.csv", fronts)
    write(f"{out}/ratio.csv", ratios)
    write(f"{out}/summary.csv", summary)
