"""What the runs of a study mean: tables of `petrl evaluate`'s runs.csv (tutorials/table.py), and what pictures share."""
