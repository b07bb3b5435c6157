"""The plain program with the plugin."""
import os

from harness import BUILD, PLUGIN, run

APP = os.path.join(BUILD, "bin", "plain_app")


def plain(*options, **how):
    """The program by itself."""
    return run(APP, *options, **how)


def rl(policy, *options, **how):
    """The program with the plugin and a policy."""
    return run(APP, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", "-ts_adapt_rl_policy", policy, *options, **how)
