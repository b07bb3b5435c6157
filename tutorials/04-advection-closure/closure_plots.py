"""Pictures of closure studies, from the runs and tables of `study: closure`."""
import os
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from petrl_studies.data import rows  # noqa: E402

CLASSICAL = ["0.55", "tab:brown", "tab:olive", "tab:cyan", "tab:purple", "tab:pink", "navy", "k"]
CLOSURE = ["tab:red", "tab:orange", "tab:blue", "tab:green", "magenta", "gold"]


def unique(values):
    return list(dict.fromkeys(values))


def is_closure(name):
    return name.startswith("closure")


def colours(names):
    """A colour a name: bright for closures."""
    out, counts = {}, [0, 0]
    for name in names:
        kind = 1 if is_closure(name) else 0
        table = CLOSURE if kind else CLASSICAL
        out[name] = table[counts[kind] % len(table)]
        counts[kind] += 1
    return out


def save(fig, path):
    """No more pixels than needed: fields do not compress."""
    fig.savefig(path, dpi=100)
    plt.close(fig)


def evolution(folder, out, threshold):
    """Median error over time; quartiles as bands for closures and the coarse grid only: many bands hide each other."""
    data = rows(f"{folder}/evolution.csv")
    cells, names = unique(r["cell"] for r in data), unique(r["method"] for r in data)
    colour = colours(names)
    fig, axes = plt.subplots(1, len(cells), figsize=(3.9 * len(cells) + (2.5 if len(cells) == 1 else 0), 3.9), sharey=True,
                             squeeze=False, layout="constrained")
    for ax, cell in zip(axes[0], cells):
        for name in names:
            mine = [r for r in data if r["cell"] == cell and r["method"] == name]
            x = np.array([int(r["step"]) for r in mine])
            get = lambda key: np.array([float(r[key]) for r in mine])  # noqa: E731
            ax.plot(x, get("median_percent"), color=colour[name], label=name, lw=2 if is_closure(name) else 1)
            if is_closure(name) or name == "CGS":
                ax.fill_between(x, get("q25_percent"), np.minimum(get("q75_percent"), 1e4), color=colour[name], alpha=0.2, lw=0)
        ax.axhline(threshold, color="k", lw=0.6, ls=":")
        ax.set_yscale("log")
        ax.set_title(cell, fontsize=10)
        ax.set_xlabel("coarse time steps")
    values = [float(r["median_percent"]) for r in data if int(r["step"]) > 8]
    axes[0, 0].set_ylim(0.7 * min(v for v in values if v > 0), min(1.5 * max(v for v in values if np.isfinite(v)), 100))
    axes[0, 0].set_ylabel("relative error [%]: median, quartiles")
    axes[0, -1].legend(*axes[0, 0].get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=8)
    save(fig, out)


def durations(folder, out, threshold):
    """Steps until the error exceeds a threshold, each run a point of a violin."""
    data = [r for r in rows(f"{folder}/runs.csv") if r["part"] == "duration" and float(r["threshold_percent"]) == threshold]
    cells, names = unique(r["cell"] for r in data), unique(r["method"] for r in data)
    colour = colours(names)
    fig, axes = plt.subplots(1, len(cells), figsize=(3.4 * len(cells) + (2 if len(cells) == 1 else 0), 3.9), sharey=True,
                             squeeze=False, layout="constrained")
    for ax, cell in zip(axes[0], cells):
        for i, name in enumerate(names):
            steps = np.array([float(r["step"]) for r in data if r["cell"] == cell and r["method"] == name])
            if np.ptp(steps) > 0:
                body = ax.violinplot(steps, [i], widths=0.8, showextrema=False)["bodies"][0]
                body.set_facecolor(colour[name])
                body.set_alpha(0.5)
            ax.plot(i, np.median(steps), "o", color=colour[name], mec="k", ms=5)
            ax.plot(i, steps.mean(), "_", color="k", ms=10)
        ax.set_xticks(range(len(names)), names, rotation=70, fontsize=8)
        ax.set_title(cell, fontsize=10)
    axes[0, 0].set_ylabel(f"steps until the error exceeds {threshold:g} %")
    fig.suptitle("dots: medians, dashes: means", fontsize=8)
    save(fig, out)


def front(path, out):
    """Error against time: lines are grids of one scheme, stars closures."""
    data = rows(path)
    cells = unique(r["cell"] for r in data)
    families = unique(r["family"] for r in data if r["family"] != "FGS")
    colour = colours(families)
    schemes = unique(r["scheme"] + r["modified"] for r in data if r["closure"] == "0" and r["family"] != "FGS")
    marks = dict(zip(unique((r["dt_multiple"], r["substeps"]) for r in data), "os^vD<>ph8PX" * 4))
    fig, axes = plt.subplots(1, len(cells), figsize=(5.2 * len(cells), 4.6), sharey=True, squeeze=False, layout="constrained")
    for ax, cell in zip(axes[0], cells):
        fine = next(r for r in data if r["cell"] == cell and r["method"] == "FGS")
        for family in families:
            mine = [r for r in data if r["cell"] == cell and r["family"] == family and float(r["failed"]) == 0]
            if not mine:
                continue
            x = [float(r["us_per_step_min"]) for r in mine]
            y = [float(r["error_percent"]) for r in mine]
            if mine[0]["closure"] == "1":
                ax.plot(x, y, "*", color=colour[family], ms=16, mec="k", label=family, zorder=5)
            else:
                shade = plt.get_cmap("tab10")(schemes.index(mine[0]["scheme"] + mine[0]["modified"]) % 10)
                mark = marks[mine[0]["dt_multiple"], mine[0]["substeps"]]
                ax.plot(x, y, mark + "-", color=shade, ms=4, lw=0.8, label=family)
        ax.axvline(float(fine["us_per_step_min"]), color="k", ls="--", lw=1, label="FGS (no error)")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("time of a reference step [us]")
        ax.set_title(cell, fontsize=10)
    step = data[0]["step"]
    axes[0, 0].set_ylabel(f"relative error after {step} steps [%]")
    axes[0, -1].legend(*axes[0, 0].get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=7)
    save(fig, out)


