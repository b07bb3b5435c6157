"""Costs of all methods of a study over those of its subject's policy at equal error, on the trajectories of a test."""
import math

from .data import show, write
from .statistics import Comparison, Curve


def tables(runs, subject, model, costs, digits, out, markdown):
    """Writes OUT/equal_error.csv and shows it. model: the column of the methods' names; costs: columns."""
    mine, found = runs.where(remeshing="policy", **{model: subject}), []
    for (name, remeshing), rival in runs.groups(model, "remeshing"):
        if (name, remeshing) == (subject, "policy"):
            continue
        for cost in costs:
            if math.isnan(rival.numbers(cost)[0]):
                continue
            curve = lambda t: Curve.of(t, "error", cost, case="trajectory", setting=("row",))  # noqa: B023, E731
            c = Comparison([(curve(mine), [curve(rival)])])
            if len(c.error):
                found.append({model: name, "remeshing": remeshing, "cost": cost, "error_from": c.error[0], "error_to": c.error[-1],
                              "ratio_min": c.least, "ratio_median": c.median, "ratio_max": c.most, "median_low": c.low,
                              "median_high": c.high, "losses": c.losses, "places": len(c.error)})
    write(f"{out}/equal_error.csv", found)
    show(found, {model: ("model", ""), "remeshing": ("re-meshing", ""), "cost": ("cost", ""), "error_from": ("errors from", digits),
                 "error_to": ("to", digits), "ratio_min": ("least", ".2f"), "ratio_median": ("median", ".2f"), "ratio_max": ("most", ".2f"),
                 "median_low": ("5 %", ".2f"), "median_high": ("95 %", ".2f"), "losses": ("loses at", ""), "places": ("of", "")},
         f"cost of others over that of {subject}'s policy at equal error (geometric mean over trajectories)", markdown)
