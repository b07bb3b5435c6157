"""Means, spreads, and the one statistic by which all studies compare costs: the cost of equal errors.

**Cost at equal error.** A method has settings (tolerances, trade-offs, grids, rules), and each setting an error and a
cost in every case. A setting's point is the geometric mean of its errors and that of its costs over the cases; a method's
front consists of the points that no other of its points is better than in both; between neighbours the logarithm of
the cost is linear in that of the error. The *ratio* is the cost of a rival over that of the subject at the same error:
above 1 the subject is cheaper. It is taken at 21 errors, equally spaced in the logarithm over all errors that both fronts
reach, and reported as least, median and most, with the number of places where it is below 1 (losses). Against several
rivals together the cheapest counts at each error. A subject of one setting is compared at its own error; there a rival
that is more accurate throughout counts with its cheapest point.

Cases whose errors have no scale in common (integrators, instances of a problem) form groups of their own: fronts and
ratios group by group, then the geometric mean over the groups, place by place. A group in which the two fronts reach no
common error is left out and counted.

The spread says what other cases would have given: cases (or groups, where there are several) are drawn again 200 times,
with replacement; low and high are the 5 % and 95 % quantiles of the median.
"""
import math

import numpy as np

PLACES, REDRAWS = 21, 200


def geometric(x, axis=None):
    """Geometric mean; what is below 1e-300 counts as that."""
    return np.exp(np.mean(np.log(np.maximum(x, 1e-300)), axis=axis))


def log_deviation(x):
    x = np.log(np.maximum(x, 1e-300))
    return float(np.std(x, ddof=1)) if len(x) > 1 else 0.0


def quantile(x, share):
    """Linear between order statistics; numbers may be infinite."""
    x = np.sort(np.asarray(x, float))
    if len(x) == 0 or np.isnan(x).any():
        return math.nan
    at = share * (len(x) - 1)
    low = int(at)
    rest = at - low
    return float(x[low] if rest == 0 or np.isinf(x[low]) else x[low] + rest * (x[low + 1] - x[low]))


class Summary:
    """Numbers of which some may have blown up (infinite, or none): mean and standard deviation leave those out."""

    def __init__(self, values, failed=math.inf):
        self.all = np.where(np.isfinite(values), values, math.inf)
        good = self.all[np.isfinite(self.all)]
        self.mean = float(good.mean()) if len(good) else math.nan
        self.deviation = float(good.std(ddof=1)) if len(good) > 1 else math.nan
        self.blown_up = len(self.all) - len(good)
        self.failed = int((self.all > failed).sum())  # of all

    def quantile(self, share):
        return quantile(self.all, share)


class Curve:
    """Errors and costs of a method: settings x cases. A setting counts where all its numbers are finite and above 0."""

    def __init__(self, error, cost):
        error, cost = np.asarray(error, float), np.asarray(cost, float)
        good = np.all(np.isfinite(error) & np.isfinite(cost) & (error > 0) & (cost > 0), axis=1)
        self.error, self.cost = np.log(error[good]), np.log(cost[good])

    @classmethod
    def of(cls, table, error, cost, case="case", setting=("setting",)):
        """From a table with a row a run; of several runs of a setting in a case the least numbers count."""
        if len(table) == 0:
            return cls(np.empty((0, 1)), np.empty((0, 1)))
        return cls(table.matrix(error, case, setting)[1], table.matrix(cost, case, setting)[1])

    def front(self, weights=None):
        """Log errors and costs, by rising error. weights: of the cases."""
        n = self.error.shape[1]
        weights = np.full(n, 1 / n) if weights is None else weights
        x, y = self.error @ weights, self.cost @ weights
        order = np.lexsort((y, x))
        x, y = x[order], y[order]
        better = np.concatenate(([True], y[1:] < np.minimum.accumulate(y)[:-1])) if len(y) else np.empty(0, bool)
        return x[better], y[better]


def at_equal_error(front, x, extended=False):
    """Log costs; infinite where the front has no such error. extended: larger ones than it has at its cheapest."""
    return np.where((x >= front[0][0]) & (extended | (x <= front[0][-1])), np.interp(x, *front), np.inf)


