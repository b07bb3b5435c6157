"""A program whose mesh follows its solution, on any number of ranks, with explicit and implicit methods."""
import os
import re
import sys

import h5py
import numpy as np

from harness import BUILD, SOURCE, main, run, write_policy

APP = os.path.join(BUILD, "bin", "refine_app")
FRONT = os.path.join(BUILD, "bin", "reaction_front")
NODE = ("change", "tendency", "roughness", "displacement", "boundary")
EDGE = "difference approach excess level alignment"


def write_refiner(path, gain=0.3, loss=0.6, architecture="gnn", names=NODE, transform="gain-loss",
                  around=0.02, edges=EDGE):
    """A refiner as a user writes it with h5py. Predicted errors grow with the change in a cell, and a little with what
    is around it: `gain` and `loss` times h |gradient| over the range."""
    hidden, rng = 8, np.random.default_rng(3)
    shift = 10.0  # silu(x + 10) is about x + 10
    w = {"encoder0/weight": rng.normal(size=(len(names), hidden)) * 0.2, "encoder0/bias": np.zeros((1, hidden)),
         "encoder1/weight": rng.normal(size=(hidden, hidden)) * 0.2, "encoder1/bias": np.zeros((1, hidden))}
    for layer in range(2):
        for name, rows in (("receiver", hidden), ("sender", hidden), ("edge", len(edges.split())), ("node", hidden), ("sum", hidden),
                           ("update", hidden)):
            w[f"layer{layer}/{name}"] = rng.normal(size=(rows, hidden)) * (around if name == "update" else 0.3)
        for name in ("message_bias", "node_bias", "update_bias"):
            w[f"layer{layer}/{name}"] = np.zeros((1, hidden))
    w["decoder0/weight"], w["decoder0/bias"] = np.zeros((hidden, hidden)), np.zeros((1, hidden))
    w["decoder1/weight"], w["decoder1/bias"] = np.zeros((hidden, 2)), np.zeros((1, 2))
    # The first hidden value is the change, all the way.
    for name, first in (("encoder0", 1), ("encoder1", 1), ("decoder0", 1)):
        w[name + "/weight"][:, 0] = 0
        w[name + "/weight"][0, 0] = first
        w[name + "/bias"][0, 0] = shift if name == "encoder0" else 0
    w["encoder1/bias"][0, 0] = -shift
    w["decoder0/bias"][0, 0] = shift
    # change = .26 (log q + 5.76); an output is (log(predicted) + 7) / 3.
    for k, factor in enumerate((gain, loss)):
        w["decoder1/weight"][0, k] = 1 / (0.26 * 3)
        w["decoder1/bias"][0, k] = (np.log(factor) - 5.76 + 7) / 3 - shift / (0.26 * 3)
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": 1, "kind": "refiner"})
        o = f.create_group("observation")
        o.attrs["clip"] = 10.0
        o["names"] = np.array(names, dtype=h5py.string_dtype())
        o["offset"], o["scale"] = np.zeros(len(names)), np.ones(len(names))
        a = f.create_group("action")
        a.attrs.update({"transform": transform, "edges": edges, "floor": "1e-05", "offset": "-7", "scale": "3"})
        a["low"], a["high"] = [-10.0] * 2, [10.0] * 2
        n = f.create_group("network")
        n.attrs.update({"architecture": architecture, "node_inputs": str(len(names)), "edge_inputs": str(len(edges.split())),
                        "hidden": str(hidden), "layers": "2", "outputs": "2", "shared": "false"})
        for name, value in w.items():
            n[name] = value.astype("f4")
        p = f.create_group("provenance")
        p.attrs.update({"config": "test: true\n", "seed": 1, "steps": 0, "version": "test", "libraries": "none"})
        p.create_group("evaluation")
    return path


def refine(policy, *options, **how):
    return run(APP, "-refiner_policy", policy, "-refiner_tradeoff", 0.3, "-refiner_interval", 5, "-ts_max_time", 0.1,
               "-refiner_max_level", 3, *options, **{"timeout": 200, **how})


def same(a, b, tolerance=1e-9):
    for key in ("time", "steps", "unknowns", "decisions", "remeshes"):
        assert a.number(key) == b.number(key), f"{key}\n{a}\n{b}"
    for key in ("places", "mass", "moment"):
        assert abs(a.number(key) - b.number(key)) <= tolerance * max(1, abs(b.number(key))), f"{key}\n{a}\n{b}"


def conserved(result, tolerance=1e-13):
    assert abs(result.number("mass") - result.number("before")) < tolerance, str(result)
    return result


