"""petrl evaluate of what step controllers could reach in hindsight, as a user runs it, and what it says to mistakes."""
import math

import studies
from harness import main
from studies import rows, tables

CONFIG = """study: bound
problems: [lotkavolterra, explosion]
methods: [rk3bs, bdf2]
controllers: [basic]
decades: [0.5]
instances: 1
tries: 12
jittered: 3
"""


def evaluate(folder, text, out="out"):
    return studies.evaluate(folder, text, out)


def nothing_beats_the_bound(folder):
    evaluate(folder, CONFIG).ok().says("instances")
    runs = rows(f"{folder}/out/runs.csv")
    cases = {}
    for r in runs:
        cases.setdefault((r["problem"], r["method"]), {})[r["controller"]] = r
    assert set(cases) == {("lotkavolterra", "rk3bs"), ("lotkavolterra", "bdf2"), ("explosion", "bdf2")}
    for (_, method), case in cases.items():
        names = {"rl:classical", "basic", "chance", "rules-jittered", "hindsight", "hindsight-jittered", "bound"} | ({"hindsight-step"} if method == "bdf2" else set())
        assert set(case) == names
        rules, bound = case["rl:classical"], case["bound"]
        assert float(rules["score"]) == 0
        mean = {name: float(case.pop(name)["score"]) for name in ("rules-jittered", "hindsight-jittered")}
        assert -.7 < mean["hindsight-jittered"] < .7 and float(case["chance"]["score"]) <= mean["rules-jittered"]
        within = [r for r in case.values() if max(float(r[e]) / float(rules[e]) for e in ("mean_error", "end_error")) < 2]
        assert all(float(bound["score"]) <= float(r["score"]) for r in within)
        assert all(float(case[c]["score"]) <= 0 for c in names & {"hindsight", "hindsight-step", "chance"})
        assert float(bound["score"]) < 0 and float(bound["mean_error"]) <= 3 * float(rules["mean_error"])
    tables(f"{folder}/out").says("geometric mean", "in hindsight")
    summary = {r["problem"]: r for r in rows(f"{folder}/out/summary.csv")}
    mean = math.exp(sum(float(c["bound"]["score"]) for c in cases.values()) / 3)
    assert abs(float(summary["geometric mean"]["bound"]) - mean) < 1e-3 and summary["geometric mean"]["cases"] == "3"
    # The same seed, the same runs, whatever else is run.
    evaluate(folder, CONFIG.replace("lotkavolterra, ", ""), "again").ok()
    same = [{k: v for k, v in r.items() if k != "wall_s"} for r in rows(f"{folder}/again/runs.csv")]
    assert same == [{k: v for k, v in r.items() if k != "wall_s"} for r in runs if r["problem"] == "explosion"]


def mistakes(folder):
    for wrong, words in ((("tries", "tires"), ("tires: unknown key", "'tries'")),
                         (("tries: 12", "tries: 0"), ("tries", "0")),
                         (("rk3bs", "rk3sb"), ("methods", "unknown method 'rk3sb'")),
                         (("explosion", "exploson"), ("problems", "unknown problem 'exploson'")),
                         (("[basic]", "[basci]"), ("'basci'", "expected basic")),
                         (("[0.5]", "[]"), ("decades", "at least one number")),
                         (("jittered: 3", "prices: [1, 2]"), ("prices", "three numbers"))):
        evaluate(folder, CONFIG.replace(*wrong)).fails(*words)


main()
