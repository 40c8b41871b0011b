"""An AArch64 Python in a folder: Debian's packages, wheels, and an emulator to run it.

Nothing is installed: packages are unpacked in the folder, and apt has its lists and its state
there. Root's rights are not needed.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("python3-minimal", "libpython3-stdlib", "libstdc++6")
EMULATORS = ("qemu-user-static", "qemu-user")
"""Debian's packages that have it, in releases 12 and 13."""

PROGRAMS = ("qemu-aarch64-static", "qemu-aarch64")
PLATFORMS = ("manylinux2014", *(f"manylinux_2_{minor}" for minor in (17, 26, 27, 28)))


class UnavailableError(Exception):
    """What the check needs is not here; the message says what, in one line."""


@dataclass(frozen=True)
class Environment:
    """A Python for another processor, and how it is run."""

    emulator: str
    root: Path
    python: Path
    packages: Path

    def run(self, *arguments: str, timeout: float, **variables: str) -> None:
        """Run it with arguments, in an environment with some variables of its own."""
        command = [self.emulator, "-L", str(self.root), str(self.python), *arguments]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OMP_"))}
        subprocess.run(command, env={**kept, **variables}, timeout=timeout, check=True)


def build(folder: Path, source: Path) -> Environment:
    """Make the environment in a folder, for the package whose repository is at `source`.

    What a folder has from before is used again. UnavailableError if something is missing.
    """
    root, packages = folder / "root", folder / "packages"
    apt = _apt(folder)
    if not root.exists():
        apt("update")
        apt("install", "--yes", "--no-install-recommends", "--download-only", *PACKAGES)
        _unpack((folder / "cache" / "archives").glob("*.deb"), root)
    emulator = _emulator(folder, apt)
    pythons = sorted(each for each in (root / "usr/bin").glob("python3.*") if each.is_file())
    if not pythons:
        raise UnavailableError("Debian's packages have no Python where it is expected")
    if not packages.exists():
        _install(source, packages, pythons[0].name.removeprefix("python"))
    return Environment(emulator, root, pythons[0], packages)


def _apt(folder: Path):
    """Return a function that runs apt-get with a state of its own, for AArch64's packages."""
    for program in ("apt-get", "dpkg", "dpkg-deb"):
        if shutil.which(program) is None:
            raise UnavailableError(f"no Debian: there is no {program}")
    native = _output("dpkg", "--print-architecture").strip()
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    settings = folder / "apt.conf"
    settings.write_text(
        f'Dir::State "{folder}/state";\nDir::State::status "{folder}/status";\n'
        f'Dir::Cache "{folder}/cache";\nAPT::Architecture "arm64";\n'
        f'APT::Architectures {{ "arm64"; "{native}"; }};\n'
        'APT::Sandbox::User "root";\nAPT::Update::Error-Mode "any";\nAcquire::Languages "none";\n'
        'Acquire::Retries "2";\nAcquire::http::Timeout "30";\n'
    )

    def apt(*arguments: str, where: Path = folder) -> None:
        _output("apt-get", "-q", *arguments, where=where, APT_CONFIG=str(settings))

    apt.native = native
    return apt


def _unpack(archives, root: Path) -> None:
    """Unpack Debian's packages; a folder that fails midway is no folder."""
    partial = root.with_name(f"{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for archive in archives:
        _output("dpkg-deb", "--extract", str(archive), str(partial))
    if not (partial / "lib").exists():  # one link of Debian 13's base-files
        (partial / "lib").symlink_to("usr/lib")
    partial.rename(root)


def _emulator(folder: Path, apt) -> str:
    """Return an emulator that starts: the system's, or one that is unpacked in the folder."""
    for place in (None, str(folder / "emulator/usr/bin")):
        for program in PROGRAMS:
            found = shutil.which(program, path=place)
            if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
                return found
    for package in EMULATORS:
        fetched = folder / package
        fetched.mkdir(exist_ok=True)
        try:
            apt("download", f"{package}:{apt.native}", where=fetched)
        except UnavailableError:
            continue
        _unpack(fetched.glob("*.deb"), folder / "emulator")
        for program in PROGRAMS:
            found = shutil.which(program, path=str(folder / "emulator/usr/bin"))
            if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
                return found
        shutil.rmtree(folder / "emulator")
    raise UnavailableError("no qemu-aarch64, installed or among Debian's packages")


def _install(source: Path, packages: Path, version: str) -> None:
    """Put wheels of what the package needs into a folder, for AArch64 and a Python's version."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    platforms = [f"--platform={name}_aarch64" for name in PLATFORMS]
    partial = packages.with_name(f"{packages.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _output(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target"),
        *(str(partial), "--only-binary=:all:", "--implementation=cp"),
        *(f"--python-version={version}", *platforms, *project["dependencies"]),
    )
    partial.rename(packages)


def _output(*command: str, where: Path | None = None, **variables: str) -> str:
    """Return what a command prints; UnavailableError with the last line if it fails."""
    done = subprocess.run(
        command, cwd=where, env={**os.environ, **variables}, capture_output=True, text=True
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise UnavailableError(f"{' '.join(command[:4])} failed: {said[-1]}")
    return done.stdout