def follows(folder, options, ranks=(2, 3, 4), conserves=True, remeshes=3):
    policy = write_refiner(f"{folder}/p.h5")
    one = refine(policy, "-no_initial", *options).ok()
    assert one.number("remeshes") >= remeshes and abs(one.number("time") - 0.1) < 1e-12, str(one)
    for n in (1, *ranks):
        r = one if n == 1 else refine(policy, "-no_initial", *options, ranks=n).ok()
        same(r, one)
        if conserves:
            conserved(r, 1e-10 if "-snes_mf" in options else 1e-13)  # solvers of W-methods leave something behind
    return one


def square(folder):
    assert follows(folder, ()).number("steps") == 50


def interval(folder):
    follows(folder, ("-dim", 1, "-n", 20, "-refiner_unit", 1e-7))


def circle(folder):
    follows(folder, ("-dim", 1, "-n", 20, "-periodic", "-refiner_unit", 1e-7))


def mesh(name):
    return "-dm_plex_filename", os.path.join(SOURCE, "meshes", f"{name}.msh")


def square_from_a_file(folder):
    follows(folder, mesh("square"), ranks=(2,))


CUBE = ("-dim", 3, "-n", 4, "-refiner_max_level", 1, "-refiner_unit", 1e-6)


def cube(folder):
    """Tetrahedra: a policy, thresholds, unknowns at vertices, the program's own DM, an implicit method."""
    one = follows(folder, CUBE, ranks=(2, 3), remeshes=2)
    assert one.number("unknowns") < 0.7 * 8 * 384, str(one)
    policy = write_refiner(f"{folder}/p.h5")
    for options in (("-own",), ("-vertices",), ("-ts_type", "beuler", "-implicit_function", *IMPLICIT, "-ts_max_time", 0.04)):
        theirs = refine(policy, "-no_initial", *CUBE, *options).ok()
        assert theirs.number("remeshes") > 0, str(theirs)
        same(refine(policy, "-no_initial", *CUBE, *options, ranks=2).ok(), theirs)
    for indicator in ("gradient", "recovery"):
        how = ("-refiner_indicator", indicator, "-no_initial", *CUBE, "-refiner_interval", 5, "-ts_max_time", 0.1)
        r = conserved(run(APP, *how, timeout=200).ok())
        assert r.number("remeshes") > 1 and r.number("unknowns") < 8 * 384, str(r)
        same(run(APP, *how, ranks=2, timeout=200).ok(), r)


def cube_from_a_file(folder):
    """Named surfaces and volumes of a Gmsh file stay what they are."""
    expected = {("Face Sets", 1): (1, 0), ("Face Sets", 2): (1, 0), ("Face Sets", 3): (4, 0), ("Face Sets", 7): (1, 0),
                ("Cell Sets", 1): (0, 0.5), ("Cell Sets", 2): (0, 0.5)}
    policy = write_refiner(f"{folder}/p.h5")
    for ranks in (1, 3):
        r = conserved(refine(policy, *mesh("cube"), "-labels", "-no_initial", "-refiner_max_level", 1, "-ts_max_time", 0.02,
                             ranks=ranks).ok())
        before, after = parts(r, "before"), parts(r, "after")
        assert r.number("remeshes") > 0 and set(before) == set(after) == set(expected), str(r)
        for key, value in expected.items():
            for found in before[key], after[key]:
                assert found[0] == found[1] == 0 and np.allclose(found[3:], value, atol=2e-6), f"{key}\n{r}"


def channel_and_plate_from_files(folder):
    for name in ("step", "plate"):
        follows(folder, (*mesh(name), "-refiner_max_level", 1, "-ts_dt", 0.001), ranks=(2,), remeshes=2)


def lshape_from_a_file(folder):
    follows(folder, mesh("lshape"), ranks=(3,))


def torus_from_a_file(folder):
    """What leaves on the right comes back on the left."""
    policy = write_refiner(f"{folder}/p.h5")
    options = ("-no_initial", *mesh("torus"), "-ts_max_time", 0.8, "-ts_dt", 0.004, "-refiner_interval", 10)
    one = conserved(refine(policy, *options).ok())
    # The centre went from (0.3, 0.35) to (0.1, 0.83).
    assert abs(one.number("moment") / one.number("mass") - (1 + 0.1 + 2 * 0.83)) < 0.2, str(one)
    assert one.number("remeshes") > 5, str(one)
    for ranks in (2, 3):
        same(conserved(refine(policy, *options, ranks=ranks).ok()), one)


