#!/usr/bin/env python3
"""Every TS type that adapts x equation x ranks x first step x tolerance, under basic and under rl:

    tests/bench/equations.py BUILD tests/bench/results/equations.csv [--ranks 1 2 3] [--methods rk bdf ...]

lists where basic finishes and rl does not (there must be none), and, for information, where rl takes more than three
times the steps or is more than ten times as wrong. The types come from the PETSc that runs; variants that it does not
have are left out.
"""
import argparse
import collections
import csv
import os
import subprocess
import sys
import tempfile

# form: options, for the variants of the types that have some. {} is replaced by each of the words.
VARIANTS = {
    "rk": [("explicit", "-ts_rk_type {}", "1fe 2a 2b 3 3bs 4 5f 5dp 5bs 6vr 7vr 8vr")],
    "ssp": [("explicit", "-ts_ssp_type {}", "rks2 rks3 rk104")],
    "glee": [("explicit", "-ts_glee_type {}", "BE1 23 24 25I 35 EXRK2A RK32G1 RK285EX")],
    "arkimex": [("implicit", "-ts_arkimex_fully_implicit -ts_arkimex_type {}", "1bee a2 l2 2c 2d 2e 3 4 5"),
                ("imex", "-ts_arkimex_type {}", "a2 l2 ars122 2c 2d 2e prssp2 3 bpr3 ars443 4 5"),
                ("implicit", "-ts_arkimex_type {}", "2e 3 4")],
    "dirk": [("implicit", "-ts_dirk_type {}", "s212 es122sal es213sal es324sal es325sal 657a es648sa 658a s659a "
              "7510sal es7510sa 759a s7511sal 8614a 8616sal es8516sal")],
    "rosw": [("implicit", "-ts_rosw_type {}", "theta1 theta2 2m 2p ra3pw ra34pw2 r34prw r3prl2 rodas3 rodaspr rodaspr2 "
              "sandu3 assp3p3s1c lassp3p4s2c llssp3p4s2c ark3 grk4t shamp4 veldd4 4l")],
    "bdf": [("implicit", "-ts_bdf_order {}", "1 2 3 4 5 6")],
    "theta": [("implicit", "-ts_theta_adapt -ts_theta_theta {}", "0.5 0.6 1"),
              ("implicit", "-ts_theta_adapt -ts_theta_endpoint -ts_theta_theta {}", "0.5 0.75")],
    "cn": [("implicit", "-ts_theta_adapt", "")],
    "beuler": [("implicit", "-ts_theta_adapt", "")],
    "alpha": [("implicit", "-ts_alpha_adapt -ts_alpha_radius {}", "1 0.5 0")],
    "alpha2": [("second", "-ts_alpha_adapt -ts_alpha_radius {}", "1 0.5 0")],
    "bathe": [("second", "-ts_bathe_error {}", "none embedded doubling")],
    "eimex": [("imex", "{}", "-ts_eimex_order_adapt"), ("imex", "-ts_eimex_row_col 3,3", "")],
    "euler": [("explicit", "", "")],
}
# What other equations than these, or other programs, need.
NOT_HERE = {"mprk": "a split right-hand side", "basicsymplectic": "positions and momenta", "discgrad": "a gradient",
            "mimex": "a DMDA", "pseudo": "a steady state", "closure": "a closure", "python": "a class in Python",
            "irk": "a Jacobian that it can take apart (with these it crashes on two ranks)",
            "sundials": "its own step control", "radau5": "its own step control"}
KEY = ("method", "form", "equation", "ranks", "first_step", "tolerance")
LINE = "method form equation adaptor first_step tolerance error_code reason steps rejected failed time error varied"


def methods(program, plugin):
    """form, name, options of every method that the running PETSc may have."""
    types = subprocess.run([program, "-types", *plugin], capture_output=True, text=True, check=True)
    for kind in types.stdout.split():
        if kind in NOT_HERE:
            continue
        for form, options, words in VARIANTS.get(kind, [("explicit", "", ""), ("implicit", "", "")]):
            for word in words.split() or [""]:
                given = options.format(word)
                full = "-fully" if "fully" in given else "-endpoint" if "endpoint" in given else ""
                yield form, kind + full + ("-" + word.strip("-") if word else ""), f"-ts_type {kind} {given}"


