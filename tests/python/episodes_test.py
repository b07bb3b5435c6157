"""petrl.Episodes: environments of plugins and ours from Python, and what is said when something is wrong."""
import os
import shutil
import threading

import numpy as np

from harness import BUILD, SOURCE, Skip, main, needs
from support import layers, plugin, python, raises

import petrl

FAULT = {"name": "fault", "observables": ["step_ratio", "nonlinear_iterations", "doubling_error"],
         "scenario": {"cells": [1, 1]}}


def whole(env, seed, action=0.2):
    """All that an episode gives under a policy of the observation."""
    seen, over = [env.reset(seed)], False
    rewards = []
    while not over:
        o, r, terminated, truncated = env.step([np.clip(action - 0.1 * seen[-1][0], -1, 1)] * env.actions[0])
        seen.append(o)
        rewards.append(r)
        over = terminated or truncated
    return np.array(seen), np.array(rewards), (terminated, truncated)


def same(a, b):
    return np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) and a[2] == b[2]


def of_a_plugin(folder):
    """By a file, whose plugins lie beside it, and by a dictionary; an episode follows from its seed."""
    env = petrl.Episodes(plugin(folder))
    assert env.specification["observation"]["names"][-1] == "burning", env.specification
    assert env.specification["action"] == {"transform": "error-ratio", "low": [0.3], "high": [2], "parameters": {}}
    a = whole(env, 1)
    assert len(a[1]) > 10 and a[2] == (False, True), a
    assert np.all(np.abs(a[0]) <= env.specification["observation"]["clip"]) and a[0].dtype == np.float32
    assert np.abs(a[1]).max() > 0 and a[1][-1] != 0, "the last step has consequences, too"
    assert not same(a, whole(env, 2)) and same(a, whole(env, 1))
    other = petrl.Episodes({"name": "pellet", "transform": "error-ratio", "low": 0.3, "high": 2},
                           plugins=[f"{folder}/libpetrl_example.so"])
    # Left in the middle, with another one under way.
    other.reset(5)
    other.step([0.1])
    env.reset(7)
    assert same(whole(other, 1), a)
    assert same(whole(env, 1), a)
    env.close()
    raises(lambda: env.reset(1), "closed")
    assert same(whole(other, 1), a)


def of_ours(folder):
    """A step controller's, and the fault's, whose TS lives on when an episode is left."""
    needs("libpetrl_problems.so")
    for configuration in ({"name": "ode", "problems": ["stickslip", "vanderpol"], "max_steps": 200}, FAULT):
        env = petrl.Episodes(configuration)
        a = whole(env, 3)
        for steps in (0, 1, 5):
            env.reset(4)
            for _ in range(steps):
                env.step([0.3])
            assert same(whole(env, 3), a), configuration


def decides_as_numpy(folder):
    """A file that Python writes is read, and answers as numpy does, for all that a dense network may be."""
    env = petrl.Episodes(plugin(folder))
    spec = env.specification
    n = len(spec["observation"]["names"])
    x = np.random.default_rng(1).normal(size=(20, n)).astype("f4")
    for k, (activation, output) in enumerate((a, o) for a in ("relu", "tanh") for o in petrl.policy.OUTPUTS["mlp"]):
        network = petrl.policy.mlp(layers([n, 17, 8, 1], k, 2), activation, output)
        path = petrl.policy.write(f"{folder}/{activation}-{output}.h5", network=network, **spec)
        expected = petrl.policy.forward(network, x)
        found = np.array([env.decide(path, row) for row in x])
        assert np.abs(found - expected).max() < 1e-6 * max(1, np.abs(expected).max()), (activation, output)
    score = env.evaluate(f"{folder}/tanh-tanh.h5")
    assert np.isfinite(score["score"]) and score["cases"] == 2, score
    petrl.policy.write(f"{folder}/other.h5", network=network, **{**spec, "action": {**spec["action"], "high": [3]}})
    raises(lambda: env.decide(f"{folder}/other.h5", x[0]), "other.h5", "/action/high", "differs")
    raises(lambda: env.decide(f"{folder}/none.h5", x[0]), "none.h5")
    raises(lambda: env.decide(path, x[0][1:]), "observation of shape", str(n))