def parts(result, when):
    """{(label, value): (vertices, edges, length, area, volume)} of the mesh."""
    found = re.findall(rf"^{when} label '(.*)' value (-?\d+) vertices (\d+) faces (\d+) length (\S+) area (\S+) "
                       r"volume (\S+)$", result.output, re.M)
    return {(name, int(value)): tuple(float(x) for x in rest) for name, value, *rest in found}


def named_parts_stay(folder):
    """Labels of a Gmsh file belong to the same parts of every mesh made from it: all of them and nothing else."""
    policy = write_refiner(f"{folder}/p.h5")
    line, faces, cells, regions = (0, 1), "Face Sets", "Cell Sets", "-dm_plex_gmsh_use_regions"
    for name, options, ranks, expected in (
            ("layers", (), (1, 3), {**{(faces, k): line for k in (1, 2, 3, 4)}, (faces, 7): (0, 1.011187),
                                    (cells, 1): (0.375,), (cells, 2): (0.625,)}),
            ("sets", (), (1, 2, 3), {(faces, 1): line, (faces, 0): line, (faces, 7): line,
                                     (cells, 10): (0.5,), (cells, 20): (0.5,)}),
            ("sets", (regions,), (1, 2), {("bottom", 1): line, ("left", 0): line, ("fault", 7): line,
                                          ("rock", 10): (0.5,), ("water", 20): (0.5,)}),
            ("tube", (), (1, 2), {(faces, 2): line, (faces, 7): line, (cells, 10): (0.5,), (cells, 20): (0.5,)})):
        for n in ranks:
            r = refine(policy, *mesh(name), "-labels", "-ts_max_time", 0.02, *options, ranks=n).ok()
            before, after = parts(r, "before"), parts(r, "after")
            assert r.number("remeshes") > 0 and set(before) == set(after) == set(expected), str(r)
            for key, value in expected.items():
                for found in before[key], after[key]:
                    # No vertices: no label is complete.
                    assert found[0] == 0 and np.allclose(found[2:4] if value[0] == 0 else found[3:4],
                                                         (value[1], 0) if value[0] == 0 else value, atol=2e-6), f"{key}\n{r}"
    # Everything is refined, and every edge halved twice.
    eager = write_refiner(f"{folder}/p.h5", gain=1e4, loss=1e4, around=0)
    r = refine(eager, *mesh("tube"), "-labels", "-no_initial", "-refiner_max_level", 2, "-refiner_unit", 1e-12,
               "-ts_max_steps", 1, ranks=2).ok()
    assert parts(r, "after")["Face Sets", 2][1] == parts(r, "after")["Face Sets", 7][1] == 16, str(r)


def small_meshes_are_made_again(folder):
    run(sys.executable, os.path.join(SOURCE, "meshes", "small.py"), folder).ok()
    for name in ("sets", "tube", "quadratic"):
        with open(f"{folder}/{name}.msh") as made, open(mesh(name)[1]) as kept:
            assert made.read() == kept.read(), name


def curved_cells_are_refused(folder):
    policy = write_refiner(f"{folder}/p.h5")
    for ranks in (1, 2):
        refine(policy, *mesh("quadratic"), ranks=ranks).fails("coordinates at point", "-dm_plex_gmsh_highorder 0")
    r = refine(policy, *mesh("quadratic"), "-dm_plex_gmsh_highorder", 0, "-no_initial")
    same(conserved(r.ok()), refine(policy, *mesh("sets"), "-no_initial").ok())


def unknowns_at_vertices(folder):
    follows(folder, ("-vertices",), conserves=False)  # what they hold decays


def programs_own_dm(folder):
    """The TS has the mesh that the program made: the refiner's has the same cells elsewhere."""
    policy = write_refiner(f"{folder}/p.h5")
    for options in ((), ("-vertices",)):
        theirs = refine(policy, "-no_initial", *options).ok()
        for ranks in (1, 3):
            same(refine(policy, "-no_initial", "-own", *options, ranks=ranks).ok(), theirs)


IMPLICIT = ("-snes_mf", "-ts_dt", 0.01, "-refiner_max_level", 1, "-refiner_interval", 2, "-ksp_rtol", 1e-9,
            "-snes_rtol", 1e-9)


