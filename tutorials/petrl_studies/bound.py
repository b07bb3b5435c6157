"""What step controllers could reach in hindsight. Config: {groups: {name: [problems]}}: means, besides that of all.

A cell: the cost over that of the rules, where a larger or smaller error is exchanged for cost at the rate of the method's
order (exp of the mean score); the mean is over integrators, instances and tolerances."""
import math

import numpy as np

from .data import show, write

RULES = "rl:classical"


def row(head, runs, controllers):
    cases = [g for _, g in runs.groups("problem", "instance", "method", "rtol")]
    line = dict(head) | {"cases": len(cases)}
    for c in controllers:
        scores = []
        for g in cases:
            # Explicit methods have nothing but the step.
            own = g.where(controller=c)
            if c == "hindsight-step" and not len(own):
                own = g.where(controller="hindsight")
            scores.append(own.numbers("score")[0] if len(own) else math.nan)
        good = [s for s in scores if math.isfinite(s)]
        line[c] = float(np.exp(np.mean(good))) if good else math.nan
        line[f"unfinished_{c}"] = len(scores) - len(good)
    return line


def tables(runs, out, config, markdown=False, **_):
    controllers = [c for c in runs.unique("controller") if c != RULES]
    order = ("chance", "rules-jittered", "hindsight-step", "hindsight", "hindsight-jittered", "bound")
    controllers = [c for c in controllers if c not in order] + [c for c in order if c in controllers]
    rows = [row({"kind": kind, "problem": name}, mine, controllers) for (kind, name), mine in runs.groups("kind", "problem")]
    means = []
    for group, names in (config.get("groups") or {}).items():
        mine = runs.where(problem=names)
        if len(mine):
            means.append(row({"kind": group, "problem": "geometric mean"}, mine, controllers))
            means += [row({"kind": group, "problem": f"geometric mean, {m}"}, mine.where(method=m), controllers)
                      for m in mine.unique("method")]
    means.append(row({"kind": "all", "problem": "geometric mean"}, runs, controllers))
    write(f"{out}/summary.csv", rows + means, digits=4)
    columns = {"kind": ("kind", ""), "problem": ("problem", ""), "cases": ("cases", "d")}
    columns |= {c: (c, ".2f") for c in controllers}
    show(rows + means, columns, f"cost over that of {RULES} at equal error: of controllers, by chance, in hindsight", markdown,
         bold=lambda r: r["problem"].startswith("geometric mean"))
