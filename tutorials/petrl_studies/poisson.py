"""Adaptive finite elements: what tuning chose, the curves of each family, and its cells over the policy's at equal error.
Config: {errors: [0.1, ...]}: where, besides the whole range."""
import math

import numpy as np

from .data import show, write
from .statistics import Comparison, Curve, geometric, quantile

FLOOR = 1e-12
SETTING = ("family", "estimator", "strategy", "parameter")


def settings(train, test, out):
    """The settings that stand for each level, with their means on the training cases."""
    tried = {}
    for key, g in train.groups(*SETTING):
        cases = [{int(r): (c, e) for r, c, e in zip(x["round"], x.numbers("cells"), x.numbers("error"))} for _, x in g.groups("case")]
        rounds = max(max(c) for c in cases)
        # A run that has stopped stays as it is.
        whole = [[c[min(r, max(c))] for c in cases] for r in range(1, rounds + 1)]
        tried[key] = [tuple(float(10 ** np.mean(np.log10([x[i] for x in line]))) for i in (0, 1)) for line in whole]
    rows = []
    for (family, level), g in test.rows(np.array([k not in ("uniform", "policy", "paired") for k in test["family"]])).groups("family", "key"):
        key = tuple(g[k][0] for k in SETTING)
        r = int(g.numbers("round").max())
        cells, error = tried[key][min(r, len(tried[key])) - 1]
        rows.append(dict(zip(SETTING, key)) | {"round": r, "level": level, "tuning_cells": cells, "tuning_error": error})
    write(f"{out}/settings.csv", rows)


def front(test, out):
    rows = []
    for (family, key), g in test.groups("family", "key"):
        cells, error = g.numbers("cells"), np.maximum(g.numbers("error"), FLOOR)
        tenths = lambda x: [10 ** quantile(np.log10(x), q) for q in (.1, .9)]  # noqa: E731
        row = {"family": family, "key": key, "cases": len(g), "cells": float(geometric(cells))}
        row |= dict(zip(("cells_q10", "cells_q90"), tenths(cells))) | {"error": float(geometric(error))}
        row |= dict(zip(("error_q10", "error_q90"), tenths(error)))
        row |= {"energy_error": float(geometric(np.maximum(g.numbers("energy_error"), FLOOR))),
                "solve_ms": g.numbers("solve_ms").mean(), "decide_ms": g.numbers("decide_ms").mean()}
        rows.append(row)
    write(f"{out}/front.csv", rows)


def tables(runs, out, config, markdown=False, **_):
    test = runs.where(split="test")
    settings(runs.where(split="train"), test, out)
    front(test, out)
    errors = config.get("errors", [.1, .03, .01, .005])
    rows, shown = [], []
    for measure, error in (("mean error", "error"), ("energy error", "energy_error")):
        curve = lambda family: Curve.of(test.where(family=family), error, "cells", setting=("key",))  # noqa: E731
        for family in test.unique("family"):
            if family == "policy":
                continue
            pair = [(curve("policy"), [curve(family)])]
            c, at = Comparison(pair), Comparison(pair, errors=errors)
            row = {"family": family, "measure": measure, "error_from": c.error[0] if len(c.error) else math.nan,
                   "error_to": c.error[-1] if len(c.error) else math.nan, "ratio_min": c.least, "ratio_median": c.median,
                   "ratio_max": c.most, "median_low": c.low, "median_high": c.high, "losses": c.losses}
            for i, e in enumerate(errors):
                row[f"ratio_at_{e:g}"] = at.ratio[i] if len(at.ratio) else math.nan
                row |= {f"{name}_at_{e:g}": float(at.spread[k, i]) for k, name in enumerate(("low", "high"))}
            rows.append(row)
            if measure == "mean error":
                shown.append(row)
    write(f"{out}/ratios.csv", rows)
    columns = {"family": ("family", "")}
    for e in errors:
        columns |= {f"ratio_at_{e:g}": (f"at {e:g}", ".2f"), f"low_at_{e:g}": ("5 %", ".2f"), f"high_at_{e:g}": ("95 %", ".2f")}
    columns |= {"ratio_min": ("least", ".2f"), "ratio_median": ("median", ".2f"), "ratio_max": ("most", ".2f")}
    show(shown, columns, "cells over the policy's at equal mean error", markdown)
