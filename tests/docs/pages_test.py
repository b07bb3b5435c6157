"""Manual pages: each public function and type has one, it is whole, and what it names exists."""
import glob
import os
import re
import shutil
import subprocess

import manual_pages
from harness import PLUGIN, SOURCE, Skip, main

# What runs in a user's program; studies, problems and the command line explain their options in the tutorials.
LABORATORY = ("problems", "studies", "cli")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources():
    files = sorted(glob.glob(f"{SOURCE}/src/**/*.[ch]*", recursive=True))
    assert len(files) > 100, files
    return {os.path.relpath(f, SOURCE): read(f) for f in files}


def headers():
    return {path: text for path, text in sources().items() if path.startswith("src/include/")}


def all_pages():
    return [page for path, text in sources().items() for page in manual_pages.pages(text, path)]


def nothing(found):
    assert not found, "\n" + "\n".join(found)


def petsc_names():
    """Every name in PETSc's headers."""
    flags = subprocess.run(["pkg-config", "--cflags-only-I", "PETSc"], stdout=subprocess.PIPE, check=True)
    names = set()
    for folder in re.findall(r"-I(\S+)", flags.stdout.decode()):
        for path in glob.glob(f"{folder}/petsc*.h") + glob.glob(f"{folder}/petsc/private/*.h"):
            names.update(re.findall(r"\w+", read(path)))
    assert "TSAdaptSetType" in names
    return names


def petsc_options():
    """A test whether PETSc's library has an option."""
    linked = subprocess.run(["ldd", PLUGIN], stdout=subprocess.PIPE, check=True).stdout.decode()
    with open(re.search(r"libpetsc\S* => (\S+)", linked).group(1), "rb") as f:
        library = f.read()

    def has(option):
        return option[1:].encode() + b"\0" in library

    assert has("-ts_adapt_clip") and not has("-ts_adapt_clap")
    return has


def own_options():
    """{option: file} of those that the product's sources read."""
    found = {}
    for path, text in sources().items():
        if path.split("/")[1] not in LABORATORY:
            for option in re.findall(r'"(-[a-z][a-z0-9_]{3,})"', manual_pages.without_comments(text)):
                found.setdefault(option, path)
    assert len(found) > 30, found
    return found


def pages_are_whole(folder):
    parameters, listed, wrong = {}, {}, []
    for text in headers().values():
        parameters.update(manual_pages.prototypes(text))
        listed.update(manual_pages.types(text))
    found = all_pages()
    assert len(parameters) > 70 and len(found) > len(parameters), (len(parameters), len(found))
    for page in found:
        wrong += manual_pages.problems(page, parameters.get(page.name), listed.get(page.name, ()))
    nothing(wrong)


def everything_public_has_a_page(folder):
    wanted, names = {}, [page.name for page in all_pages()]
    for path, text in headers().items():
        for name in [*manual_pages.prototypes(text), *manual_pages.types(text)]:
            wanted[name] = path
    nothing([f"{path}: {name} has no manual page" for name, path in wanted.items() if name not in names])
    nothing([f"{name} has {names.count(name)} manual pages" for name in wanted if names.count(name) > 1])
    nothing([f"{name} has a manual page and is in no public header" for name in names if name not in wanted])


def names_exist(folder):
    known, functions = petsc_names(), set()
    for text in headers().values():
        functions.update(manual_pages.prototypes(text))
        known.update(re.findall(r"\w+", manual_pages.without_comments(text)))
    wrong = []
    for page in all_pages():
        for name, call in page.seealso:
            if name not in known:
                wrong.append(f"{page.where}: {page.name}: .seealso names {name}, which does not exist")
            elif name in functions and not call:
                wrong.append(f"{page.where}: {page.name}: .seealso names the function {name} without ()")
        for name in re.findall(r"\b([A-Z][A-Za-z0-9_]+)\(\)|`([A-Z]\w+)`", page.text):
            if "".join(name) not in known:
                wrong.append(f"{page.where}: {page.name}: names {''.join(name)}, which does not exist")
    nothing(wrong)


def options_exist(folder):
    own, petsc, wrong = own_options(), petsc_options(), []
    for page in all_pages():
        for option in page.options() + manual_pages.OPTION.findall(page.text):
            # A closure's inner TS has options of its own.
            inner = "-" + option[len("-closure_"):] if option.startswith("-closure_") else option
            if option not in own and not petsc(option) and not petsc(inner):
                wrong.append(f"{page.where}: {page.name}: {option} is read nowhere")
    nothing(wrong)


def options_are_documented(folder):
    documented = {option for page in all_pages() for option in page.options()}
    petsc = petsc_options()
    nothing([f"{path}: {option} is in no table of options of a manual page" for option, path in own_options().items()
             if option not in documented and not petsc(option)])