def other_methods(folder):
    for options in (("-ts_type", "rk", "-ts_adapt_type", "basic", "-ts_rtol", 1e-3, "-ts_atol", 1e-3),
                    ("-ts_type", "rk", "-ts_adapt_type", "dsp", "-refiner_max_level", 2),
                    ("-ts_type", "beuler", *IMPLICIT),
                    ("-ts_type", "beuler", "-implicit_function", *IMPLICIT),
                    ("-ts_type", "rosw", "-ts_adapt_type", "none", *IMPLICIT),
                    ("-ts_type", "arkimex", "-implicit_function", "-ts_adapt_type", "none", *IMPLICIT),
                    ("-ts_type", "bdf", "-ts_bdf_order", 3, "-ts_adapt_type", "none", *IMPLICIT),
                    ("-ts_type", "alpha", "-implicit_function", *IMPLICIT),
                    ("-ts_type", "euler", "-cfl", 0.2)):
        follows(folder, options, ranks=(2,))


def jacobians_by_colours(folder):
    """Linear equations: adapted meshes keep the adjacency, or else matrices would hold their diagonals alone."""
    policy = write_refiner(f"{folder}/p.h5")
    for options in (("-ts_type", "beuler"), ("-ts_type", "arkimex", "-ts_arkimex_fully_implicit"),
                    ("-ts_type", "bdf", "-ts_bdf_order", 2)):
        found = {}
        for jacobian in "-snes_fd_color", "-snes_mf":
            how = ("-no_initial", "-implicit_function", "-ts_adapt_type", "none", *options, *IMPLICIT[1:], jacobian)
            for ranks in 1, 2:
                r = refine(policy, *how, "-snes_converged_reason", ranks=ranks).ok()
                same(r, found.setdefault("first", r), 1e-7)
                iterations = [int(n) for n in re.findall(r"CONVERGED_\w+ iterations (\d+)", r.output)]
                assert r.number("remeshes") > 2 and len(iterations) >= 10 and max(iterations) <= 2, str(r)


def multistep_methods_go_on(folder):
    """Where PETSc resizes a TS, TSBDF remembers; elsewhere each new mesh costs another start, by the first order."""
    policy, found = write_refiner(f"{folder}/p.h5"), re.search(r"Release Version (\d+)\.(\d+)", run(APP, "-version").output)
    how = ("-vertices", "-implicit_function", "-no_initial", "-ts_type", "bdf", "-ts_bdf_order", 4, "-ts_adapt_type", "none",
           "-ts_max_time", 1, *IMPLICIT, "-ts_dt", 0.02, "-ksp_rtol", 1e-12, "-snes_rtol", 1e-13, "-refiner_interval", 5,
           "-refiner_initial_rounds", 0, "-refiner_skip", 0, "-refiner_unit", 1e-7)

    def error(*options):
        r = refine(policy, *how, *options).ok()
        return r.number("mass") / r.number("before") / np.exp(-1) - 1, int(r.number("remeshes"))

    (once, none), (often, remeshes) = error("-refiner_max_level", 0), error("-refiner_max_level", 2)
    assert none == 0 and remeshes >= 2, f"{none} {remeshes}"
    starts = 1 if tuple(int(x) for x in found.groups()) >= (3, 21) else 1 + remeshes
    assert abs(often / once - starts) < 0.1, f"{once} {often} {starts}"


def a_policy_that_sees_less(folder):
    """It names what it observes, in its own order."""
    policy = write_refiner(f"{folder}/p.h5", names=("change", "boundary", "roughness"), edges="level difference")
    one = refine(policy, "-no_initial").ok()
    assert one.number("remeshes") > 2, str(one)
    for ranks in (2, 3):
        same(conserved(refine(policy, "-no_initial", ranks=ranks).ok()), one)


def initial_condition_on_the_new_mesh(folder):
    policy = write_refiner(f"{folder}/p.h5")
    exact = 1.0 * np.pi * 0.15**2 / 3  # of (1 - r^2)^2
    rough = refine(policy, "-no_initial", "-ts_max_steps", 1).ok().number("mass")
    for ranks in (1, 2):
        r = refine(policy, "-ts_max_steps", 1, ranks=ranks).ok()
        assert abs(r.number("mass") - exact) < 0.02 * abs(rough - exact), f"{exact} {rough}\n{r}"


def limits(folder):
    eager = write_refiner(f"{folder}/p.h5", gain=1e4, loss=1e4, around=0)
    # Everything is refined as far as it may be: 128 cells and two halvings.
    r = conserved(refine(eager, "-no_initial", "-refiner_max_level", 2, "-refiner_unit", 1e-12, ranks=2).ok())
    assert r.number("unknowns") == 128 * 16 and abs(r.number("smallest") - 0.125 / 2**0.5 / 4) < 1e-6, str(r)
    for ranks in (1, 3):
        r = conserved(refine(eager, "-no_initial", "-refiner_max_cells", 500, "-refiner_unit", 1e-12, ranks=ranks).ok())
        assert 400 < r.number("unknowns") <= 500, str(r)


