"""Learning while a program runs: -ts_adapt_rl_train."""
import csv
import os
import shutil

from app import APP
from harness import PLUGIN, main, run


def train(save, *options, **how):
    return run(APP, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", "-ts_adapt_rl_train", "-ts_adapt_rl_save", save,
               *options, **how)


def begins_and_goes_on(folder):
    """The first run is recorded, later ones are rewarded; the table tells what each cost."""
    save = f"{folder}/my.h5"
    train(save, "-ts_adapt_rl_seed", "5").ok().says("my.h5 begins", "seed 5")
    assert not os.path.exists(save + ".csv")  # nothing to compare yet
    train(save).ok().says("my.h5 goes on", "seed 5")
    train(save, "-ts_adapt_rl_seed", "5", ranks=2).ok().says("my.h5 goes on")
    with open(save + ".csv") as f:
        rows = list(csv.DictReader(f))
    assert list(rows[0]) == ["steps", "cost", "baseline_cost", "error", "baseline_error", "score", "best"], rows[0]
    assert len(rows) == 2 and 0 < int(rows[0]["steps"]) < int(rows[1]["steps"]), rows
    for row in rows:
        # The shipped policy explores a little: it cannot cost twice what it cost when it was recorded.
        assert 0.5 < float(row["cost"]) / float(row["baseline_cost"]) < 2, row
        assert float(row["error"]) > 0 and float(row["best"]) >= 0, row
    train(save, "-ts_adapt_rl_seed", "6").fails("-ts_adapt_rl_seed", "found 6", "5")


def a_partial_set_is_refused(folder):
    """Nothing is begun anew, or overwritten, because a file was moved away."""
    save = f"{folder}/my.h5"
    for _ in range(2):
        train(save).ok()
    state = os.path.getsize(save + ".state")
    for gone in ("", ".state", ".baseline"):
        os.rename(save + gone, f"{folder}/kept")
        train(save).fails("but not " + save + gone, "-ts_adapt_rl_save")
        os.rename(f"{folder}/kept", save + gone)
    assert os.path.getsize(save + ".state") == state
    train(save).ok().says("goes on")
    for gone in ("", ".state", ".baseline"):
        os.remove(save + gone)
    train(save).fails(".csv belongs to another training")
    shutil.move(save + ".csv", f"{folder}/old.csv")
    train(save).ok().says("begins")


def keys_of_the_learner(folder):
    """Messages name the file and the line of the user's own."""
    with open(f"{folder}/keys.yaml", "w") as f:
        f.write("learning_rate: 1.0e-4\nbatch_sise: 32\n")
    keys = ["-ts_adapt_rl_train_config", f"{folder}/keys.yaml"]
    train(f"{folder}/my.h5", *keys).fails("keys.yaml:2: batch_sise", "'batch_size'")
    with open(f"{folder}/keys.yaml", "w") as f:
        f.write("learning_rate: 1.0e-4\nbatch_size: 32\n")
    train(f"{folder}/my.h5", *keys).ok()


main()