# A page as it should be, and what formatters and authors do to it.
GOOD = """/*@C
   PetRLThingSetName - Sets what a thing is called

   Logically Collective

   Input Parameters:
+  thing - the thing
-  name  - what it is called, in words that are long enough for a
           second line

   Options Database Key:
.  -thing_name <name> - the same

   Level: beginner

   Note:
   Like this:
.vb
   PetRLThingSetName(thing, "x");
.ve

.seealso: `PetRLThing`, `PetRLThingGetName()`
@*/
"""
PROTOTYPE = "PETSC_EXTERN PetscErrorCode PetRLThingSetName(PetRLThing thing, const char name[]);"
BAD = {
    "three blanks": ("   Like this:", "Like this:"),
    "three blanks at": ("           second line", "second line"),
    "stand alone": (".vb\n   PetRLThingSetName(thing, \"x\");\n", "   as in .vb PetRLThingSetName(thing, \"x\");\n"),
    "counterpart": (".ve\n", ""),
    "empty line": ("Sets what a thing is called\n", "Sets what a thing\n   is called\n"),
    "name - purpose": (" - Sets", ": sets"),
    "is one of Collective": ("   Logically Collective\n\n", ""),
    "marked +-, found +.": ("-  name ", ".  name "),
    "describes the parameters thing": ("-  name  - what it is called,", "-  title  - what it is called,"),
    "the order of the parameters": ("+  thing - the thing\n-  name  - what", "+  name  - what it is\n-  thing - what"),
    "singular": ("Input Parameters:", "Input Parameter:"),
    "'key - text'": (".  -thing_name <name> - the same", ".  -thing_name <name> the same"),
    "Level:": ("   Level: beginner\n\n", ""),
    ".seealso at the end": (".seealso: `PetRLThing`, `PetRLThingGetName()`\n", ""),
    "in backquotes": (", `PetRLThingGetName()`", ", PetRLThingGetName()"),
    "longer than 120": ("Like this:", "Like this: " + "so " * 40 + "it"),
    "twice": ("   Level: beginner\n", "   Level: beginner\n\n   Level: advanced\n"),
}


def broken_pages_are_found(folder):
    parameters = manual_pages.prototypes(PROTOTYPE)["PetRLThingSetName"]

    def found(text):
        return manual_pages.problems(manual_pages.pages(text, "x.h")[0], parameters)

    nothing(found(GOOD))
    for message, (before, after) in BAD.items():
        assert GOOD.count(before) == 1, before
        said = found(GOOD.replace(before, after))
        assert any(message in s for s in said), (message, said)
    for before, after in (("/*@C\n", "/*@C "), ("\n@*/", " @*/")):
        try:
            manual_pages.pages(GOOD.replace(before, after), "x.h")
        except AssertionError as e:
            assert "x.h: 1 manual pages begin" in str(e), e
        else:
            raise AssertionError(f"{after} was not found")


def formatter_leaves_pages_alone(folder):
    formatter = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not formatter:
        raise Skip("needs clang-format")
    long = "   Like this: " + "so " * 40 + "it\n"
    for opening, closing in (("@C", "@"), ("@", "@"), ("MC", "M"), ("S", "S"), ("E", "E")):
        text = GOOD.replace("/*@C", "/*" + opening).replace("@*/", closing + "*/").replace("   Like this:\n", long)
        shown = subprocess.run([formatter, f"--assume-filename={SOURCE}/src/include/petrl.h"], check=True,
                               input=f"{text}int   x;\n".encode(), stdout=subprocess.PIPE).stdout.decode()
        assert shown == f"{text}int x;\n", shown


def policy_files_are_described(folder):
    """What our reader takes is what POLICY-FILE.md says to those who write policies elsewhere."""
    text = read(f"{SOURCE}/plugins/python/POLICY-FILE.md")
    policy, layers = read(f"{SOURCE}/src/policy/policy.cpp") + read(f"{SOURCE}/src/policy/policy_file.cpp"), read(f"{SOURCE}/src/policy/native/fcn_layers.cpp")
    lists = re.findall(r"(?:transforms|kinds) = \{([^}]*)\}|vector<std::string>\{([^}]*)\}", policy)
    known = set(re.findall(r'"([a-z-]+)"', " ".join(a + b for a, b in lists)))
    known |= set(re.findall(r'name != "([a-z]+)"', policy + layers))
    known |= set(re.findall(r'"/[a-z]+", "([a-z_]+)"', policy)) | set(re.findall(r'"/[a-z]+/([a-z]+)"', policy))
    assert {"speed", "boundary", "dimensions", "normalise", "radius", "error-ratio", "clip", "low"} <= known, known
    nothing([f"POLICY-FILE.md does not say what `{name}` is" for name in sorted(known) if f"`{name}`" not in text])


main()
