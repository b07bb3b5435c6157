"""Trainings that are killed."""
import os
import signal
import subprocess
import time


def saves_on_disk(folder):
    """How many checkpoints a training has on disk; -1 before its first."""
    try:
        with open(f"{folder}/progress.yaml") as f:
            for line in f:
                if line.startswith("saves:"):
                    return int(line.split()[1])
    except FileNotFoundError:
        pass
    return -1


def victim(pid):
    """The process to kill: under mpiexec one of the ranks (mpiexec then ends the others)."""
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        children = f.read().split()
    return int(children[0]) if children else pid


def kill_after(command, folder, saves, delay):
    """Starts a training and kills it `delay` seconds after its checkpoint number `saves`."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    end = time.time() + 60
    while saves_on_disk(folder) < saves:
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.time() < end, "no checkpoint in a minute"
        time.sleep(0.002)
    time.sleep(delay)
    assert process.poll() is None, "the training ended before it could be killed"
    os.kill(victim(process.pid), signal.SIGKILL)
    process.wait()


def content(path):
    with open(path, "rb") as f:
        return f.read()


def same(one, two):
    """Two folders of a training hold the same, to the last byte."""
    states = [sorted(x for x in os.listdir(folder) if x.endswith(".state")) for folder in (one, two)]
    assert len(states[0]) == 1 and states[0] == states[1], states
    for name in ("log.csv", "last.h5", "best.h5", "progress.yaml", states[0][0]):
        assert content(f"{one}/{name}") == content(f"{two}/{name}"), f"{name} differs"
