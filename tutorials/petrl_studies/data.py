"""Tables of text with a header: reading, choosing rows, printing, writing."""
import csv
import math

import numpy as np


class Table:
    """Columns of text, all of one length."""

    def __init__(self, columns):
        self.columns = columns

    @classmethod
    def read(cls, *paths):
        """Files of the same columns, one after the other."""
        names, rows = None, []
        for path in paths:
            with open(path, newline="") as f:
                reader = csv.reader(f)
                header = next(reader, [])
                if names not in (None, header):
                    raise SystemExit(f"{path}:1: expected the columns {','.join(names)}, found {','.join(header)}")
                names = header
                for row in reader:
                    if len(row) != len(names):
                        raise SystemExit(f"{path}:{reader.line_num}: expected {len(names)} columns, found {len(row)}")
                    rows.append(row)
        array = np.array(rows, dtype=object).reshape(len(rows), len(names))
        return cls({name: array[:, i] for i, name in enumerate(names)})

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name):
        return self.columns[name]

    def __contains__(self, name):
        return name in self.columns

    def numbers(self, name):
        """What stands for no number is nan."""
        return np.array([float(x) if x else math.nan for x in self.columns[name]])

    def rows(self, mask):
        return Table({name: values[mask] for name, values in self.columns.items()})

    def where(self, **equal):
        """Rows whose columns have these values; of a list, any of its values."""
        mask = np.ones(len(self), bool)
        for name, value in equal.items():
            wanted = {str(v) for v in value} if isinstance(value, (list, tuple, set)) else {str(value)}
            mask &= np.array([x in wanted for x in self.columns[name]], bool)
        return self.rows(mask)

    def unique(self, name):
        """Its values in the order of their first appearance."""
        return list(dict.fromkeys(self.columns[name]))

    def groups(self, *names):
        """(values of these columns, their rows), in the order of first appearance."""
        places = {}
        for i, key in enumerate(zip(*(self.columns[name] for name in names))):
            places.setdefault(key, []).append(i)
        for key, where in places.items():
            yield key, self.rows(np.array(where))

    def matrix(self, value, across, down):
        """Numbers by two columns (down x across), the least where several rows have the same; nan where none has."""
        columns = {key: i for i, key in enumerate(self.unique(across))}
        lines = {key: i for i, key in enumerate(dict.fromkeys(zip(*(self.columns[d] for d in down))))}
        out = np.full((len(lines), len(columns)), math.nan)
        keys = zip(*(self.columns[d] for d in down))
        for line, column, x in zip(keys, self.columns[across], self.numbers(value)):
            at = lines[line], columns[column]
            out[at] = np.fmin(out[at], x)
        return list(lines), out


def rows(path):
    """A file as a list of dictionaries of text."""
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def text(value, digits=6):
    if isinstance(value, (float, np.floating)):
        return "nan" if math.isnan(value) else f"{value:.{digits}g}"
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    return str(value)


def write(path, rows, digits=6):
    """A list of dictionaries of the same keys."""
    with open(path, "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        if rows:
            writer.writerow(rows[0].keys())
        writer.writerows([text(v, digits) for v in row.values()] for row in rows)


def show(rows, columns, title="", markdown=False, bold=lambda row: False):
    """Prints dictionaries; columns: {key: (heading, format)}. bold: rows that Markdown shows so."""
    if title:
        print(f"\n### {title}\n" if markdown else f"\n{title}")
    cells = [[heading for heading, _ in columns.values()]]
    for row in rows:
        line = []
        for key, (_, form) in columns.items():
            value = row.get(key, "")
            empty = value == "" or (isinstance(value, float) and math.isnan(value))
            line.append("-" if empty else format(value, form) if form else str(value))
        cells.append([f"**{cell}**" for cell in line] if markdown and bold(row) else line)
    if markdown:
        cells.insert(1, ["---"] * len(columns))
        print("\n".join("| " + " | ".join(line) + " |" for line in cells))
        return
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        words = [c.ljust(w) if isinstance(columns[k][1], str) and not columns[k][1] else c.rjust(w)
                 for c, w, k in zip(line, widths, columns)]
        print("  ".join(words).rstrip())
