"""LAMP in one dimension: errors, vertices and times of each method, and vertices and times of others over those of the
first model's policy at equal error. Config: {subject: name of a model}."""
import math

import numpy as np

from .data import show, write
from .statistics import Comparison, Curve, Summary


def tables(runs, out, config, markdown=False, **_):
    rows = []
    for _, g in runs.groups("row"):
        # Of several repeats of a trajectory the fastest counts; everything else is the same.
        kept = g.matrix("us_per_bundle", "trajectory", ["row"])[1][0]
        first = g.where(repeat=g["repeat"][0])
        error, consistent = Summary(first.numbers("error")), first.numbers("consistent_error")
        rows.append({"model": g["model"][0], "remeshing": g["remeshing"][0], "start [vertices]": g["start_vertices"][0],
                     "trade_off": g["trade_off"][0], "vertices mean": first.numbers("vertices").mean(), "error mean": error.mean,
                     "error deviation": error.deviation if len(first) > 1 else 0.,
                     "error median": float(np.sort(first.numbers("error"))[len(first) // 2]),
                     "consistent error mean": consistent.mean() if np.isfinite(consistent).all() else "",
                     "time [us per bundle]": float(np.sort(kept)[len(kept) // 2])})
    write(f"{out}/table.csv", rows)
    show(rows, {"model": ("model", ""), "remeshing": ("re-meshing", ""), "start [vertices]": ("start", ""),
                "trade_off": ("trade-off", ""), "vertices mean": ("vertices", ".2f"), "error mean": ("error", ".4f"),
                "error deviation": ("spread", ".4f"), "error median": ("median", ".4f"), "time [us per bundle]": ("us/bundle", ".2f")},
         "", markdown)
    subject = config.get("subject", runs["model"][0])
    mine, found = runs.where(model=subject, remeshing="policy"), []
    curve = lambda t, cost: Curve.of(t, "error", cost, case="trajectory", setting=("row",))  # noqa: E731
    for (model, remeshing), rival in runs.groups("model", "remeshing"):
        for cost in ("vertices", "us_per_bundle"):
            if (model, remeshing) == (subject, "policy") or math.isnan(runs.numbers(cost)[0]):
                continue
            c = Comparison([(curve(mine, cost), [curve(rival, cost)])])
            if len(c.error):
                found.append({"model": model, "remeshing": remeshing, "measure": cost, "error_from": c.error[0], "error_to": c.error[-1],
                              "ratio_min": c.least, "ratio_median": c.median, "ratio_max": c.most, "median_low": c.low,
                              "median_high": c.high, "losses": c.losses, "places": len(c.error)})
    write(f"{out}/equal_error.csv", found)
    show(found, {"model": ("model", ""), "remeshing": ("re-meshing", ""), "measure": ("measure", ""), "error_from": ("errors from", ".3f"),
                 "error_to": ("to", ".3f"), "ratio_min": ("least", ".2f"), "ratio_median": ("median", ".2f"), "ratio_max": ("most", ".2f"),
                 "median_low": ("5 %", ".2f"), "median_high": ("95 %", ".2f"), "losses": ("loses at", ""), "places": ("of", "")},
         f"cost of others over that of {subject}'s policy at equal error (geometric mean over trajectories)", markdown)