def shown(group, name, problem):
    """The concentration, or the speed."""
    if problem == "advection":
        return group[f"{name}_psi"][...]
    return np.hypot(group[f"{name}_u"][...], group[f"{name}_v"][...])


def fields(path, out, names, steps):
    """States side by side: a row a time; below each the difference to the restricted fine grid."""
    with h5py.File(path) as f:
        problem = f.attrs["problem"]
        problem = problem.decode() if isinstance(problem, bytes) else problem
        names = [n for n in names if any(k.startswith(f"{n}_") for k in f[f"step{steps[0]}"])]
        fig, axes = plt.subplots(2 * len(steps), len(names) + 1, figsize=(1.75 * (len(names) + 1), 3.5 * len(steps)),
                                 squeeze=False, layout="constrained")
        for i, step in enumerate(steps):
            group = f[f"step{step}"]
            truth = shown(group, "FGS", problem)
            top, worst = truth.max(), np.abs(shown(group, names[0], problem) - truth).max()
            for j, name in enumerate(["FGS"] + names):
                state, below = axes[2 * i, j], axes[2 * i + 1, j]
                values = shown(group, "fine" if name == "FGS" else name, problem)
                state.imshow(values, origin="lower", cmap="viridis", vmin=0, vmax=top, interpolation="nearest")
                state.set_title(f"{name}\nstep {step}" if i == 0 else f"step {step}", fontsize=8)
                if name == "FGS":
                    below.set_visible(False)
                else:
                    image = below.imshow(values - truth, origin="lower", cmap="RdBu_r", vmin=-worst, vmax=worst, interpolation="nearest")
                    below.set_title(f"error, mean {np.abs(values - truth).mean():.2e}", fontsize=7)
                for ax in (state, below):
                    ax.set_xticks([])
                    ax.set_yticks([])
            fig.colorbar(image, ax=axes[2 * i + 1, -1], shrink=0.8)
    save(fig, out)


def actions(path, out, name, step):
    """The action taken and the one that was missing: maps, and one against the other."""
    with h5py.File(path) as f:
        group = f[f"step{step}"]
        component = next(k.rsplit("_", 1)[1] for k in group if k.startswith("FGS_"))
        if f"action-{name}_{component}" not in group:
            return
        state = group[f"FGS_{component}"][...]
        taken, exact = group[f"action-{name}_{component}"][...], group[f"exact-{name}_{component}"][...]
    fig, axes = plt.subplots(1, 4, figsize=(12.5, 3.1), layout="constrained")
    size = np.percentile(np.abs(exact), 99.5)
    axes[0].imshow(state, origin="lower", cmap="viridis")
    axes[0].set_title(f"{component} (restricted fine grid), step {step}", fontsize=9)
    for ax, values, title in ((axes[1], taken, f"action of {name}"), (axes[2], exact, "base step minus fine step")):
        image = ax.imshow(values, origin="lower", cmap="RdBu_r", vmin=-size, vmax=size)
        ax.set_title(title, fontsize=9)
    fig.colorbar(image, ax=axes[2], shrink=0.85)
    for ax in axes[:3]:
        ax.set_xticks([])
        ax.set_yticks([])
    axes[3].plot(exact.ravel(), taken.ravel(), ".", ms=1.5, alpha=0.5, rasterized=True)
    axes[3].axline((0, 0), slope=1, color="k", lw=0.8)
    axes[3].set_xlim(-1.5 * size, 1.5 * size)
    axes[3].set_ylim(-1.5 * size, 1.5 * size)
    axes[3].set_xlabel("what was missing", fontsize=9)
    axes[3].set_ylabel("action", fontsize=9)
    if np.ptp(taken) > 0:
        axes[3].set_title(f"correlation {np.corrcoef(exact.ravel(), taken.ravel())[0, 1]:.2f}", fontsize=9)
    save(fig, out)


def all_pictures(results, out, field_file, threshold, shown_names, shown_steps, action_step):
    os.makedirs(out, exist_ok=True)
    evolution(f"{results}/table", f"{out}/evolution.png", threshold)
    durations(f"{results}/table", f"{out}/durations.png", threshold)
    front(f"{results}/cost/cost.csv", f"{out}/front.png")
    if field_file is None or not os.path.exists(field_file):
        return
    fields(field_file, f"{out}/fields.png", shown_names, shown_steps)
    for name in unique(r["method"] for r in rows(f"{results}/table/correlations.csv")):
        actions(field_file, f"{out}/actions-{name}.png", name, action_step)
