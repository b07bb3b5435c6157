"""Step controllers: what `rl` costs over what the others cost at equal error. Config: {subject: rl (default: `rl`, or
else the only policy), rivals: [of which the better one counts; default: all others]}.

A problem's groups are its integrators and instances. Left out: runs that did not finish (they are counted), runs without a
usable error, tolerances at which the median error of all controllers is above 10 %.

Controllers that have methods of their own (other codes: CVODE, ARKODE) are compared in a table of their own, the methods
and tolerances of each side taken together: at each error the cheapest of them counts."""
import math
import sys

import numpy as np

from .data import Table, show, write
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


def chosen(runs):
    """The subject where none is named."""
    policies = [c for c in runs.unique("controller") if c.startswith("rl:")]
    return "rl" if "rl" in runs.unique("controller") or len(policies) != 1 else policies[0]


def other_codes(runs, subject):
    """Controllers that share no method with the subject."""
    methods = set(runs.where(controller=subject)["method"])
    return [c for c in runs.unique("controller") if methods.isdisjoint(runs.where(controller=c)["method"])]


MEASURES = {"evaluations": "right-hand sides + Jacobians + factorisations",
            "cost": "right-hand sides + Jacobians + linear solves", "wall_s": "wall time"}


def beside_other_codes(good, out, subject, others, markdown):
    """Each controller over each of the other codes, whatever the methods: a row a problem, then means."""
    work = sum(good.numbers(c) for c in ("functions", "jacobians", "factorizations"))
    good = Table(good.columns | {"evaluations": np.array([str(w) for w in work], object)})
    ours = sorted((c for c in good.unique("controller") if c not in others), key=lambda c: c == subject)
    front = lambda g, c, cost: Curve.of(g.where(controller=c), "error", cost, "instance", ("method", "rtol"))  # noqa: E731
    rows = []
    for (kind, name), mine in sorted(good.groups("kind", "problem"), key=lambda g: (KINDS.index(g[0][0]), g[0][1])):
        for cost in MEASURES:
            row = {"measure": cost, "kind": kind, "problem": name}
            for other in others:
                for c in ours:
                    groups = [(front(g, c, cost), [front(g, other, cost)]) for _, g in mine.groups("instance")]
                    row[f"{c} over {other}"], low, high = inverse(Comparison(groups))
                row[f"{other} low"], row[f"{other} high"] = low, high  # of the subject, which is last
            rows.append(row)
    for kind in (*KINDS, "all"):
        for cost in MEASURES:
            mine = [r for r in rows if r["kind"] in (kind, *(KINDS if kind == "all" else ())) and r["measure"] == cost
                    and r["problem"] != "geometric mean"]
            if mine:
                mean = {"measure": cost, "kind": kind, "problem": "geometric mean"}
                for key in (k for k in mine[0] if " over " in k):
                    mean[key], low, high = geometric_spread([r[key] for r in mine])
                    if key.startswith(f"{subject} over "):
                        other = key.rpartition(" over ")[2]
                        mean[f"{other} low"], mean[f"{other} high"] = low, high
                rows.append({k: mean.get(k, "") for k in mine[0]})
    write(f"{out}/other_codes.csv", rows, digits=4)
    for other in others:
        for cost, words in MEASURES.items():
            columns = {"kind": ("kind", ""), "problem": ("problem", "")} | {f"{c} over {other}": (c, ".2f") for c in ours}
            columns |= {f"{other} low": ("5 %", ".2f"), f"{other} high": ("95 %", ".2f")}
            show([r for r in rows if r["measure"] == cost], columns,
                 f"{words} over those of {other} at equal error, each with its best method", markdown,
                 bold=lambda row: row["problem"] == "geometric mean")


def tables(runs, out, config, markdown=False, **_):
    subject = config.get("subject") or chosen(runs)
    if subject not in runs.unique("controller"):
        sys.exit(f"table: subject: found '{subject}', expected one of {', '.join(runs.unique('controller'))}")
    others = other_codes(runs, subject)
    rivals = [c for c in runs.unique("controller") if c not in (subject, *others)]
    counted = config.get("rivals") or rivals
    good, rows = usable(runs), []
    if others:
        beside_other_codes(good, out, subject, others, markdown)
        good = good.where(controller=[subject, *rivals])
    for (kind, name), mine in sorted(good.groups("kind", "problem"), key=lambda g: (KINDS.index(g[0][0]), g[0][1])):
        row = {"kind": kind, "problem": name, "groups": len(set(zip(mine["method"], mine["instance"])))}
        best = None
        for rival in rivals:
            c = compare(mine, subject, rival, "cost")
            row[f"cost_over_{rival}"] = 1 / c.median
            row[f"groups_apart_{rival}"] = c.apart
            if rival in counted and math.isfinite(c.median) and (best is None or c.median < best[1].median):
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
