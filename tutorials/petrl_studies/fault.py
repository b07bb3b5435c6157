"""Step controllers on faults: ratios to the baseline (the first controller of a scenario) as the paper has them, and what
the others together cost at equal error."""
import math
import re

import numpy as np

from . import two_errors
from .data import show, write
from .statistics import Comparison, Curve, geometric

FLOOR = 1e-12  # of errors and ratios in logarithms
# Errors below those of the reference say nothing: of the final slip in percent, of the event's time in growth times.
SMALLEST = {"slip_error_percent": 1e-2, "event_time_error": 1e-3}


def ratio(theirs, ours):
    return theirs / ours if ours > 0 else 1e6 if theirs > 0 else 1.


def spread(wall):
    """Half the range between the quartiles (of less than four: all of it), over the median."""
    w = np.sort(wall)
    cut = 0 if len(w) < 4 else len(w) // 4
    return (w[len(w) - 1 - cut] - w[cut]) / 2 / w[len(w) // 2]


def cells(runs):
    """A dictionary for each scenario and controller: the first repeat, the median time, ratios (baseline's over its)."""
    out = []
    for (scenario,), mine in runs.groups("scenario"):
        first = None
        for (controller,), g in mine.groups("controller"):
            row = {name: g[name][0] for name in g.columns if name not in ("repeat", "wall_s")}
            row |= {name: float(row[name]) for name in row
                    if name not in ("scenario", "controller", "finished", "repeats")}
            wall = g.numbers("wall_s")
            row |= {"wall_median_s": float(np.sort(wall)[len(wall) // 2]),
                    "wall_relative_spread": row.get("wall_relative_spread", spread(wall)), "repeats": row.get("repeats", len(wall))}
            first = first or row
            row["speed_ratio"] = ratio(first["wall_median_s"], row["wall_median_s"])
            row["work_ratio"] = ratio(first["work"], row["work"])
            row["accuracy_ratio"] = ratio(first["slip_error_percent"], row["slip_error_percent"])
            row["proficiency"] = row["speed_ratio"] * row["accuracy_ratio"]
            out.append(row)
    return out


def matrices(rows, controllers, key):
    """Controllers x scenarios; nan where a run did not finish."""
    scenarios = list(dict.fromkeys(r["scenario"] for r in rows))
    out = np.full((len(controllers), len(scenarios)), math.nan)
    for r in rows:
        if r["controller"] in controllers and r["finished"] == "1":
            out[controllers.index(r["controller"]), scenarios.index(r["scenario"])] = max(r[key], FLOOR)
    return out


def at_equal_error(rows, controller, cost):
    """What the front of all other controllers costs over this one; nothing where none of them is as accurate."""
    others = [c for c in dict.fromkeys(r["controller"] for r in rows) if c != controller]
    subject, rivals = (Curve(matrices(rows, names, "slip_error_percent"), matrices(rows, names, cost))
                       for names in ([controller], others))
    return Comparison([(subject, [rivals])])


def family(controller):
    """Controllers that differ in settings alone, which begin with a digit: event-0.5-0.7 is of event."""
    return re.sub(r"-[0-9].*$", "", controller)


def at_both_errors(rows, name, cost):
    """What the front of all other families costs over this family, at equal errors of slip and of the event's time."""
    controllers = list(dict.fromkeys(r["controller"] for r in rows))

    def points(names):
        numbers = [np.maximum(matrices(rows, names, key), low) for key, low in SMALLEST.items()] + [matrices(rows, names, cost)]
        good = np.all([np.isfinite(x).all(axis=1) for x in numbers], axis=0)
        return [x[good] for x in numbers]

    subject, rivals = (points([c for c in controllers if (family(c) == name) == own]) for own in (True, False))
    return two_errors.Comparison(subject, rivals) if len(subject[2]) and len(rivals[2]) else None


def families(rows, out, markdown):
    found = []
    for name in dict.fromkeys(family(r["controller"]) for r in rows):
        row = {"family": name}
        for label, cost in (("wall", "wall_median_s"), ("work", "work")):
            c = at_both_errors(rows, name, cost)
            if c is None:
                break
            row |= {"settings": len(c.ratio), "out_of_reach": c.out_of_reach, f"others_{label}_over": c.median,
                    f"others_{label}_least": c.least, f"others_{label}_most": c.most, f"others_{label}_low": c.low,
                    f"others_{label}_high": c.high}
        else:
            found.append(row)
    write(f"{out}/both_errors.csv", found)
    if not found:
        return
    columns = {"family": ("family", ""), "settings": ("settings", ""), "out_of_reach": ("out of others' reach", "")}
    for label, word in (("wall", "time"), ("work", "work")):
        columns |= {f"others_{label}_over": (f"others' {word}", ".2f"), f"others_{label}_low": ("5 %", ".2f"),
                    f"others_{label}_high": ("95 %", ".2f"), f"others_{label}_least": ("least", ".2f"),
                    f"others_{label}_most": ("most", ".2f")}
    show(found, columns, "what the front of all other families takes at errors of slip and of the event's time that are both no "
                         "larger, over its own: median over its settings, 5 % and 95 % of it over other scenarios, least and most",
         markdown)


def tables(runs, out, config, markdown=False, **_):
    rows = cells(runs)
    write(f"{out}/cells.csv", rows, digits=9)
    summary = []
    for controller in dict.fromkeys(r["controller"] for r in rows):
        mine = [r for r in rows if r["controller"] == controller]
        done = [r for r in mine if r["finished"] == "1"]
        get = lambda key: np.maximum([r[key] for r in done], FLOOR) if done else np.array([math.nan])  # noqa: E731
        row = {"controller": controller, "scenarios": len(mine), "not_finished": len(mine) - len(done),
               "failed_solves": int(sum(r["failures"] for r in mine))}
        row |= {"speed_mean": get("speed_ratio").mean(), "speed_geometric_mean": geometric(get("speed_ratio")),
                "speed_min": get("speed_ratio").min(), "work_geometric_mean": geometric(get("work_ratio")),
                "slip_error_percent_mean": get("slip_error_percent").mean(), "slip_error_percent_max": get("slip_error_percent").max()}
        for key in ("accuracy_ratio", "proficiency"):
            name = key.replace("_ratio", "")
            row |= {f"{name}_mean": get(key).mean(), f"{name}_geometric_mean": geometric(get(key))}
        row |= {f"{key}_mean": get(key).mean() for key in ("history_error", "event_time_error", "peak_velocity_error_percent")
                if key in rows[0]}
        for name, cost in (("wall", "wall_median_s"), ("work", "work")):
            c = at_equal_error(rows, controller, cost)
            row |= {f"others_{name}_over": c.median, f"others_{name}_low": c.low, f"others_{name}_high": c.high}
        row["finished"] = f"{len(done)}/{len(mine)}"
        summary.append(row)
    write(f"{out}/summary.csv", [{k: v for k, v in r.items() if k != "finished"} for r in summary])
    show(summary, {"controller": ("controller", ""), "finished": ("finished", ""), "failed_solves": ("failed", ""),
                   "speed_geometric_mean": ("speed", ".2f"), "work_geometric_mean": ("work", ".2f"),
                   "slip_error_percent_mean": ("slip error %", ".3f"), "slip_error_percent_max": ("worst %", ".3f"),
                   "accuracy_geometric_mean": ("accuracy", ".2f"), "proficiency_geometric_mean": ("proficiency", ".2f"),
                   "history_error_mean": ("history", ".3f"), "peak_velocity_error_percent_mean": ("peak %", ".2f"),
                   "others_wall_over": ("others' time at equal error", ".2f"), "others_work_over": ("their work", ".2f")},
         f"ratios are {rows[0]['controller']}'s over the controller's (above 1: better), geometric means over scenarios; "
         "others at equal error: - where none is as accurate", markdown)
    if "event_time_error" in rows[0]:
        families(rows, out, markdown)