def mesh_is_kept(folder):
    policy = write_refiner(f"{folder}/p.h5", gain=1e-9, loss=1e4, around=0)
    for ranks in (1, 2):
        r = refine(policy, "-refiner_tradeoff", 0.9, "-refiner_monitor", ranks=ranks).ok().says("the mesh is kept")
        assert r.number("unknowns") == 128 and r.number("remeshes") == 0 and r.number("decisions") > 3, str(r)
    policy = write_refiner(f"{folder}/p.h5")
    r = refine(policy, "-refiner_initial_rounds", 0, "-refiner_remesh_cost", 1e9, "-refiner_monitor").ok()
    assert r.number("remeshes") == 0, str(r)
    r = refine(policy, "-refiner_initial_rounds", 0, "-refiner_remesh_cost", 50).ok()
    often = refine(policy, "-refiner_initial_rounds", 0, "-refiner_remesh_cost", 50, "-refiner_skip", 0).ok()
    assert often.number("remeshes") > r.number("remeshes"), f"{r}{often}"


def not_finite_is_reported_once(folder):
    policy = write_refiner(f"{folder}/p.h5")
    for ranks in (1, 2):
        r = refine(policy, "-spoil", ranks=ranks).ok()
        assert r.number("fallbacks") == 9 and r.output.count("not finite") == 1, str(r)
        refine(policy, "-spoil", "-refiner_error_if_nan", ranks=ranks).fails(policy, "not finite")


def adapt_label(folder):
    policy = write_refiner(f"{folder}/p.h5")
    for options, kind in (((), "refine_sbr"), (("-dim", 1, "-n", 20, "-refiner_unit", 1e-7), "refine_1d"),
                          (("-vertices",), "refine_sbr")):
        one = None
        for ranks in (1, 2, 3):
            r = refine(policy, "-no_initial", "-refiner_method", "adaptlabel", "-dm_plex_transform_type", kind, *options,
                       ranks=ranks).ok()
            one = one or r
            # Limiters see less at the seams: its overlap is of cells that share a face.
            same(r, one, 1e-7)
            assert r.number("remeshes") > 2 and r.output.count("wishes to coarsen are left out") == 1, str(r)
            if "-vertices" not in options:
                conserved(r)


def what_one_sees(folder):
    policy = write_refiner(f"{folder}/p.h5")
    r = refine(policy, "-refiner_view", "-refiner_monitor", "-log_view", "-ts_monitor", ranks=2).ok()
    r.says("policy: " + policy, "graph network: 2 layers, 8 wide", "trade-off 0.3", "method hierarchy", "128 cells",
           "the mesh changes", "PetRLObserve", "PetRLInfer", "PetRLAct", "PetRLRemesh", "50 TS dt 0.002 time 0.1")
    assert r.number("monitored") == 51, str(r)
    run(APP, "-help").says("-refiner_policy", "-refiner_tradeoff", "-refiner_interval", "-refiner_max_level",
                           "-refiner_max_cells", "-refiner_remesh_cost", "-refiner_skip", "-refiner_method")
    gated = refine(policy, "-refiner_view", "-refiner_monitor", "-refiner_gate", 0.01, ranks=2).ok()
    gated.says("gate 0.01")
    share = [int(opened) / int(cells) for cells, opened in re.findall(r"of (\d+) cells .* gate open for (\d+)", gated.output)]
    assert len(share) > 5 and min(share) < 1 and max(share) <= 1, str(gated)
    # One that ships.
    refine("refiner.h5", "-refiner_tradeoff", 0.1).ok()


