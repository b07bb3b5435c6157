#!/usr/bin/env python3
"""Pictures of the fault study: plot.py RESULTS OUT. The numbers in brackets are the paper's figures."""
import glob
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from petrl_studies import fault  # noqa: E402
from petrl_studies.data import Table, rows  # noqa: E402


def steps(path):
    data = rows(path)
    return {key: np.array([float(r[key]) for r in data]) for key in data[0]}


def tiles(runs, controllers, key, title, out, limits, fmt="%.2f"):
    """Figures 3, 6 and 7: one tile per mesh and controller, N/A where the run did not finish."""
    sizes = sorted({r["scenario"].split("-")[0] for r in runs})
    cells = sorted({int(r["scenario"].split("-")[1]) for r in runs})
    fig, axes = plt.subplots(1, len(sizes), figsize=(4.2 * len(sizes), 3.4), squeeze=False, layout="constrained")
    for ax, size in zip(axes[0], sizes):
        values = np.full((len(cells), len(controllers)), np.nan)
        for r in runs:
            s, n = r["scenario"].split("-")
            if s == size and r["controller"] in controllers and r["finished"] == "1":
                values[cells.index(int(n)), controllers.index(r["controller"])] = float(r[key])
        shown = ax.imshow(values, origin="lower", cmap="viridis", vmin=limits[0], vmax=limits[1], aspect="auto")
        for i in range(len(cells)):
            for j in range(len(controllers)):
                text = "N/A" if np.isnan(values[i, j]) else fmt % values[i, j]
                ax.text(j, i, text, ha="center", va="center", color="white", fontsize=8,
                        bbox=dict(boxstyle="round,pad=0.1", fc="black", alpha=0.25, lw=0))
        ax.set_xticks(range(len(controllers)), controllers, rotation=20, fontsize=8)
        ax.set_yticks(range(len(cells)), cells)
        ax.set_ylabel("cells per side")
        ax.set_title(f"{size.replace('km', ' km')} fault", fontsize=10)
    fig.colorbar(shown, ax=axes[0].tolist(), shrink=0.9)
    fig.suptitle(title, fontsize=11)
    fig.savefig(out, dpi=120)
    plt.close(fig)


def appendix(grid, out):
    """Figure A.1: trained on 30 x 30 cells from scratch, beside transfer learning."""
    for key, title, limits in (("slip_error_percent", "Error of the final slip, % [fig. A.1a]", (0, 10)),
                               ("accuracy_ratio", "Heuristic's slip error over the learned one's [fig. A.1b]", (0, 4)),
                               ("speed_ratio", "Heuristic's run time over the learned one's [fig. A.1c]", (0, 3)),
                               ("proficiency", "Proficiency [fig. A.1d]", (0, 4))):
        tiles(grid, ["transfer", "appendix"], key, title, f"{out}/appendix_{key.replace('_ratio', '').replace('_percent', '')}.png",
              limits)


def step_history(folder, case, controllers, out):
    """Figure 4: the steps that were tried; crosses failed."""
    fig, axes = plt.subplots(len(controllers), 1, figsize=(7, 1.7 * len(controllers)), sharex=True, sharey=True,
                             layout="constrained")
    for ax, (name, label) in zip(np.atleast_1d(axes), controllers):
        s = steps(f"{folder}/{case}_{name}.csv")
        good = s["failed"] == 0
        ax.plot(s["t_s"][good], s["h_s"][good], "o", ms=4, color="tab:blue")
        ax.plot(s["t_s"][~good], s["h_s"][~good], "x", ms=6, color="tab:red")
        v = steps(f"{folder}/{case}_reference.csv")
        twin = ax.twinx()
        twin.fill_between(v["t_s"] + v["h_s"], v["mean_velocity_m_per_s"], color="0.85", zorder=0)
        twin.set_yticks([])
        ax.set_zorder(twin.get_zorder() + 1)
        ax.patch.set_visible(False)
        ax.set_yscale("log")
        ax.set_ylabel("h [s]")
        ax.set_title(f"{label}: {int(good.sum())} steps, {int((~good).sum())} failed, "
                     f"{int(s['nonlinear_iterations'].sum())} Newton iterations", fontsize=9, loc="left")
    np.atleast_1d(axes)[-1].set_xlabel("t [s]   (grey: mean velocity of the reference)")
    fig.savefig(out, dpi=120)
    plt.close(fig)


