"""PetRL from Python: its environments for Gymnasium, its policy files written, networks of others imported.

    env = petrl.Environment("training.yaml")      a gymnasium.Env; petrl.Episodes: the same with numpy only
    petrl.policy.write("mine.h5", ...)            a policy file (needs h5py); the format: POLICY-FILE.md
    petrl.actors.from_sb3(model)                  a network of stable-baselines3, of .zip, .pt, .npz files"""
from . import actors, policy  # noqa: F401
from .episodes import Episodes  # noqa: F401
from .errors import Error  # noqa: F401
from .version import __version__  # noqa: F401


def __getattr__(name):
    if name == "Environment":  # gymnasium is needed here only
        from .environment import Environment
        return Environment
    raise AttributeError(f"module 'petrl' has no attribute '{name}'")
