#!/usr/bin/env python3
"""Pictures of the Burgers study: plot.py RESULTS OUT [fields.h5]"""
import os
import sys

# The advection tutorial has the same kinds of pictures.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "04-advection-closure"))
from closure_plots import all_pictures  # noqa: E402

if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    all_pictures(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else None, threshold=10,
                 shown_names=["CGS", "upwind5", "extended-0.3", "closure-ppo", "closure"], shown_steps=[50, 200],
                 action_step=50)
