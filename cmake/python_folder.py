"""Prints where, below an installation's prefix, this interpreter looks for packages; or would, if it looked there."""
import os
import site
import sys

prefix = os.path.realpath(sys.argv[1])
for folder in site.getsitepackages():
    # Debian's looks below /usr/local, too: that is no place for packages of /usr.
    if os.path.commonpath([folder, prefix]) == prefix and not (prefix == "/usr" and folder.startswith("/usr/local/")):
        print(os.path.relpath(folder, prefix))
        break
else:
    print(f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")
