"""Tables of studies: the cost of equal errors against known answers, and what table.py says to mistakes."""
import os
import sys

import numpy as np
from harness import SOURCE, main, run
from studies import TABLE, evaluate, rows, tables

sys.path.insert(0, os.path.join(SOURCE, "tutorials"))
from petrl_studies.data import Table  # noqa: E402
from petrl_studies import two_errors  # noqa: E402
from petrl_studies.fault import family  # noqa: E402
from petrl_studies.statistics import Comparison, Curve, Summary, geometric, quantile  # noqa: E402


def law(error, factor, order, cases=1):
    """Settings of these errors, whose costs follow a power law; cases differ by factors."""
    scale = np.arange(1, cases + 1)
    error = np.outer(error, scale)
    return Curve(error, factor * error ** -order)


def same_laws_differ_by_their_factor(folder):
    subject, rival = law([1e-1, 1e-2, 1e-4], 3, .5), law([3e-2, 1e-3, 1e-5], 6, .5)
    c = Comparison([(subject, [rival])])
    assert np.allclose(c.ratio, 2) and len(c.error) == 21 and c.losses == 0
    assert np.isclose(c.error[0], 1e-4) and np.isclose(c.error[-1], 3e-2)
    back = Comparison([(rival, [subject])])
    assert np.allclose(back.ratio, .5) and back.losses == 21
    assert np.isclose(c.least, 2) and np.isclose(c.most, 2) and np.isclose(c.median, 2)


def dominated_settings_do_not_count(folder):
    good = Curve([[1e-1], [1e-2]], [[1], [10]])
    more = Curve([[1e-1], [3e-2], [1e-2], [1e-2], [2e-1]], [[1], [50], [10], [11], [1.5]])
    for a, b in zip(good.front(), more.front()):
        assert np.allclose(a, b)


def between_settings_logarithms_are_linear(folder):
    c = Comparison([(Curve([[.1], [.001]], [[1], [100]]), [Curve([[.01]], [[5]])])])
    assert len(c.ratio) == 21 and np.allclose(c.ratio, .5) and np.allclose(c.error, .01)


def the_cheapest_of_several_rivals_counts(folder):
    subject = law([1e-1, 1e-4], 1, .5)
    c = Comparison([(subject, [law([1e-1, 1e-4], 4, .5), law([1e-2, 1e-3], 2, .5)])], places=4)
    assert np.allclose(c.ratio, [4, 2, 2, 4])


def no_common_error_is_no_ratio(folder):
    c = Comparison([(law([1e-1, 1e-2], 1, 1), [law([1e-4, 1e-5], 1, 1)])])
    assert len(c.ratio) == 0 and np.isnan(c.median) and c.apart == 1
    # A single setting is compared with what is more accurate; not with what never gets there.
    single = Curve([[1e-1]], [[8.]])
    assert np.allclose(Comparison([(single, [law([1e-2, 1e-3], 1, 0)])]).ratio, 1 / 8)
    assert len(Comparison([(single, [law([.5, .2], 1, 1)])]).ratio) == 0


def two_errors_need_a_mixture(folder):
    """Costs are one over the product of the errors: so are those of mixtures, up to the most accurate corner."""
    def method(points, factor, cases=np.array([[.5, 2., 1.]])):
        first, second = np.array(points).T
        return first[:, None] * cases, second[:, None] * cases, (factor / (first * second))[:, None] * cases

    corners = [(a, b) for a in (.1, 1) for b in (.1, 1)]
    c = two_errors.Comparison(method([(.5, .5), (.2, .7), (.1, 1), (.05, .5)], 1), method(corners, 3))
    assert np.allclose(c.ratio[:3], 3) and np.isinf(c.ratio[3]) and c.out_of_reach == 1
    assert np.allclose([c.least, c.median, c.most, c.low, c.high], 3)
    # One that is more accurate than asked for counts with its cost; what another beats in all three does not.
    c = two_errors.Comparison(method([(2, 2)], 1), method([(1, 1), (.9, .9)], 3))
    assert np.allclose(c.ratio, 3 * 4)
    assert [family(x) for x in ("event-0.5-0.7", "event-fast", "prices-0.01-1", "PI42-embedded-0.003")] == [
        "event", "event-fast", "prices", "PI42-embedded"]


def at_given_errors(folder):
    c = Comparison([(law([1e-1, 1e-3], 1, 1), [law([1e-1, 1e-2], 3, 1)])], errors=[1e-1, 2e-2, 1e-3])
    assert np.allclose(c.ratio[:2], 3) and np.isnan(c.ratio[2])


def settings_that_fail_somewhere_do_not_count(folder):
    curve = Curve([[1, 1], [.1, np.inf], [.01, .01], [0, .001]], np.ones((4, 2)))
    assert curve.error.shape == (2, 2)


def points_are_means_over_cases(folder):
    c = law([1e-1, 1e-2], 1, 1, cases=3)
    x, y = c.front()
    assert np.allclose(x, np.log([1e-2 * 6 ** (1 / 3), 1e-1 * 6 ** (1 / 3)])) and np.allclose(y, -x)
    # The least of several runs of a setting in a case.
    t = Table({"setting": np.array(list("aab"), dtype=object), "case": np.array(list("xxx"), dtype=object),
               "error": np.array(["2", "2", "1"], dtype=object), "cost": np.array(["5", "4", "9"], dtype=object)})
    x, y = Curve.of(t, "error", "cost").front()
    assert np.allclose(np.exp(x), [1, 2]) and np.allclose(np.exp(y), [9, 4])


