"""LAMP on triangulations: errors, cells and times of each method; cells and times of others over those of the subject's
policy at equal error; case by case, errors over those of the policy at the setting that has the next fewer cells.
Config: {subject: name of a model}."""
import numpy as np

from .data import show, write
from .statistics import Comparison, Curve, Summary

TIMES = ("deciding_ms", "remeshing_ms", "predicting_ms")


def kept(t, column):
    """One number a trajectory: of several repeats the least."""
    return t.matrix(column, "trajectory", ["row"])[1][0]


def summary(g):
    first = g.where(repeat=g["repeat"][0])
    error = Summary(first.numbers("error"))
    times = {c.replace("_ms", " [ms]"): float(np.median(kept(g, c))) for c in TIMES}
    return {"name": g["name"][0], "remeshing": g["remeshing"][0], "start [halvings]": g["start"][0], "setting": g["setting"][0],
            "vertices mean": first.numbers("vertices").mean(), "cells mean": first.numbers("cells").mean(), "error mean": error.mean,
            "error deviation": error.deviation if len(first) > 1 else 0., "error median": error.quantile(.5),
            "last error mean": Summary(first.numbers("last")).mean, **times, "time [ms]": sum(times.values())}


def case_by_case(runs, mine, name, remeshing, rival):
    """Against each setting of a rival: the policy's most accurate setting among those that take no more cells."""
    settings = [(g.numbers("cells").mean(), kept(g, "error"), g["setting"][0]) for _, g in mine.groups("row")]
    found = []
    for _, g in rival.groups("row"):
        cells, error = g.numbers("cells").mean(), kept(g, "error")
        fits = [s for s in settings if s[0] <= cells]
        if not fits:
            continue
        best = min(fits, key=lambda s: s[1].mean())
        found.append({"name": name, "remeshing": remeshing, "setting": g["setting"][0], "cells": cells, "trade_off": best[2],
                      "policy's cells": best[0], "mean ratio": best[1].mean() / error.mean(),
                      "median ratio": float(np.median(best[1] / error)), "better in": int((best[1] < error).sum()), "of": len(error)})
    return found


def tables(runs, out, config, markdown=False, **_):
    rows = [summary(g) for _, g in runs.groups("row")]
    write(f"{out}/table.csv", rows)
    show(rows, {"name": ("model", ""), "remeshing": ("re-meshing", ""), "start [halvings]": ("start", ""), "setting": ("setting", ""),
                "vertices mean": ("vertices", ".1f"), "cells mean": ("cells", ".1f"), "error mean": ("error", ".3e"),
                "error deviation": ("spread", ".1e"), "error median": ("median", ".3e"), "last error mean": ("at the end", ".3e"),
                "deciding [ms]": ("deciding", ".2f"), "remeshing [ms]": ("re-meshing", ".2f"), "predicting [ms]": ("predicting", ".2f"),
                "time [ms]": ("ms", ".2f")},
         "mean squared errors; times of a trajectory", markdown)
    subject = config.get("subject", runs["name"][0])
    mine, equal, cases = runs.where(name=subject, remeshing="policy"), [], []
    if len(mine) == 0:
        return
    curve = lambda t: Curve.of(t, "error", "cells", case="trajectory", setting=("row",))  # noqa: E731
    for (name, remeshing), rival in runs.groups("name", "remeshing"):
        if (name, remeshing) == (subject, "policy"):
            continue
        cases += case_by_case(runs, mine, name, remeshing, rival)
        c = Comparison([(curve(mine), [curve(rival)])])
        if len(c.error):
            equal.append({"name": name, "remeshing": remeshing, "error_from": c.error[0], "error_to": c.error[-1], "ratio_min": c.least,
                          "ratio_median": c.median, "ratio_max": c.most, "median_low": c.low, "median_high": c.high,
                          "losses": c.losses, "places": len(c.error)})
    write(f"{out}/equal_error.csv", equal)
    show(equal, {"name": ("model", ""), "remeshing": ("re-meshing", ""), "error_from": ("errors from", ".2e"), "error_to": ("to", ".2e"),
                 "ratio_min": ("least", ".2f"), "ratio_median": ("median", ".2f"), "ratio_max": ("most", ".2f"),
                 "median_low": ("5 %", ".2f"), "median_high": ("95 %", ".2f"), "losses": ("loses at", ""), "places": ("of", "")},
         f"cells of others over those of {subject}'s policy at equal error (geometric mean over trajectories)", markdown)
    write(f"{out}/cases.csv", cases)
    show(cases, {"name": ("model", ""), "remeshing": ("re-meshing", ""), "setting": ("setting", ""), "cells": ("cells", ".1f"),
                 "trade_off": ("policy at", ""), "policy's cells": ("its cells", ".1f"), "mean ratio": ("mean error", ".2f"),
                 "median ratio": ("median of ratios", ".2f"), "better in": ("better in", ""), "of": ("of", "")},
         f"errors of {subject}'s policy, at no more cells, over those of others", markdown)