def run(program, lines, ranks, options, timeout):
    """Rows of these methods; a crash or a hang ends the rows early and is said."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write("".join("|".join(x) + "\n" for x in lines))
        f.flush()
        command = [program, "-methods", f.name, "-adaptors", "basic,rl", *options]
        if ranks > 1:
            command = [os.environ.get("MPIEXEC", "mpiexec"), "-n", str(ranks)] + command
        try:
            r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=timeout)
            output, ended = r.stdout, None if r.returncode == 0 else f"exit status {r.returncode}"
        except subprocess.TimeoutExpired as e:
            output, ended = (e.stdout or b"").decode(), f"still runs after {timeout} s"
    rows = [dict(zip(LINE.split(), x.split(",")), ranks=ranks) for x in output.splitlines() if x.count(",") == 13]
    return rows, ended and f"{ended}\n{output[-1500:]}"


def finished(row):
    return row["reason"] == "CONVERGED_TIME" and not row["error_code"]


def pairs(rows):
    """(basic, rl) of every combination; None where a program ended before."""
    found = collections.defaultdict(dict)
    for row in rows:
        found[tuple(row[k] for k in KEY)][row["adaptor"]] = row
    return {k: (v.get("basic"), v.get("rl")) for k, v in found.items()}


def judge(basic, rl):
    """What is to be said of a combination: worse (a fault), better, slow or wrong (information), or nothing."""
    if basic is None or not finished(basic):
        return "better" if rl and finished(rl) else ""
    if rl is None or not finished(rl):
        return "worse"
    if int(rl["steps"]) + int(rl["rejected"]) > 3 * (int(basic["steps"]) + int(basic["rejected"])):
        return "slow"
    # Both far within the tolerance is no difference.
    if float(rl["error"]) > 10 * max(float(basic["error"]), 0.1 * float(basic["tolerance"])):
        return "wrong"
    return ""


def study(program, plugin, ranks, options=(), only=None, timeout=7200):
    """All combinations: {key: (basic, rl)}, and what ended early."""
    plugin = ["-dll_append", plugin]
    rows, ended = [], []
    found = [m for m in methods(program, plugin) if only is None or m[1] in only or m[1].split("-")[0] in only]
    by_kind = collections.defaultdict(list)
    for m in found:
        by_kind[m[1].split("-")[0]].append(m)
    for n in ranks:
        for kind, lines in by_kind.items():
            got, end = run(program, lines, n, [*options, *plugin], timeout)
            rows += got
            if end:
                ended.append(f"{kind} on {n} ranks: {end}")
    return pairs(rows), ended


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("out", nargs="?", help="CSV file")
    parser.add_argument("--ranks", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--methods", nargs="*")
    parser.add_argument("--options", default="", help="more for the program, e.g. '-equations stiff -tolerances 1e-4'")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    found, ended = study(os.path.join(build, "apps", "equations"), os.path.join(build, "lib", "libpetrl.so"), args.ranks,
                         args.options.split(), args.methods)
    counts = collections.Counter()
    lines = []
    for key, (basic, rl) in sorted(found.items(), key=lambda x: [str(y) for y in x[0]]):
        verdict = judge(basic, rl)
        adapts = basic is not None and finished(basic) and basic["varied"] == "1"
        counts["combinations that basic finishes"] += basic is not None and finished(basic)
        counts["of these, it changes the step"] += adapts
        counts[{"worse": "basic finishes, rl does not", "better": "rl finishes, basic does not", "slow": "rl takes more than 3 times the attempts",
                "wrong": "rl is more than 10 times as wrong", "": ""}[verdict]] += 1
        if verdict:
            print(verdict, *key, *(f"{x['adaptor']}: {x['reason']}{x['error_code']} steps {x['steps']} rejected "
                                   f"{x['rejected']} failed {x['failed']} error {x['error']}" if x else "nothing"
                                   for x in (basic, rl)), sep="  ")
        if adapts or verdict:
            lines.append(list(key) + [x[c] if x else "" for x in (basic, rl)
                                      for c in ("reason", "steps", "rejected", "failed", "error")] + [verdict])
    if args.out:
        with open(args.out, "w", newline="") as f:
            table = csv.writer(f, lineterminator="\n")
            table.writerow(list(KEY) + [f"{a}_{c}" for a in ("basic", "rl")
                                        for c in ("reason", "steps", "rejected", "failed", "error")] + ["verdict"])
            table.writerows(lines)
    for what, n in counts.items():
        if what:
            print(f"{n:6d}  {what}")
    print(*ended, sep="\n")
    return 1 if ended or counts["basic finishes, rl does not"] else 0


if __name__ == "__main__":
    sys.exit(main())
