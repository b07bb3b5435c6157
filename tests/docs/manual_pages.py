"""Reads manual pages as PETSc writes them (/*@ ... @*/ above a function, /*MC, /*S, /*E above a type) and says what is
wrong with them: what a formatter joined or cut, sections that are missing, parameters that are not the prototype's."""
import re

KINDS = {"@": "function", "@C": "function", "MC": "type", "S": "type", "E": "type"}
PAGE = re.compile(r"^/\*(@C?|MC|S|E)\n(.*?)^(@|M|S|E)\*/$", re.S | re.M)
LISTS = ("Input Parameter", "Output Parameter", "Options Database Key", "Value", "Calling Sequence")
HEADING = re.compile(r"   (Input Parameters?|Output Parameters?|Options Database Keys?|Values?|Calling Sequence|Level"
                     r"|Notes?|Example Usage|Reference)( \([^)]*\))?:(.*)")
COLLECTIVE = ("Collective", "Logically Collective", "Not Collective")
OPTION = re.compile(r"(?<![\w-])-[a-z][a-z0-9_]{3,}")


class Entry:
    """One line of a list: key - text."""

    def __init__(self, mark, key, text):
        self.mark, self.key, self.text = mark, key, text


class Page:
    """name, kind, purpose, collective, sections {heading without plural: [Entry] or text}, seealso, errors."""

    def __init__(self, opening, text, where):
        self.kind, self.text, self.where = KINDS[opening], text, where
        self.name, self.purpose, self.collective = "", "", None
        self.sections, self.seealso, self.errors = {}, [], []
        self._read(text.rstrip("\n").split("\n"))

    def wrong(self, line, what):
        self.errors.append(f"{self.where}: {self.name or '?'}: {what}: '{line}'")

    def _read(self, lines):
        m = re.fullmatch(r"   (\w+) - (\S.*)", lines[0])
        if not m:
            self.wrong(lines[0], "expected 'name - purpose' in the first line")
            return
        self.name, self.purpose = m.groups()
        if len(lines) < 2 or lines[1]:
            self.wrong(lines[1] if len(lines) > 1 else "", "expected an empty line after the purpose")
        section, verbatim, see = None, False, False
        for line in lines[1:]:
            if len(line) > 120:
                self.wrong(line, "longer than 120 characters")
            if line != line.rstrip() or "\t" in line:
                self.wrong(line, "blanks at the end, or a tab")
            line = line.rstrip()
            if line in (".vb", ".ve"):
                if verbatim == (line == ".vb"):
                    self.wrong(line, "without its counterpart")
                verbatim = line == ".vb"
                continue
            if verbatim:
                continue
            if not line:
                continue
            if re.search(r"(^|\s)\.v[be]\b", line):
                self.wrong(line, ".vb and .ve stand alone on a line")
            if line.startswith(".seealso:"):
                if see:
                    self.wrong(line, "a second .seealso")
                see = True
                self._see(line[len(".seealso:"):])
            elif see and line.startswith("          "):
                self._see(line)
            elif see:
                self.wrong(line, "nothing follows .seealso")
            elif line[0] in "+.-" and not line.startswith(".see"):
                self._entry(line, section)
            elif not line.startswith("   "):
                self.wrong(line, "expected three blanks at the start, or + . - of a list")
            elif HEADING.fullmatch(line):
                name, remark, rest = HEADING.fullmatch(line).groups()
                section = name.rstrip("s") if name.startswith(LISTS) else name
                if section in self.sections:
                    self.wrong(line, "stands twice")
                self.sections[section] = [] if section in LISTS else rest.strip()
                self.sections["plural " + section] = name.endswith("s")
                if rest and name not in ("Level", "Reference"):
                    self.wrong(line, "nothing follows a heading in its line")
            elif line.strip() in COLLECTIVE:
                self.collective = line.strip()
            elif section in LISTS and self.sections[section] and line.startswith("     "):
                self.sections[section][-1].text += " " + line.strip()
            elif section in LISTS and not self.sections[section]:
                self.sections[section] = line.strip()  # "see ..."
            elif section in LISTS and self.sections[section][-1].mark == "-":
                pass  # what follows a list that is complete
            elif section in LISTS and self.sections[section][-1].mark == "." and len(self.sections[section]) == 1:
                pass
            elif section in LISTS:
                self.wrong(line, "expected an entry of a list, or its continuation")
        if verbatim:
            self.wrong(".vb", "without its counterpart")
        for name in LISTS:
            if isinstance(self.sections.get(name), list):
                self._marks(name)

    def _see(self, text):
        for name in text.split(","):
            name = name.strip()
            if not name:
                continue
            m = re.fullmatch(r"`(\w+)(\(\))?`", name)
            if m:
                self.seealso.append((m.group(1), bool(m.group(2))))
            else:
                self.wrong(name, ".seealso lists names in backquotes, separated by commas")

    def _entry(self, line, section):
        m = re.fullmatch(r"([+.-])  ?(\S.*?) +- (\S.*)", line)
        if not m or section not in LISTS:
            self.wrong(line, "an entry is 'key - text', in a list")
        elif isinstance(self.sections[section], str):
            self.wrong(line, "a list after text")
        else:
            self.sections[section].append(Entry(*m.groups()))

    def _marks(self, name):
        entries = self.sections[name]
        found = "".join(e.mark for e in entries)
        n = len(entries)
        expected = "." if n == 1 else "+" + "." * (n - 2) + "-"
        if not n:
            self.wrong(name, "the list is empty")
        elif found != expected:
            self.wrong(name, f"a list of {n} is marked {expected}, found {found}")
        if name != "Calling Sequence" and self.sections["plural " + name] != (n > 1):
            self.wrong(name, f"singular or plural, with {n} entries")

    def entries(self, name):
        found = self.sections.get(name, [])
        return found if isinstance(found, list) else []

    def options(self):
        """Options of the page's table."""
        return [option for e in self.entries("Options Database Key") for option in OPTION.findall(e.key)]


