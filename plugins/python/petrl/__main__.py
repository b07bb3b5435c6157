"""python3 -m petrl import NETWORK SIDECAR -o POLICY     (the same: petrl import)
python3 -m petrl specification CONFIG"""
import argparse
import json
import sys

from . import actors, policy
from .episodes import Episodes
from .errors import Error, only


def _yaml(path, text):
    try:
        import yaml
    except ModuleNotFoundError:
        raise Error(f"{path}: reading YAML needs the Python package PyYAML (JSON is read without)") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as e:
        raise Error(f"{path}: {e}") from None


def sidecar(path):
    """What a policy says beside its network: POLICY-FILE.md, section Sidecar."""
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        told = json.loads(text)
    except OSError as e:
        raise Error(f"{path}: cannot read this file: {e.strerror}") from None
    except ValueError:
        told = _yaml(path, text)
    try:
        only(told, ("kind", "observation", "action", "network", "validity", "provenance"), "sidecar")
        for key in ("kind", "observation", "action"):
            if key not in told:
                raise Error(f"{key}: missing")
        only(told.get("network", {}), ("activation", "output"), "network")
        policy.checked(told["kind"], told["observation"], told["action"], None, told.get("validity"))
    except Error as e:
        raise Error(f"{path}: {e}") from None
    return told


def bring(network, beside, output):
    told = sidecar(beside)
    net = actors.from_file(network, **told.pop("network", {}))
    told.setdefault("provenance", {}).setdefault("config", f"# imported from {network}\n")
    try:
        policy.write(output, network=net, **told)
    except Error as e:
        raise Error(f"{network}, {beside}: {e}") from None


def main(arguments=None):
    p = argparse.ArgumentParser(prog="petrl", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = p.add_subparsers(dest="command", required=True)
    c = commands.add_parser("import", help="make a policy file of a network from elsewhere")
    c.add_argument("network", help=".npz, .pt or .pth (state dictionary), .zip (stable-baselines3)")
    c.add_argument("sidecar", help="YAML or JSON: kind, observation, action, network, validity, provenance")
    c.add_argument("-o", "--output", required=True, metavar="POLICY", help="the file to write (.h5)")
    c = commands.add_parser("specification", help="print what policies of an environment observe and do: a sidecar")
    c.add_argument("config", help="YAML of a training")
    a = p.parse_args(arguments)
    try:
        if a.command == "import":
            bring(a.network, a.sidecar, a.output)
        else:
            print(json.dumps(Episodes(a.config).specification, indent=2))
    except Error as e:
        sys.exit(f"petrl: {e}")
    except ModuleNotFoundError as e:
        sys.exit(f"petrl {a.command}: needs the Python package {e.name}, which {sys.executable} does not have")


if __name__ == "__main__":
    main()
