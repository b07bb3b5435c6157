"""LAMP on triangulations: errors, cells and times of each method; cells and times of others over those of the subject's
policy at equal error; and, case by case, the errors of the policy over those of each setting of the others, at that of
its trade-offs whose mean number of cells is the next below. Config: {subject: name of a model}."""
import numpy as np

from . import equal_error
from .data import show, write
from .statistics import Summary

TIMES = ("deciding_ms", "remeshing_ms", "predicting_ms", "time_ms")


def least(t, values):
    """One number a trajectory: of several repeats the least. What is no number counts as infinite."""
    trajectories, values = t.numbers("trajectory"), np.where(np.isfinite(values), values, np.inf)
    return np.array([values[trajectories == k].min() for k in np.unique(trajectories)])


def summary(g):
    first = g.where(repeat=g["repeat"][0])
    error = Summary(first.numbers("error"))
    median = lambda values: float(np.median(least(g, values))) if np.isfinite(values).any() else ""  # noqa: E731
    return {"name": g["name"][0], "remeshing": g["remeshing"][0], "start [halvings]": g["start"][0], "setting": g["setting"][0],
            "vertices mean": first.numbers("vertices").mean(), "cells mean": first.numbers("cells").mean(), "error mean": error.mean,
            "error deviation": error.deviation if len(first) > 1 else 0., "error median": error.quantile(.5), "blown up": error.blown_up,
            "last error mean": Summary(first.numbers("last")).mean, **{c.replace("_ms", " [ms]"): median(g.numbers(c)) for c in TIMES}}


def case_by_case(mine, name, remeshing, rival):
    settings = [(g.numbers("cells").mean(), least(g, g.numbers("error")), least(g, g.numbers("cells")), g["setting"][0])
                for _, g in mine.groups("row")]
    found = []
    for _, g in rival.groups("row"):
        cells, error = g.numbers("cells").mean(), least(g, g.numbers("error"))
        row = {"name": name, "remeshing": remeshing, "setting": g["setting"][0], "cells": cells, "trade_off": "", "policy's cells": "",
               "mean ratio": "", "median ratio": "", "better in": "", "fewer cells in": "", "of": len(error)}
        fits = [s for s in settings if s[0] <= cells]
        if fits:
            own, its, count, beta = max(fits, key=lambda s: s[0])
            row.update({"trade_off": beta, "policy's cells": own, "mean ratio": its.mean() / error.mean(),
                        "median ratio": float(np.median(its / error)), "better in": int((its < error).sum()),
                        "fewer cells in": int((count <= least(g, g.numbers("cells"))).sum())})
        found.append(row)
    return found


def tables(runs, out, config, markdown=False, **_):
    rows = [summary(g) for _, g in runs.groups("row")]
    write(f"{out}/table.csv", rows)
    show(rows, {"name": ("model", ""), "remeshing": ("re-meshing", ""), "start [halvings]": ("start", ""), "setting": ("setting", ""),
                "vertices mean": ("vertices", ".1f"), "cells mean": ("cells", ".1f"), "error mean": ("error", ".3e"),
                "error deviation": ("spread", ".1e"), "error median": ("median", ".3e"), "blown up": ("blown up", ""),
                "last error mean": ("at the end", ".3e"), "deciding [ms]": ("deciding", ".2f"), "remeshing [ms]": ("re-meshing", ".2f"),
                "predicting [ms]": ("predicting", ".2f"), "time [ms]": ("ms", ".2f")},
         "mean squared errors; times of a trajectory", markdown)
    subject = config.get("subject", runs["name"][0])
    mine, cases = runs.where(name=subject, remeshing="policy"), []
    if len(mine) == 0:
        return
    for (name, remeshing), rival in runs.groups("name", "remeshing"):
        if (name, remeshing) == (subject, "policy"):
            continue
        cases += case_by_case(mine, name, remeshing, rival)
    equal_error.tables(runs, subject, "name", ("cells", "time_ms"), ".2e", out, markdown)
    write(f"{out}/cases.csv", cases)
    show(cases, {"name": ("model", ""), "remeshing": ("re-meshing", ""), "setting": ("setting", ""), "cells": ("cells", ".1f"),
                 "trade_off": ("policy at", ""), "policy's cells": ("its cells", ".1f"), "mean ratio": ("mean error", ".2f"),
                 "median ratio": ("median of ratios", ".2f"), "better in": ("better in", ""), "fewer cells in": ("fewer cells in", ""),
                 "of": ("of", "")},
         f"errors of {subject}'s policy, at fewer cells in the mean, over those of others", markdown)