def pages(text, where):
    """All pages of a source file; an opening that leads to none is an error of a page without a name."""
    found = [Page(m.group(1), m.group(2), f"{where}:{text.count(chr(10), 0, m.start()) + 1}")
             for m in PAGE.finditer(text)]
    openings = len(re.findall(r"^[ /]*/\*(?:@C?|MC|S|E)(?:\s|$)", text, re.M))
    if openings != len(found):
        raise AssertionError(f"{where}: {openings} manual pages begin and {len(found)} are whole: the opening and the "
                             "closing stand alone on their lines")
    return found


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def top_level(parameters):
    """Splits at the commas that stand outside of parentheses."""
    parts, depth = [""], 0
    for c in parameters:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def parameter_name(parameter):
    """Also of a function that is handed over: PetscErrorCode (*name)(...)."""
    function = re.search(r"\(\*(\w+)\)\(", parameter)
    return (function or re.search(r"(\w+)\s*(\[\])?$", parameter)).group(1)


def prototypes(header):
    """{function: [parameter names]} of a public header."""
    found = {}
    for name, parameters in re.findall(r"PETSC_EXTERN PetscErrorCode (\w+)\(([^;]*)\);", without_comments(header)):
        names = [parameter_name(p) for p in top_level(parameters)]
        found[name] = [] if names == ["void"] else names
    return found


def types(header):
    """{name: what its page lists} of a public header's types and names of implementations: the parameters of a function
    type, the values of an enum, nothing of others."""
    text = without_comments(header)
    found = dict.fromkeys(re.findall(r'^#define ([A-Z]\w+) +"[\w-]+"', text, re.M), ())
    for definition in re.findall(r"^typedef ([^;{]*(?:\{[^}]*\})?[^;]*);", text, re.M):
        function = re.search(r"\(\*(\w+)\)\(([^)]*)\)", definition)
        enum = re.search(r"\{([^}]*)\} (\w+)$", definition)
        if function:
            found[function.group(1)] = [re.search(r"(\w+)$", p.strip()).group(1) for p in function.group(2).split(",")]
        elif enum:
            found[enum.group(2)] = [value.split("=")[0].strip() for value in enum.group(1).split(",")]
        else:
            found[re.search(r"(\w+)$", definition).group(1)] = ()
    return found


def problems(page, parameters, listed=()):
    """What is wrong with a page; `parameters` are those of the function's prototype. None: a type; what is `listed` of
    it is said in types()."""
    found = list(page.errors)

    def wrong(what):
        found.append(f"{page.where}: {page.name}: {what}")

    if page.name == "":
        return found
    if page.sections.get("Level") not in ("beginner", "intermediate", "advanced", "developer"):
        wrong("expected a line 'Level: beginner', intermediate, advanced or developer")
    if not page.seealso:
        wrong("expected .seealso at the end")
    if parameters is None:
        if page.kind != "type":
            wrong("the page of a type begins with /*MC, /*S or /*E")
        lists = page.entries("Calling Sequence") + page.entries("Value")
        if [e.key.strip("`") for e in lists] != list(listed):
            wrong(f"lists {', '.join(e.key for e in lists)}; its definition has {', '.join(listed)}")
        return found
    if page.kind != "function":
        wrong("the page of a function begins with /*@")
    if page.collective is None:
        wrong(f"expected a line that is one of {', '.join(COLLECTIVE)}")
    inputs = [e.key for e in page.entries("Input Parameter")]
    outputs = [e.key for e in page.entries("Output Parameter")]
    if sorted(inputs + outputs) != sorted(parameters):
        wrong(f"describes the parameters {', '.join(inputs + outputs)}; the prototype has {', '.join(parameters)}")
    for names in (inputs, outputs):
        if names != [p for p in parameters if p in names]:
            wrong(f"the order of the parameters: found {', '.join(names)}, the prototype has {', '.join(parameters)}")
    return found
