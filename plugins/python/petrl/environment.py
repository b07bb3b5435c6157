"""PetRL's environments as gymnasium.Env: those in which one decision follows another."""
import gymnasium
import numpy as np

from .episodes import Episodes
from .errors import Error


class Environment(gymnasium.Env):
    """petrl.Episodes for Gymnasium: the arguments are its.

    An episode follows from its seed alone: reset(seed=...) seeds the draw of this and the following episodes,
    options={"episode": n} chooses one; info["episode"] says which it is.

    The episode waits within the solver while Python decides, on a stack of its own but on this thread: any number of
    environments may be under way in one thread (DummyVecEnv), other threads are refused; use processes (SubprocVecEnv,
    start_method="spawn"). Where a TS of PETSc's own types fails to solve a step, its retry is basic's: PETSc asks nobody
    then."""

    metadata = {"render_modes": []}
    render_mode = None

    def __init__(self, configuration, plugins=()):
        self.episodes = Episodes(configuration, plugins)
        self.specification = self.episodes.specification
        clip = self.specification["observation"]["clip"]
        self.observation_space = gymnasium.spaces.Box(-clip, clip, self.episodes.observations, np.float32)
        self.action_space = gymnasium.spaces.Box(-1, 1, self.episodes.actions, np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        options = dict(options or {})
        episode = options.pop("episode", None)
        if options:
            raise Error(f"reset: unknown option '{next(iter(options))}'; known: episode")
        episode = int(self.np_random.integers(1 << 32) if episode is None else episode)
        return self.episodes.reset(episode), {"episode": episode}

    def step(self, action):
        return *self.episodes.step(action), {}

    def decide(self, policy, observation):
        """See Episodes.decide()."""
        return self.episodes.decide(policy, observation)

    def evaluate(self, policy):
        """See Episodes.evaluate()."""
        return self.episodes.evaluate(policy)

    def close(self):
        self.episodes.close()
