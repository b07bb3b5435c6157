"""What the README and the tutorials tell a reader to type works, and what they link to exists."""
import glob
import os
import re

from harness import BUILD, SOURCE, main, run


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return f.read()


def commands(text):
    """Each indented block as one script."""
    return [re.sub(r"^    ", "", block, flags=re.M) for block in re.findall(r"(?:^    .*\n)+", text, re.M)]


def typed(script, folder):
    """The output of a script that expects the quickstart's build: this build takes its place."""
    places = (("build/quickstart/nonlinear_diffusion", f"{BUILD}/apps/nonlinear_diffusion_plex"), ("$PWD/build/release", BUILD),
              ("build/release/lib", f"{BUILD}/lib"), ("build/", f"{folder}/"))
    # One after the other would replace what was put in.
    pattern = "|".join(re.escape(old) for old, _ in places)
    script = re.sub(r"(?<![\w/.-])(?:" + pattern + ")", lambda m: dict(places)[m.group()], script)
    return run("bash", "-euc", f"cd {SOURCE}\n{script}", timeout=120).ok()


def use(heading, folder):
    text = read("README.md").split("## Three uses")[1].split("\n**" + heading)[1].split("\n**")[0].split("\n## ")[0]
    blocks = commands(text)
    assert len(blocks) == 1, blocks
    return typed(blocks[0], folder)


def when_to_step(folder):
    use("When to step", folder).says("type: rl", "RL: policy default, backend native")


def what_the_grid_cannot_see(folder):
    use("What the grid cannot see", folder).says("type: closure", "corrections:", "left out: 0")


def where_to_refine(folder):
    assert use("Where to refine", folder).number("remeshes") > 2


def tutorial_on_refinement(folder):
    block = [b for b in commands(read("tutorials/06-mesh-refinement/README.md")) if "refine_app" in b]
    assert len(block) == 1 and typed(block[0], folder).output.count("remeshes") == 2


def two_commands(folder):
    first = commands(read("README.md"))[0].splitlines()
    assert [line.split("#")[0].split() for line in first] == [["bash", "tutorials/quickstart.sh"], ["bash", "tests/run.sh"]]
    for line in first:
        assert os.path.isfile(os.path.join(SOURCE, line.split()[1])), line


def links_lead_somewhere(folder):
    pages, broken = [], []
    for pattern in ("*.md", "meshes/*.md", "plugins/**/*.md", "tests/**/*.md", "tutorials/**/*.md"):
        pages += [os.path.relpath(p, SOURCE) for p in glob.glob(os.path.join(SOURCE, pattern), recursive=True)]
    assert len(pages) > 8, pages
    for page in pages:
        for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
            if not re.match(r"https?:|#", link):
                path = os.path.join(SOURCE, os.path.dirname(page), link.split("#")[0])
                if not os.path.exists(path):
                    broken.append(f"{page}: {link}")
    assert not broken, broken


main()
