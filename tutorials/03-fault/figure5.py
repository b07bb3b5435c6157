#!/usr/bin/env python3
"""Figure 5 of the paper from the runs of figure5.sh: figure5.py RUNS PICTURE.png"""
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

RUNS = {"reference": ("constant h = 0.05 s", "-"), "heuristic": ("heuristic", "s--"), "alpha8": ("alpha = 8", "^:"),
        "petrl": ("PetRL", "o--")}


def velocity(folder):
    """Time and the map of the velocity then."""
    with h5py.File(f"{folder}/fields.h5") as f:
        return float(f["step0"].attrs["time_s"]), f["step0/velocity"][...].astype(float)


def relative_error(found, right):
    """In percent; nothing where the fault is at rest."""
    moving = np.abs(right) > 1e-6 * np.abs(right).max()
    return np.where(moving, 100 * (found - right) / np.where(moving, right, 1), np.nan)


def curves(folder, axes):
    for name, (label, style) in RUNS.items():
        s = np.genfromtxt(f"{folder}/{name}/steps.csv", delimiter=",", names=True)
        s = np.atleast_1d(s)[np.atleast_1d(s["accepted"]) == 1]
        t = s["t_s"] + s["h_s"]
        axes[0].plot(t, s["mean_velocity_m_per_s"], style, label=label, ms=4)
        axes[1].plot(t, s["mean_slip_m"], style, label=label, ms=4)
    axes[0].set_ylabel("mean velocity [m/s]")
    axes[1].set_ylabel("mean slip [m]")
    for ax in axes:
        ax.set_xlabel("t [s]")
        ax.legend(fontsize=8)


def maps(folder, name, axes):
    time, right = velocity(f"{folder}/reference")
    _, found = velocity(f"{folder}/{name}")
    error = relative_error(found, right)
    worst = np.nanmax(np.abs(error))
    label = RUNS[name][0]
    for ax, values, title, colours in (
            (axes[0], found, f"velocity at t = {time:.1f} s [m/s], {label}", {"cmap": "magma"}),
            (axes[1], error, f"its error [%], at most {worst:.1f} ({np.abs(found - right).max():.2g} m/s)",
             {"cmap": "RdBu_r", "vmin": -worst, "vmax": worst})):
        shown = ax.imshow(values, origin="upper", extent=(0, 3, 3, 0), **colours)
        ax.figure.colorbar(shown, ax=ax)
        ax.set_title(title, fontsize=9)
        ax.set_xlabel("x [km]")
        ax.set_ylabel("depth [km]")
    print(f"{label}: largest relative error of the velocity {worst:.3g} %, largest error {np.abs(found - right).max():.3g} m/s")


def main(folder, picture):
    fig, axes = plt.subplots(3, 2, figsize=(9, 9.6), layout="constrained")
    curves(folder, axes[0])
    maps(folder, "alpha8", axes[1])
    maps(folder, "petrl", axes[2])
    fig.savefig(picture, dpi=120)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
