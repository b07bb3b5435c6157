"""Flows in a periodic cube as their Fourier coefficients say: errors, energies by wavenumber, pictures. For study.py."""
import statistics

import numpy as np

MOST = 7  # wavenumber along each axis that all grids have
HALF = 4  # half of what 16 points have
COLUMNS = [f"energy_{k}" for k in range(1, HALF + 1)]


def coefficients(state, means):
    """Of values at cells' centres, or (means) of the field whose means over the cells they are; z, y, x, component."""
    points, k = state.shape[0], np.arange(-MOST, MOST + 1)
    wave = np.exp(-2j * np.pi * np.outer(k, np.arange(points) + 0.5) / points) / points
    if means:
        wave /= np.sinc(k / points)[:, None]
    return np.einsum("az,by,cx,zyxd->abcd", wave, wave, wave, state, optimize=True)


def shells(c):
    """Kinetic energy of the wavenumbers 0.5 to 1.5, 1.5 to 2.5, ..."""
    k = np.arange(-MOST, MOST + 1) ** 2
    shell = np.rint(np.sqrt(k[:, None, None] + k[:, None] + k)).astype(int)
    return np.bincount(shell.ravel(), 0.5 * (np.abs(c) ** 2).sum(-1).ravel())[1:MOST + 1]


def compare(c, truth):
    """Root mean square of the difference over that of the truth; energies over the truth's, minus one."""
    error = np.sqrt((np.abs(c - truth) ** 2).sum() / (np.abs(truth) ** 2).sum())
    return [float(error), *(shells(c) / shells(truth) - 1)[:HALF].tolist()]


def of(name, rows):
    """Of all initial states: errors, energies' deviations (a row each), seconds."""
    mine = [r[2:] for r in rows if r[0] == name]
    return [r[0] for r in mine], np.array([r[1:-1] for r in mine]), [r[-1] for r in mine]


def table(rows, methods):
    print(f"{'':20} {'error: median (least, largest)':31} {'energies off by, %, median, k = 1, 2, 3, 4':43} {'largest':>7} {'s':>9}")
    for name in methods:
        errors, off, seconds = of(name, rows)
        medians = ", ".join(f"{100 * x:+.1f}" for x in np.median(off, 0))
        print(f"{name:20} {statistics.median(errors):8.4f} ({min(errors):.4f}, {max(errors):.4f}) {'':4} {medians:43} "
              f"{100 * np.abs(off).max():7.1f} {min(seconds):9.4f}")


def picture(shown, rows, methods, file):
    """shown: a state by name (without, closure, truth), and whether it holds means."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    names = [n for n in ("without", "closure", "truth") if n in shown]
    figure = plt.figure(figsize=(10, 6.8), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    axes = above.subplots(1, len(names))
    size = np.abs(shown["truth"][0][..., 0]).max()
    for axis, name in zip(axes, names):
        state = shown[name][0]
        n = state.shape[0]
        image = axis.imshow(state[n // 2, ..., 0], origin="lower", vmin=-size, vmax=size, cmap="RdBu_r")
        axis.set(title=f"{name}: u on {n} x {n} x {n}, a cut", xticks=[], yticks=[])
    above.colorbar(image, ax=axes, shrink=0.8)
    left, right = below.subplots(1, 2)
    for name, style in zip(names, ("C1:", "C0-", "k--")):
        left.semilogy(np.arange(1, MOST + 1), shells(coefficients(*shown[name])), style, label=name)
    left.axvline(HALF, color="0.7", lw=0.8)
    left.set(xlabel="wavenumber", ylabel="kinetic energy")
    left.legend()
    for name in methods:
        if name == "truth":
            continue
        errors, _, seconds = of(name, rows)
        at, closure = (min(seconds), statistics.median(errors)), name.startswith("closure")
        right.loglog(*at, "C0o" if closure else "C1o" if name == "without" else "ks", ms=4)
        if not closure or name.endswith(" 1"):
            right.annotate("closures" if closure else name, at, fontsize=7, textcoords="offset points",
                           xytext=(-5, -10) if closure else (4, 3), ha="right" if closure else "left")
    right.margins(x=0.2)
    right.set(xlabel="seconds of the processor", ylabel="error")
    figure.savefig(file, dpi=110)