def outside_of_its_training(folder):
    """One warning, which says what and by how much."""
    for ranks in 1, 2:
        r = refine("refiner-poisson.h5", "-refiner_tradeoff", 0.1, ranks=ranks).ok()
        assert r.output.count("used outside of its training: unknowns 'cells', trained on vertices (reported once)") == 1, str(r)
    refine("refiner.h5", "-dim", 1, "-refiner_max_level", 6, "-refiner_interval", 2, "-refiner_tradeoff", 0.99,
           "-ts_max_steps", 1).ok().says("dimension 1, trained on 2; halvings 6, trained on 2 to 4; odds 99, trained on "
                                         "0.02 to 50; steps 2, trained on 5 to 120")
    assert "outside of its training" not in refine("refiner.h5").ok().output
    # What it observes, over all ranks and decisions.
    policy = write_refiner(f"{folder}/p.h5")
    with h5py.File(policy, "a") as f:
        v = f.create_group("validity")
        v["names"] = np.array(("change", "displacement"), dtype=h5py.string_dtype())
        v["low"], v["high"] = [-2.0, 0.0], [3.0, 0.01]
    warnings = []
    for ranks in 1, 3:
        r = refine(policy, "-no_initial", ranks=ranks).ok()
        warnings += re.findall(r"training: (displacement [0-9.]+, trained on 0 to 0.01) \(reported once\)", r.output)
    assert len(warnings) == 2 and warnings[0] == warnings[1], str(warnings)


def mistakes(folder):
    p = f"{folder}/p.h5"
    for ranks in (1, 2):
        run(APP, ranks=ranks).fails("No policy", "-refiner_policy")
        refine(f"{folder}/none.h5", ranks=ranks).fails(f"{folder}/none.h5", "cannot be opened")
        refine(write_policy(f"{folder}/other.h5"), ranks=ranks).fails("expected a refiner policy, found a tsadapt policy")
    refine(write_refiner(p, architecture="mlp")).fails(p, "mlp")
    refine(write_refiner(p, names=("change", "tendency", "roughness", "speed", "boundary"))).fails(
        p, "/observation/names", "displacement", "speed")
    refine(write_refiner(p, transform="errors")).fails(p, "/action/transform", "gain-loss", "errors")
    refine("lamp-1d.h5").fails("lamp-1d.h5", "lamp runs in `petrl evaluate` only")
    write_refiner(p)
    for option, value, expected in (("tradeoff", 1, "a number from 0 to 1"), ("tradeoff", -0.1, "a number from 0"),
                                    ("interval", 0, "1 or more"), ("max_level", -1, "0 to 30"),
                                    ("max_cells", 0, "1 or more"), ("remesh_cost", -1, "0 or more"),
                                    ("unit", 0, "a positive number"), ("imbalance", 0.5, "1 or more"),
                                    ("max_cells", 127, "128 or more, the cells of the coarsest mesh"),
                                    ("components", "0,-1", "0 or more"), ("components", "0,0", "each component once"), ("components", 1, "less than 1"),
                                    ("initial_rounds", -2, "0 or more"), ("gate", -0.1, "0 or more")):
        refine(p, f"-refiner_{option}", value).fails(f"-refiner_{option}: found", "expected " + expected)


def no_leak(folder):
    policy = write_refiner(f"{folder}/p.h5")
    for options in ((), ("-own", "-vertices"), ("-ts_type", "bdf", *IMPLICIT)):
        for ranks in (1, 2):
            r = refine(policy, "-malloc_debug", "-malloc_dump", "-ts_max_steps", 20, *options, ranks=ranks).ok()
            assert r.number("remeshes") > 2, str(r)
            assert not [x for x in r.output.splitlines() if re.match(r"\[ *\d+\] *\d+ bytes \w+\(\)", x)], str(r)


def reaction_front_travels_as_it_should(folder):
    """A plane front of the bistable equation: sqrt(D k / 2) (1 - 2 a), to 2 % on a mesh that follows it; the coarsest mesh
    nearly pins it. The same on any number of ranks."""
    rate, exact = {}, (6.8e-3 * 75 / 2) ** 0.5 * (1 - 2 * 0.1)
    follow = ("-refiner_indicator", "recovery", "-refiner_threshold", 0.01, "-refiner_interval", 4, "-refiner_max_level", 3)
    for name, ranks, options in (("coarse", 1, ("-refine", 0)), ("one", 1, follow), ("two", 2, follow)):
        ends = [run(FRONT, "-wave", "-diffusion", 6.8e-3, "-reaction", 75, "-threshold", 0.1, "-ts_max_time", t, *options,
                    ranks=ranks).ok() for t in (0.1, 0.4)]
        rate[name] = (ends[1].number("integral") - ends[0].number("integral")) / 0.3
        assert name == "coarse" or 4 * ends[1].number("unknowns") < 97**2, str(ends[1])
    assert abs(rate["one"] - exact) < 0.02 * exact < 0.2 * exact < abs(rate["coarse"] - exact), f"{rate}, exact {exact}"
    assert abs(rate["one"] - rate["two"]) < 1e-5 * exact, f"{rate}"


main()
