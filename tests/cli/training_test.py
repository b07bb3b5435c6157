"""petrl train as people use it: two in one folder, whole numbers, leftovers, signals, a disk that is full."""
import os
import signal
import subprocess
import time

from harness import BUILD, main, run

PETRL = os.path.join(BUILD, "bin", "petrl")

GAIN = """seed: 1
steps: 60
evaluate_every: 20
checkpoint_every: 5
environment:
  name: poisson
  squares: 2
  rounds: 3
  unit: 1.0e-6
  odds: [0.03, 300]
  max_cells: 200
  validation: {cases: 1, odds: [1], reference: 3}
learner:
  name: gain-loss
  hidden: 6
  layers: 1
  updates: 2
  batch: 2
  memory: 30
"""


def config(folder, text=GAIN, name="c.yaml"):
    path = f"{folder}/{name}"
    with open(path, "w") as f:
        f.write(text)
    return path


def wait_for(path, seconds=30):
    end = time.time() + seconds
    while not os.path.exists(path):
        assert time.time() < end, f"{path} does not appear"
        time.sleep(0.02)


def one_at_a_time_in_a_folder(folder):
    """The second is refused and says who is there; the first goes on undisturbed."""
    path, out = config(folder, GAIN.replace("steps: 60", "steps: 100000")), f"{folder}/run"
    first = subprocess.Popen([PETRL, "train", path, "-o", out], stdout=subprocess.DEVNULL)
    try:
        wait_for(f"{out}/progress.yaml")
        run(PETRL, "train", path, "-o", out).fails(out, "another training", str(first.pid))
        assert first.poll() is None
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=30) == 0
    run(PETRL, "train", path.replace("c.yaml", "no.yaml"), "-o", out).fails("no.yaml")


def whole_numbers(folder):
    for key in ("steps", "seed", "evaluate_every", "checkpoint_every"):
        line = next(x for x in GAIN.splitlines() if x.startswith(key))
        number = GAIN.splitlines().index(line) + 1
        text = GAIN.replace(line, f"{key}: 100.7")
        run(PETRL, "train", config(folder, text), "-o", f"{folder}/x").fails(f"c.yaml:{number}: {key}", "integer", "100.7")
    run(PETRL, "train", config(folder, GAIN.replace("steps: 60", "steps: 2e1")), "-o", f"{folder}/x").ok()


def messages_name_the_file_of_the_user(folder):
    """Also those about the learner's own keys, with the line that they stand on."""
    for wrong, line in (("hidden: 0", 15), ("layers: -1", 16), ("batch: 1.5", 18), ("memory: many", 19)):
        key = wrong.split(":")[0]
        old = next(x for x in GAIN.splitlines() if x.strip().startswith(key + ":"))
        text = GAIN.replace(old, "  " + wrong)
        run(PETRL, "train", config(folder, text), "-o", f"{folder}/x").fails(f"c.yaml:{line}: learner.{key}")


def output_must_be_a_folder_of_its_own(folder):
    run(PETRL, "train", config(folder), "-o", "").fails("folder")
    os.makedirs(f"{folder}/other")
    with open(f"{folder}/other/best.h5", "w") as f:
        f.write("somebody's")
    run(PETRL, "train", config(folder), "-o", f"{folder}/other").fails("other/best.h5", "progress.yaml")
    with open(f"{folder}/other/best.h5") as f:
        assert f.read() == "somebody's"


RACE = """seed: 3
steps: 5
evaluate_every: 60
checkpoint_every: 20
environment: {name: nonlinear1d, file: FILE, trajectories: [8, 3, 4]}
learner:
  name: lamp
  evolution: {updates: 400, hidden: 6, layers: 2, batch: 3, bundles: 2}
  policy: {hidden: 5, layers: 1, batch: 2, samples_per_start: 3}
  refining: {updates: 1200, policy: 7, evolution: 5}
  validation: 2
"""


def several_that_want_the_same_data(folder):
    """One makes them, the others wait for it and read them; all end alike."""
    path = config(folder, RACE.replace("FILE", f"{folder}/data/set.h5"))
    trainings = [subprocess.Popen([PETRL, "train", path, "-o", f"{folder}/R{k}"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True) for k in range(3)]
    said = [p.communicate(timeout=120)[0] for p in trainings]
    assert [p.returncode for p in trainings] == [0, 0, 0], said
    assert sum("wrote" in text for text in said) == 1, said
    assert os.listdir(f"{folder}/data") == ["set.h5"], os.listdir(f"{folder}/data")
    logs = []
    for k in range(3):
        with open(f"{folder}/R{k}/log.csv") as f:
            logs.append(f.read())
    assert logs[0] == logs[1] == logs[2] and logs[0].count("\n") >= 2, logs


def leftovers_go(folder):
    path, out = config(folder), f"{folder}/run"
    run(PETRL, "train", path, "-o", out).ok()
    kept = sorted(os.listdir(out))
    for name in ("learner-77.state", "learner-3.state.partial.4711", "best.h5.partial.4711", "progress.yaml.partial"):
        with open(f"{out}/{name}", "w") as f:
            f.write("cut off")
    run(PETRL, "train", path, "-o", out).ok()
    assert sorted(os.listdir(out)) == kept, os.listdir(out)


def a_second_signal_ends_it_at_once(folder):
    """The first one waits for a checkpoint."""
    path, out = config(folder, GAIN.replace("steps: 60", "steps: 100000")), f"{folder}/run"
    p = subprocess.Popen([PETRL, "train", path, "-o", out], stdout=subprocess.PIPE, text=True)
    wait_for(f"{out}/progress.yaml")
    p.send_signal(signal.SIGINT)
    said, _ = p.communicate(timeout=60)
    assert p.returncode == 0 and "the same command continues" in said, (p.returncode, said)
    p = subprocess.Popen([PETRL, "train", path, "-o", out], stdout=subprocess.DEVNULL)
    time.sleep(1)
    p.send_signal(signal.SIGSTOP)
    p.send_signal(signal.SIGINT)
    p.send_signal(signal.SIGTERM)
    p.send_signal(signal.SIGCONT)
    assert p.wait(timeout=60) in (0, -signal.SIGINT, -signal.SIGTERM)


main()
