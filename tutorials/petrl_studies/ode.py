"""Step controllers: what `rl` costs over what the others cost at equal error. Config: {subject: rl}.

A problem's groups are its integrators and instances. Left out: runs that did not finish (they are counted), runs without a
usable error, tolerances at which the median error of all controllers is above 10 %."""
import math

import numpy as np

from .data import show, write
from .statistics import Comparison, Curve, geometric_spread

UNRESOLVED = .1
KINDS = ("smooth", "nonsmooth", "failing")


def usable(runs):
    error, finished = runs.numbers("error"), runs["finished"] == "1"
    errors = {}
    keys = list(zip(runs["problem"], runs["method"], runs["instance"], runs["rtol"]))
    for key, e, f in zip(keys, error, finished):
        if f and math.isfinite(e):
            errors.setdefault(key, []).append(e)
    coarse = {key: np.median(e) > UNRESOLVED for key, e in errors.items()}
    return runs.rows(np.array([bool(f) and e > 0 and math.isfinite(e) and not coarse[k]
                               for k, e, f in zip(keys, error, finished)], bool))


def curve(group, controller, cost):
    """The tolerances of one controller in one instance, which is its only case."""
    return Curve.of(group.where(controller=controller), "error", cost, case="instance", setting=("rtol",))


def compare(problem, subject, rival, cost):
    groups = [(curve(g, subject, cost), [curve(g, rival, cost)]) for _, g in problem.groups("method", "instance")]
    return Comparison(groups)


def unfinished(runs, subject):
    """(runs of the subject that did not finish where basic did, the other way round)."""
    done = {}
    for key, c, f in zip(zip(runs["method"], runs["instance"], runs["rtol"]), runs["controller"], runs["finished"]):
        done.setdefault(key, {})[c] = f == "1"
    pairs = [(d[subject], d["basic"]) for d in done.values() if subject in d and "basic" in d]
    return sum(b and not s for s, b in pairs), sum(s and not b for s, b in pairs)


def inverse(c):
    """Cost of the subject over the rival's: below 1 the subject is cheaper."""
    return 1 / c.median, 1 / c.high, 1 / c.low


def tables(runs, out, config, markdown=False, **_):
    subject = config.get("subject", "rl")
    rivals = [c for c in runs.unique("controller") if c != subject]
    good, rows = usable(runs), []
    for (kind, name), mine in sorted(good.groups("kind", "problem"), key=lambda g: (KINDS.index(g[0][0]), g[0][1])):
        row = {"kind": kind, "problem": name, "groups": len(set(zip(mine["method"], mine["instance"])))}
        best = None
        for rival in rivals:
            c = compare(mine, subject, rival, "cost")
            row[f"cost_over_{rival}"] = 1 / c.median
            row[f"groups_apart_{rival}"] = c.apart
            if math.isfinite(c.median) and (best is None or c.median < best[1].median):
                best = rival, c
        row["better_rival"] = best[0] if best else ""
        row["cost_over_better"], row["low"], row["high"] = inverse(best[1]) if best else [math.nan] * 3
        row["wall_over_better"] = 1 / compare(mine, subject, best[0], "wall_s").median if best else math.nan
        row["unfinished_where_basic_finished"], row["finished_where_basic_did_not"] = \
            unfinished(runs.where(problem=name), subject)
        rows.append(row)
    means = []
    for kind in (*KINDS, "all"):
        mine = [r for r in rows if kind in (r["kind"], "all")]
        if mine:
            mean = {k: "" for k in mine[0]} | {"kind": kind, "problem": "geometric mean", "groups": len(mine)}
            for key in mine[0]:
                if "_over_" in key:
                    mean[key] = next(iter(geometric_spread([r[key] for r in mine])))
            _, mean["low"], mean["high"] = geometric_spread([r["cost_over_better"] for r in mine])
            means.append(mean)
    write(f"{out}/summary.csv", rows + means, digits=4)
    names = {"dsp-pid:0.9/0.1/0": "tuned dsp", "dsp-tuned": "tuned dsp"}
    columns = {"kind": ("kind", ""), "problem": ("problem", "")}
    columns |= {f"cost_over_{r}": (names.get(r, r), ".2f") for r in rivals}
    columns |= {"cost_over_better": ("better rival", ".2f"), "low": ("5 %", ".2f"), "high": ("95 %", ".2f"),
                "wall_over_better": ("wall time over it", ".2f")}
    if not markdown:
        columns |= {"better_rival": ("better rival", ""), "unfinished_where_basic_finished": ("unfinished", ""),
                    "finished_where_basic_did_not": ("the reverse", "")}
    show(rows + means, columns, f"cost of {subject} over the cost of ... at equal error (below 1: {subject} is cheaper)",
         markdown, bold=lambda row: row["problem"] == "geometric mean")
