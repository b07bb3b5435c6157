#!/usr/bin/env python3
"""Pictures of the advection study: plot.py RESULTS OUT [fields.h5]"""
import sys

from closure_plots import all_pictures

if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    all_pictures(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else None, threshold=1,
                 shown_names=["CGS", "ACGS", "fitted11-dt4", "closure-ppo-flux", "closure"], shown_steps=[48, 200],
                 action_step=48)