def front(runs, out):
    """Work against slip error over all cells of the grid: who is nearest to the lower left?"""
    fig, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
    names = list(dict.fromkeys(r["controller"] for r in runs))
    for k, name in enumerate(names):
        mine = [r for r in runs if r["controller"] == name and r["finished"] == "1"]
        x = np.array([1 / float(r["speed_ratio"]) for r in mine])
        y = np.array([max(float(r["slip_error_percent"]), 1e-4) for r in mine])
        marker = "o^sDv<>Ph*Xpd8"[k % 14]
        colour = f"C{k % 10}"
        ax.loglog(x, y, marker, color=colour, ms=4, alpha=0.35)
        ax.loglog(np.exp(np.log(x).mean()), np.exp(np.log(y).mean()), marker, color=colour, ms=10, mec="black", label=name)
    ax.set_xlabel("wall time over the heuristic's")
    ax.set_ylabel("error of the final mean slip [%]")
    ax.legend(fontsize=7, ncols=2)
    ax.set_title("All cells of the grid (small) and their geometric means (large)", fontsize=10)
    fig.savefig(out, dpi=120)
    plt.close(fig)


def learning(folder, out):
    """Validation score and training return of each training."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for path in sorted(glob.glob(f"{folder}/*_log.csv")):
        name = os.path.basename(path)[:-len("_log.csv")]
        data = rows(path)
        x = [int(r["steps"]) for r in data]
        axes[0 if name.startswith(("alpha", "transfer")) else 1].plot(x, [float(r["score"]) for r in data], label=name)
    axes[0].set_title("paper's reward: minus the return", fontsize=10)
    axes[1].set_title("whole-run reward: log work + log slip error / 2", fontsize=10)
    for ax in axes:
        ax.set_xlabel("decisions")
        ax.set_ylabel("validation score (lower is better)")
        ax.legend(fontsize=8)
    fig.savefig(out, dpi=120)
    plt.close(fig)


def scaling(path, out):
    data = rows(path)
    fig, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
    for ranks in sorted({r["ranks"] for r in data}):
        for damping in sorted({r["damping"] for r in data}):
            mine = [r for r in data if r["ranks"] == ranks and r["damping"] == damping]
            if mine:
                ax.loglog([int(r["cells_per_side"]) ** 2 for r in mine], [float(r["seconds_per_step"]) for r in mine], "o-",
                          label=f"{ranks} rank(s), {damping} damping")
    n = np.array([25.0**2, 512.0**2])
    first = float([r for r in data if r["damping"] == "symbol"][0]["seconds_per_step"])
    ax.loglog(n, first * n * np.log(n) / (n[0] * np.log(n[0])), "k:", label="N log N")
    ax.set_xlabel("cells")
    ax.set_ylabel("time per step [s]")
    ax.legend(fontsize=8)
    fig.savefig(out, dpi=120)
    plt.close(fig)


def main(results, out):
    os.makedirs(out, exist_ok=True)
    grid = fault.cells(Table.read(f"{results}/grid/runs.csv"))
    paper = ["alpha2", "alpha4", "alpha8", "alpha16"]
    tiles(grid, paper, "speed_ratio", "Heuristic's run time over the learned one's [fig. 3]", f"{out}/speed.png", (0, 3))
    tiles(grid, paper, "slip_error_percent", "Error of the final slip, % [fig. 6a, b]", f"{out}/error.png", (0, 10))
    tiles(grid, paper, "accuracy_ratio", "Heuristic's slip error over the learned one's [fig. 6c, d]",
          f"{out}/accuracy.png", (0, 4))
    tiles(grid, paper, "proficiency", "Proficiency: speed times accuracy [fig. 7]", f"{out}/proficiency.png", (0, 4))
    tiles(grid, ["alpha2", "transfer"], "proficiency", "Proficiency before and after transfer learning [fig. 8d]",
          f"{out}/transfer.png", (0, 4))
    if any(r["controller"] == "appendix" for r in grid):
        appendix(grid, out)
    ours = ["petrl", "PI42-embedded", "H211b-embedded", "event", "event-fast"]
    tiles(grid, ours, "speed_ratio", "Heuristic's run time over ours and over the rivals'", f"{out}/beat_speed.png", (0, 4))
    tiles(grid, ours, "slip_error_percent", "Error of the final slip, %", f"{out}/beat_error.png", (0, 1), "%.3f")
    folder = f"{results}/grid/steps"
    step_history(folder, "3km-50", [("heuristic", "heuristic"), ("alpha8", "paper's learned control (alpha = 8)"),
                                    ("petrl", "PetRL"), ("PI42-embedded", "dsp PI42, embedded error")], f"{out}/steps.png")
    front(grid, f"{out}/front.png")
    learning(f"{results}/training", f"{out}/learning.png")
    if os.path.exists(f"{results}/scale.csv"):
        scaling(f"{results}/scale.csv", f"{out}/scale.png")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
