"""libpetrl_learn through its C interface (petrllearn.h), and PETSc beneath it."""
import atexit
import ctypes
import glob
import importlib.util
import os
import shutil
import sysconfig
import threading

from .errors import Error
from .version import __version__

NAMES = ("libpetrl_learn.so.0", "libpetrl_learn.so")  # Debian has the second for developers only
_lock = threading.Lock()
_loaded = None


def candidates():
    """Where the library may be: PETRL_LIBRARY alone if it is set; else near this package (a build tree, an installation),
    near the program petrl, and where the loader looks."""
    told = os.environ.get("PETRL_LIBRARY")
    if told:
        return [os.path.join(told, name) for name in NAMES] if os.path.isdir(told) else [told]
    folders = ["lib", "lib64"]
    if sysconfig.get_config_var("MULTIARCH"):
        folders.append(os.path.join("lib", sysconfig.get_config_var("MULTIARCH")))
    found = []

    def below(prefix):
        found.extend(os.path.join(prefix, folder, name) for folder in folders for name in NAMES)

    here = os.path.dirname(os.path.abspath(__file__))
    root = here
    for _ in range(6):
        root = os.path.dirname(root)
        if root != "/":
            below(root)
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(here))))
    if os.path.exists(os.path.join(source, "src", "include", "petrllearn.h")):  # not installed: what was built last
        built = [path for below in (("build*",), ("build", "*"))
                 for path in glob.glob(os.path.join(source, *below, "lib", NAMES[0]))]
        found.extend(sorted(built, key=os.path.getmtime, reverse=True))
    program = shutil.which("petrl")
    if program:
        below(os.path.dirname(os.path.dirname(os.path.realpath(program))))
    return found + list(NAMES)


def _load():
    tried = []
    for path in candidates():
        if "/" in path and not os.path.exists(path):
            tried.append(path)
            continue
        try:
            # Not among the global symbols: other packages may bring an HDF5 of their own.
            return path, ctypes.CDLL(path, mode=ctypes.RTLD_LOCAL)
        except OSError as e:
            if "/" in path:
                raise Error(f"{path}: cannot be loaded: {e}") from None
            tried.append(path)
    raise Error(f"{NAMES[0]} was not found; set PETRL_LIBRARY to it or to its folder. Tried: {', '.join(tried)}")


class Library:
    """The loaded library. PETSc is initialised by the first who needs it, unless the program did, and is used by one
    thread."""

    def __init__(self):
        # PETSc makes what a plugin needs global, our HDF5 too: whoever brings another one must have found it by then.
        if importlib.util.find_spec("h5py"):
            importlib.import_module("h5py")
        self.path, self.c = _load()
        self._check_version()
        self.live = set()  # handles of episodes
        self._initialise()

    def _check_version(self):
        text = ctypes.create_string_buffer(64)
        try:
            self.c.PetRLGetVersion(text, ctypes.c_size_t(len(text)))
            self.c.PetRLEpisodeCreate
        except AttributeError as e:
            raise Error(f"{self.path}: older than this Python package ({__version__}): {e}") from None
        found = text.value.decode()
        if found != __version__:
            raise Error(f"{self.path}: is of version {found}, this Python package ({os.path.dirname(__file__)}) of version "
                        f"{__version__}; install both from one source")

    def _initialise(self):
        c = self.c
        for name, arguments in {
                "PetscErrorMessage": [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_char_p)],
                "PetRLEpisodeCreate": [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)],
                "PetRLEpisodeGetSizes": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int)],
                "PetRLEpisodeGetSpecification": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p)],
                "PetRLEpisodeReset": [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p],
                "PetRLEpisodeStep": [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_double),
                                     ctypes.POINTER(ctypes.c_int)],
                "PetRLEpisodeDecide": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p],
                "PetRLEpisodeEvaluate": [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_double),
                                         ctypes.POINTER(ctypes.c_char_p)],
                "PetRLEpisodeDestroy": [ctypes.POINTER(ctypes.c_void_p)]}.items():
            function = getattr(c, name)
            function.restype, function.argtypes = ctypes.c_int, arguments
        ready = ctypes.c_int(0)  # PetscBool is an int or, lately, a bool
        self.check(c.PetscInitialized(ctypes.byref(ready)))
        self.thread = threading.get_ident()
        if ready.value:
            return
        # Python handles signals, and what went wrong becomes an exception: PETSc need not print it.
        texts = [ctypes.c_char_p(t) for t in (b"petrl", b"-no_signal_handler")]
        self._argv = (ctypes.c_char_p * (len(texts) + 1))(*[t.value for t in texts], None)
        argc, argv = ctypes.c_int(len(texts)), ctypes.pointer(self._argv)
        self.check(c.PetscInitialize(ctypes.byref(argc), ctypes.byref(argv), None, None))
        c.PetscPushErrorHandler.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        c.PetscPushErrorHandler(ctypes.cast(c.PetscReturnErrorHandler, ctypes.c_void_p), None)
        atexit.register(self._finalise)

    def _finalise(self):
        for handle in list(self.live):
            self.destroy(handle)
        self.c.PetscFinalize()

    def check(self, code):
        """Raises what PETSc says of an error code."""
        if code == 0:
            return
        text, own = ctypes.c_char_p(), ctypes.c_char_p()
        self.c.PetscErrorMessage(code, ctypes.byref(text), ctypes.byref(own))
        words = [t.value.decode(errors="replace") for t in (own, text) if t.value]
        raise Error(words[0] if words else f"PETSc error {code}")

    def here(self):
        if threading.get_ident() != self.thread:
            raise Error("PETSc was initialised by another thread of this program and belongs to it; use processes instead "
                        "(SubprocVecEnv)")

    def create(self, text, name):
        self.here()
        handle = ctypes.c_void_p()
        self.check(self.c.PetRLEpisodeCreate(text.encode(), name.encode(), ctypes.byref(handle)))
        self.live.add(handle.value)
        return handle.value

    def destroy(self, handle):
        """Leaves an environment to the end of the program where it may not be destroyed: on another thread."""
        if handle in self.live and threading.get_ident() == self.thread:
            self.live.discard(handle)
            self.c.PetRLEpisodeDestroy(ctypes.byref(ctypes.c_void_p(handle)))


def library():
    """The library, loaded once."""
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = Library()
        return _loaded
