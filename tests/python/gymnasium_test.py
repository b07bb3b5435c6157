"""petrl.Environment: what Gymnasium and stable-baselines3 ask of an environment, and back as a policy file."""
from harness import main, needs
from support import interpreter_with, plugin, python

START = """
import sys, warnings
import numpy as np
import petrl
warnings.simplefilter("error")
warnings.filterwarnings("ignore", ".*(render modes|Box|HDF5).*")
path, folder = sys.argv[1:]
"""

CHECK = START + """
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv
for configuration in (path, *([{"name": "ode", "problems": ["stickslip"]}] if folder == "ours" else [])):
    env = petrl.Environment(configuration)
    check_env(env, skip_render_check=True)
    o, info = env.reset(seed=3)
    again, same = env.reset(options={"episode": info["episode"]})
    assert np.array_equal(o, again) and same == info
    assert env.reset()[1] != info, "the next episode is another one"
    seen, over = 0, False
    while not over:
        o, r, terminated, truncated, info = env.step(env.action_space.sample())
        over = terminated or truncated
        assert o in env.observation_space and not (terminated and truncated)
        seen += 1
    assert truncated and seen > 5, (seen, terminated)
    try:
        env.reset(options={"episod": 1})
        raise SystemExit("accepted")
    except petrl.Error as e:
        assert "episod" in str(e)
    env.close()
many = SyncVectorEnv([lambda: petrl.Environment(path) for _ in range(3)])
o, _ = many.reset(seed=[1, 2, 1])
assert np.array_equal(o[0], o[2]) and o.shape[0] == 3
for _ in range(30):
    o, r, *_ = many.step(np.zeros((3, 1), "f4"))
    assert np.array_equal(o[0], o[2]) and r[0] == r[2]
print("checked")
"""

TRAIN = START + """
import os
warnings.simplefilter("default")
import torch
from sb3_contrib import TQC
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.env_checker import check_env
from petrl.__main__ import bring
torch.set_num_threads(1)
env = petrl.Environment(path)
check_env(env)
small = {"net_arch": [16, 8]}
for name, model in {
        "tqc": TQC("MlpPolicy", env, policy_kwargs=dict(small), learning_starts=20, batch_size=16),
        "tqc-sde": TQC("MlpPolicy", env, use_sde=True, policy_kwargs=dict(small), learning_starts=20, batch_size=16),
        "sac": SAC("MlpPolicy", env, policy_kwargs={**small, "activation_fn": torch.nn.Tanh}, learning_starts=20, batch_size=16),
        "ppo": PPO("MlpPolicy", env, n_steps=32, batch_size=16, policy_kwargs=dict(small)),
        "ppo-sde": PPO("MlpPolicy", env, n_steps=32, batch_size=16, use_sde=True, policy_kwargs={**small, "squash_output": True})
}.items():
    model.learn(60)
    file = os.path.join(folder, name)
    petrl.policy.write(file + ".h5", network=petrl.actors.from_sb3(model), **env.specification)
    model.save(file + ".zip")
    with open(file + ".json", "w") as f:
        import json
        json.dump(env.specification, f)
    bring(file + ".zip", file + ".json", file + "-imported.h5")
    o, _ = env.reset(seed=5)
    for _ in range(20):
        expected = model.predict(o, deterministic=True)[0]
        for policy in (file + ".h5", file + "-imported.h5"):
            found = env.decide(policy, o)
            assert np.abs(found - expected).max() < 1e-6, (policy, found, expected)
        o, _, terminated, truncated, _ = env.step(model.predict(o)[0])
        if terminated or truncated:
            o, _ = env.reset()
    print(name, env.evaluate(file + ".h5")["score"])
print("trained")
"""


def checked_by_gymnasium(folder):
    interpreter = interpreter_with("numpy", "gymnasium")
    ours = "ours"
    try:
        needs("libpetrl_problems.so")
    except Exception:
        ours = "none"
    python(CHECK, plugin(folder), ours, interpreter=interpreter).ok().says("checked")


def trained_by_stable_baselines3(folder):
    """Actors of all its algorithms for continuous actions, brought alive and as files: both answer as predict() does."""
    interpreter = interpreter_with("h5py", "gymnasium", "sb3_contrib")
    python(TRAIN, plugin(folder), folder, interpreter=interpreter, timeout=220).ok().says("trained")


main()