def mistakes_are_named(folder):
    env = petrl.Episodes(plugin(folder))
    raises(lambda: petrl.Episodes({"name": "pelet"}), "pelet", "nearest: pellet", "known")
    raises(lambda: petrl.Episodes({"name": "pellet", "lowest": 1}), "lowest", "unknown key")
    raises(lambda: petrl.Episodes(f"{folder}/none.yaml"), "none.yaml", "cannot read")
    raises(lambda: petrl.Episodes({"name": "pellet"}, plugins=["./none.so"]), "plugins", "none.so")
    raises(lambda: petrl.Episodes(f"{folder}/pellet.yaml", plugins=["x.so"]), "pellet.yaml", "plugins")
    raises(lambda: env.step([0.0]), "no episode")
    raises(lambda: env.reset(-1), "seed", "-1")
    env.reset(1)
    raises(lambda: env.step([0.0, 0.0]), "(1,)", "(2,)")
    raises(lambda: env.step([1.5]), "-1 to 1", "1.5")
    raises(lambda: env.step([float("nan")]), "-1 to 1")
    env.step([1.0])
    said = []
    for call in (lambda: env.step([0.0]), lambda: petrl.Episodes({"name": "pellet"})):
        thread = threading.Thread(target=lambda: said.append(raises(call, "another thread")))
        thread.start()
        thread.join()
    assert len(said) == 2, said
    env.step([1.0])


SCRIPT = "import sys, petrl; env = petrl.Episodes(sys.argv[1]); print(env.reset(1).shape, petrl.library.library().path)"


def the_library(folder):
    """Found without being told; or it is said what was looked for, what it is, which version it has."""
    path = plugin(folder)
    python(SCRIPT, path).ok().says("(24,)", f"{BUILD}/lib/libpetrl_learn.so")
    python(SCRIPT, path, env={"PETRL_LIBRARY": f"{BUILD}/lib"}).ok().says("(24,)")
    python(SCRIPT, path, env={"PETRL_LIBRARY": f"{folder}/none.so"}).fails("petrl.errors.Error", "was not found",
                                                                          f"{folder}/none.so", "PETRL_LIBRARY")
    python(SCRIPT, path, env={"PETRL_LIBRARY": path}).fails("petrl.errors.Error", path, "cannot be loaded")
    shutil.copytree(f"{SOURCE}/plugins/python/petrl", f"{folder}/old/petrl")
    with open(f"{folder}/old/petrl/version.py", "w") as f:
        f.write("__version__ = '0.0.7'\n")
    python(SCRIPT, path, env={"PYTHONPATH": f"{folder}/old", "PETRL_LIBRARY": f"{BUILD}/lib"}).fails(
        "0.0.7", petrl.__version__, "install both from one source")


def from_the_source_tree(folder):
    if os.path.dirname(os.path.dirname(BUILD)) != SOURCE and os.path.dirname(BUILD) != SOURCE:
        raise Skip("the build folder does not lie in the source tree")
    python(SCRIPT, plugin(folder), env={"PYTHONPATH": f"{SOURCE}/plugins/python"}).ok().says("(24,)", f"{SOURCE}/build")


def programs_end_in_the_middle(folder):
    """At exit, an episode that is under way is left before PETSc goes: silently."""
    path = plugin(folder)
    r = python(SCRIPT + "; env.step([0.0]); other = petrl.Episodes(sys.argv[1]); other.reset(2)", path).ok()
    assert len(r.output.splitlines()) == 1, r
    r = python(SCRIPT + "; env.step([0.0]); del env; raise SystemExit(3)", path)
    assert r.status == 3 and len(r.output.splitlines()) == 1, r


def beside_petsc4py(folder):
    """PETSc is the program's: it stays initialised, and is used by both."""
    script = "from petsc4py import PETSc; v = PETSc.Vec().createSeq(3); " + SCRIPT + "; v.set(2); print(v.sum())"
    r = python(script, plugin(folder))
    if "No module named 'petsc4py'" in r.output or "was built for" in r.output:
        raise Skip(r.output.splitlines()[-1])
    r.ok().says("(24,)", "6.0")


main()
