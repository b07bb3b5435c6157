"""What the cost of equal errors is where there are two kinds of error.

A setting's point is the geometric mean of both errors and of its cost over the cases (statistics.py). The rivals' cost
at a point of the subject is the least that a mixture of their settings takes whose errors are both no larger: mixtures are
taken in the logarithm, as statistics.py interpolates between neighbours of a front, of any of the rivals' settings; a
linear programme. Where no mixture is as accurate in both there is no ratio: such points are counted as out of reach.
"""
import itertools
import math

import numpy as np

from .statistics import REDRAWS, quantile


def mixtures(errors, costs, targets):
    """Least log costs at each of the targets. errors: 2 x settings, costs: settings, targets: 2 x places; all logarithms."""
    # Vertices of the linear programme: three of the settings and the two slacks.
    columns = np.concatenate([np.vstack([errors, np.ones(len(costs))]), np.eye(3)[:, :2]], axis=1)
    price = np.concatenate([costs, [0., 0.]])
    index = np.array(list(itertools.combinations(range(columns.shape[1]), 3)), int).reshape(-1, 3)
    bases = np.moveaxis(columns[:, index], 1, 0)
    regular = np.abs(np.linalg.det(bases)) > 1e-12
    index, inverse = index[regular], np.linalg.inv(bases[regular])
    right = np.vstack([targets, np.ones(targets.shape[1])])
    share = inverse @ right
    cost = np.einsum("vk,vkp->vp", price[index], share)
    cost = np.where((share >= -1e-9).all(axis=1), cost, np.inf)
    return cost.min(axis=0) if len(cost) else np.full(targets.shape[1], np.inf)


def undominated(errors, costs):
    """Settings that no other is better than in all three."""
    points = np.vstack([errors, costs]).T
    worse = [any((q <= p).all() and (q < p).any() for q in points) for p in points]
    return np.flatnonzero(~np.array(worse, bool))


def log_ratios(subject, rivals, weights):
    """Of each setting of the subject. Both: (errors 2 x settings x cases, costs settings x cases), logarithms."""
    own, front = (subject[0] @ weights, subject[1] @ weights), (rivals[0] @ weights, rivals[1] @ weights)
    best = undominated(*front)
    return mixtures(front[0][:, best], front[1][best], own[0]) - own[1]


class Comparison:
    """Rivals' cost over the subject's at both of its errors: least, median, most over its settings, 5 % and 95 % of the
    median when cases are drawn again, and how many settings are out of the rivals' reach."""

    def __init__(self, subject, rivals, redraws=REDRAWS, seed=1):
        """Of each: (first errors, second errors, costs), settings x cases, above 0."""
        subject, rivals = ((np.log(np.array(x[:2], float)), np.log(np.array(x[2], float))) for x in (subject, rivals))
        n = subject[1].shape[1]
        logs = log_ratios(subject, rivals, np.full(n, 1 / n))
        reached = logs[np.isfinite(logs)]
        self.ratio, self.out_of_reach = np.exp(logs), len(logs) - len(reached)
        self.least = self.median = self.most = self.low = self.high = math.nan
        if len(reached) == 0:
            return
        self.least, self.median, self.most = (float(np.exp(f(reached))) for f in (np.min, np.median, np.max))
        random, medians = np.random.default_rng(seed), []
        for _ in range(redraws):
            draw = log_ratios(subject, rivals, np.bincount(random.integers(0, n, n), minlength=n) / n)
            draw = draw[np.isfinite(draw)]
            medians += [float(np.exp(np.median(draw)))] if len(draw) else []
        self.low, self.high = quantile(medians, .05), quantile(medians, .95)