def log_ratios(subject, rivals, errors=None, weights=None, places=PLACES):
    """Log errors and log ratios; nothing where no error is in common. errors: where, if given (nan out of reach)."""
    together = Curve.__new__(Curve)
    together.error = np.concatenate([r.error for r in rivals]) if rivals else subject.error[:0]
    together.cost = np.concatenate([r.cost for r in rivals]) if rivals else subject.cost[:0]
    if len(subject.error) == 0 or len(together.error) == 0:
        return np.empty(0), np.empty(0)
    own, front = subject.front(weights), together.front(weights)
    fronts = [front] + ([r.front(weights) for r in rivals if len(r.error)] if len(rivals) > 1 else [])
    single = len(subject.error) == 1
    low, high = max(own[0][0], front[0][0]), own[0][0] if single else min(own[0][-1], front[0][-1])
    x = np.linspace(low, high, places) if errors is None else np.log(errors)
    if errors is None and not low <= high:
        return np.empty(0), np.empty(0)
    inside = (x >= low) & (x <= high)
    rival = np.min([at_equal_error(f, x, single) for f in fronts], axis=0)
    return x, np.where(inside, rival, math.nan) - np.where(inside, at_equal_error(own, x), math.nan)


class Comparison:
    """What the rivals cost over what the subject costs, at equal errors: see above. Empty if `ratio` is."""

    def __init__(self, groups, errors=None, places=PLACES, redraws=REDRAWS, seed=1):
        """groups: list of (Curve of the subject, Curves of the rivals)."""
        found = [log_ratios(s, r, errors, places=places) for s, r in groups]
        found = [f for f in found if len(f[0])]
        self.groups, self.apart = len(found), len(groups) - len(found)
        self.error = self.ratio = np.empty(0)
        self.least = self.median = self.most = self.low = self.high = math.nan
        self.losses = 0
        self.spread = np.full((2, 0 if errors is None else len(errors)), math.nan)  # of the ratio at each of the errors
        if not found:
            return
        logs = np.array([f[1] for f in found])
        self.error, self.ratio = np.exp(np.mean([f[0] for f in found], axis=0)), np.exp(logs.mean(axis=0))
        good = self.ratio[np.isfinite(self.ratio)]
        if len(good) == 0:
            return
        self.least, self.median, self.most = float(good.min()), quantile(good, .5), float(good.max())
        self.losses = int((good < 1).sum())
        draws = self._redraw(groups, logs, errors, places, redraws, np.random.default_rng(seed))
        medians = [quantile(d[np.isfinite(d)], .5) for d in draws]
        for k, share in enumerate((.05, .95)):
            setattr(self, ("low", "high")[k], quantile([m for m in medians if m == m], share))
            for i in np.flatnonzero(np.isfinite(self.ratio)) if errors is not None else []:
                self.spread[k, i] = quantile([d[i] for d in draws if math.isfinite(d[i])], share)

    @staticmethod
    def _redraw(groups, logs, errors, places, redraws, random):
        out = []
        for _ in range(redraws):
            if len(groups) > 1:
                out.append(np.exp(logs[random.integers(0, len(logs), len(logs))].mean(axis=0)))
                continue
            n = groups[0][0].error.shape[1]
            weights = np.bincount(random.integers(0, n, n), minlength=n) / n
            ratio = log_ratios(*groups[0], errors, weights, places)[1]
            if len(ratio):
                out.append(np.exp(ratio))
        return out


def geometric_spread(values, redraws=REDRAWS, seed=1):
    """Geometric mean and, as above, 5 % and 95 % of it when the values are drawn again."""
    x = np.log(np.array([v for v in values if np.isfinite(v)]))
    if len(x) == 0:
        return math.nan, math.nan, math.nan
    means = x[np.random.default_rng(seed).integers(0, len(x), (redraws, len(x)))].mean(axis=1)
    return (float(np.exp(v)) for v in (x.mean(), quantile(means, .05), quantile(means, .95)))
