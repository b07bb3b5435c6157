"""LAMP in one dimension: errors, vertices and times of each method, and vertices and times of others over those of the
first model's policy at equal error. Config: {subject: name of a model}."""
import numpy as np

from . import equal_error
from .data import show, write
from .statistics import Summary


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
    equal_error.tables(runs, subject, "model", ("vertices", "us_per_bundle"), ".3f", out, markdown)