def groups_are_averaged_geometrically(folder):
    one, four = (law([1e-1, 1e-3], f, 1) for f in (1, 4))
    c = Comparison([(one, [one]), (law([10., 1.], 1, 2), [law([10., 1.], 4, 2)]), (one, [law([1e-5, 1e-6], 1, 1)])])
    assert np.allclose(c.ratio, 2) and (c.groups, c.apart) == (2, 1)
    assert np.isclose(c.low, 1) and np.isclose(c.high, 4)
    assert np.isclose(Comparison([(one, [four])] * 3).low, 4)


def the_spread_is_that_of_other_cases(folder):
    random = np.random.default_rng(0)
    noise = np.exp(.2 * random.standard_normal((1, 400)))
    error = np.outer([1e-1, 1e-2, 1e-3], np.ones(400))
    c = Comparison([(Curve(error, 1 / error), [Curve(error, 2 * noise / error)])])
    # Two standard errors' worth: 2 x 1.645 x .2 / 20.
    assert c.low < c.median < c.high and .02 < np.log(c.high / c.low) < .05
    again = Comparison([(Curve(error, 1 / error), [Curve(error, 2 * noise / error)])])
    assert (again.low, again.high) == (c.low, c.high)


def means_and_quantiles(folder):
    s = Summary(np.array([1, 3, np.inf, np.nan, 200]), failed=100)
    assert (s.mean, s.blown_up, s.failed) == (68, 2, 3) and np.isinf(s.quantile(.9)) and s.quantile(.5) == 200
    assert quantile([4, 1, 2], .5) == 2 and quantile([1, 2], .25) == 1.25 and np.isnan(quantile([], .5))
    assert np.isclose(geometric([1, 100]), 10)


STUDY = """problems: [vanderpol]
controllers: [basic, dsp-PI42, rl]
instances: 1
tolerances: 3
"""


def step_controllers(folder):
    evaluate(folder, STUDY).ok().says("runs.csv", "table.py")
    runs = rows(f"{folder}/out/runs.csv")
    assert {r["controller"] for r in runs} == {"basic", "dsp-PI42", "rl"} and len({r["rtol"] for r in runs}) == 3
    tables(f"{folder}/out").says("vanderpol", "geometric mean", "better rival")
    table = {r["problem"]: r for r in rows(f"{folder}/out/summary.csv") if r["kind"] != "all"}
    row = table["vanderpol"]
    better = row["better_rival"]
    assert better in ("basic", "dsp-PI42") and row["cost_over_better"] == row[f"cost_over_{better}"]
    assert float(row["low"]) <= float(row["cost_over_better"]) <= float(row["high"])
    # Files of the same study are taken together.
    tables(f"{folder}/out", f"{folder}/out", "--study", "ode", "-o", f"{folder}/twice", "--markdown").says("| kind | problem |")
    twice = rows(f"{folder}/twice/summary.csv")[0]
    assert twice["groups"] == row["groups"] and twice["cost_over_better"] == row["cost_over_better"]


def policies_and_other_codes(folder):
    text = STUDY.replace("rl]", '"rl:classical"]\nmore_methods: [bdf5]').replace("tolerances: 3", "rtols: [1.0e-3, 1.0e-5]")
    evaluate(folder, text).ok()
    runs = rows(f"{folder}/out/runs.csv")
    assert {r["controller"] for r in runs} == {"basic", "dsp-PI42", "rl:classical"} and {float(r["rtol"]) for r in runs} == {1e-3, 1e-5}
    assert any(r["method"] == "bdf5" for r in runs) and all(float(r["functions"]) > 0 for r in runs)
    # Another code that does what basic does at twice the price: the only policy is the subject, all methods count as one.
    os.makedirs(f"{folder}/other")
    with open(f"{folder}/out/runs.csv") as f, open(f"{folder}/other/runs.csv", "w") as g:
        g.write(next(f))
        names = list(runs[0])
        for r in runs:
            if r["controller"] == "basic":
                r = r | {"controller": "cvode", "method": "its-" + r["method"]}
                r |= {k: str(2 * float(r[k])) for k in ("cost", "wall_s", "functions", "jacobians", "factorizations")}
                g.write(",".join(r[k] for k in names) + "\n")
    tables(f"{folder}/out", f"{folder}/other", "-o", folder).says("over those of cvode", "cost of rl:classical")
    table = rows(f"{folder}/other_codes.csv")
    assert {r["measure"] for r in table} == {"evaluations", "cost", "wall_s"}
    assert all(np.isclose(float(r["basic over cvode"]), .5, rtol=1e-3) for r in table)
    assert "cost_over_cvode" not in rows(f"{folder}/summary.csv")[0]


def mistakes(folder):
    def says(*words):
        run(sys.executable, TABLE, folder).fails(*words)

    says("config.yaml: study", "expected one of bound, closure, fault")
    with open(f"{folder}/config.yaml", "w") as f:
        f.write("study: poisson\n")
    says(f"{folder}/runs.csv: cannot read")
    with open(f"{folder}/runs.csv", "w") as f:
        f.write("a,b\n1,2\n3\n")
    says("runs.csv:3: expected 2 columns, found 1")


main()
