"""What is handed out works where nothing of this folder is: ``python -m tests.packaging``, some twenty seconds.

The wheel and the sdist are built and looked through; the sdist gives the same wheel, byte by byte. The wheel is
installed into an environment of its own, which borrows only the libraries of this one, and the commands of a newcomer
run there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograd_cnn", "viz")
IMPORT = "import autograd_cnn, viz; print(autograd_cnn.__file__, viz.__file__, autograd_cnn.__version__, sep='\\n')"


def main() -> None:
    """Build, look through, install, run; the first thing that is wrong ends it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel, sdist = built(folder / "dist")
        look_through(wheel, sdist)
        assert contents(wheel) == contents(rebuilt(sdist, folder / "again")), "the sdist gives another wheel"
        programs = installed(wheel, folder / "environment")
        use(programs, folder)
    print(f"{wheel.name} and {sdist.name}: complete; installed elsewhere, all commands run")


def built(folder: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist."""
    run(sys.executable, "-m", "hatchling", "build", "--directory", folder, cwd=ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def rebuilt(sdist: Path, folder: Path) -> Path:
    """Build a wheel from an unpacked sdist, as pip does."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (home,) = folder.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder / "dist", cwd=home)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, bytes]:
    """Return all files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def look_through(wheel: Path, sdist: Path) -> None:
    """Compare what is inside with the folders: every file of the packages; tests, examples and texts in the sdist."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
        (licence,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert inside == files(*PACKAGES), f"in the wheel or the folders, not in both: {inside ^ files(*PACKAGES)}"
    assert {"autograd_cnn/py.typed", "viz/py.typed", "autograd_cnn/data/digits.csv.gz"} <= inside

    with tarfile.open(sdist) as archive:
        given = {name.partition("/")[2] for name in archive.getnames()}
    texts = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml"}
    wanted = files(*PACKAGES, "tests", "examples") | texts
    assert wanted <= given, f"missing in the sdist: {wanted - given}"
    assert not given - wanted - {"PKG-INFO", ".gitignore"}, f"too much in the sdist: {given - wanted}"


def files(*folders: str) -> set[str]:
    """Return the files below some folders of the project, but for what Python and numba keep beside them."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


def installed(wheel: Path, environment: Path) -> Path:
    """Install a wheel into a new environment, which finds other libraries where this one has them."""
    programs = environment_of(sys.executable, environment, "--without-pip")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", wheel, cwd=environment)
    libraries = Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))
    # A folder named in a .pth file is searched, but its own .pth files are not: the project's folder stays out.
    (libraries / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return programs


def environment_of(python: str, environment: Path, *options: str) -> Path:
    """Make an environment of an interpreter; return the folder of its programs."""
    run(python, "-m", "venv", *options, environment, cwd=ROOT)
    return environment / ("Scripts" if os.name == "nt" else "bin")


def use(programs: Path, folder: Path) -> None:
    """Do what README begins with, in a folder of its own."""
    python, command = programs / "python", programs / "autograd-cnn"
    *homes, version = run(python, "-W", "error", "-c", IMPORT, cwd=folder).split()
    assert all(Path(home).is_relative_to(folder) for home in homes), f"imported from elsewhere: {homes}"
    assert run(command, "--version", cwd=folder) == f"autograd-cnn {version}\n"
    assert run(python, "-m", "viz", "--help", cwd=folder).startswith("usage: autograd-cnn")
    assert "= -12" in run(command, "draw", "(x + y) * z", "x=-2", "y=5", "z=-4", "-o", "circuit.svg", cwd=folder)
    run(command, "play", "x * y", "x=2", "y=3", "-o", "player.html", cwd=folder)
    assert run(command, "check", "autograd_cnn:sin", "--input", "0.5", cwd=folder).startswith("OK")
    assert "test accuracy" in run(command, "demo", "--epochs", "1", "-o", "out", cwd=folder)
    for written in ("circuit.svg", "player.html", "out/gradient-flow.svg", "out/report.html"):
        assert (folder / written).stat().st_size > 1000, written


def run(*words: str | Path, cwd: Path) -> str:
    """Run a program that finds modules by its own environment alone; return what it prints."""
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "NUMBA_CACHE_DIR")}
    outside["PYTHONIOENCODING"] = "utf-8"
    ran = subprocess.run(words, cwd=cwd, env=outside, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, f"{' '.join(map(str, words))} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}"
    return ran.stdout


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.packaging", description=__doc__).parse_args()
    main()
