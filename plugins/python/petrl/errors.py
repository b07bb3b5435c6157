"""What goes wrong, in words that name file and key."""
import difflib


class Error(RuntimeError):
    """Says what was found and what was expected."""


def nearest(name, known):
    """How messages list what there is: the nearest first."""
    known = [str(k) for k in known]
    close = difflib.get_close_matches(str(name), known, 1, 0)
    return f"nearest: {close[0]}; known: {', '.join(known)}" if close else f"known: {', '.join(known) or 'none'}"


def only(mapping, known, where):
    """Refuses keys that nobody would read."""
    if not isinstance(mapping, dict):
        raise Error(f"{where}: expected keys and values, found {type(mapping).__name__}")
    for key in mapping:
        if key not in known:
            raise Error(f"{where}: unknown key '{key}' ({nearest(key, known)})")
