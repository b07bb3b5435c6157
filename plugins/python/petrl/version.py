"""Of the library that goes with this package: cmake's project version (tests/python compares them)."""
__version__ = "0.1.0"
