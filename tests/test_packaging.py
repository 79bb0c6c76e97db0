"""What a user installs: the wheel, the source distribution, and the programs that install them."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from trove_classifiers import classifiers

import hermes_exporter

if TYPE_CHECKING:
    from email.message import Message

REPO = Path(__file__).parent.parent
SHARED = ("alerts", "dashboards/*.json", "deploy")
RAW = "https://raw.githubusercontent.com/hermes-exporter/hermes_exporter/main/"
AS_OF, EARLIER = "1767225600", 1_000_000_000
"""Unix times: what the distributions are built as of, and what the files of a checkout may say."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program away from this project's environment; return its output, or fail with it."""
    ours = ("VIRTUAL_ENV", "PYTHON")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def new_environment(path: Path) -> Path:
    """Make a fresh virtual environment and return its bin."""
    run(sys.executable, "-m", "venv", path, cwd=REPO)
    return path / "bin"


def shipped() -> set[str]:
    """The alerts, dashboards and deploy files of the repository."""
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *SHARED, cwd=REPO).splitlines()
    return {name for name in tracked if (REPO / name).is_file()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is under version control, or would be."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=REPO).splitlines():
        if (REPO / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the programs that build and install."""
    bin_directory = new_environment(tmp_path_factory.mktemp("tools") / "venv")
    run(bin_directory / "pip", "install", "--quiet", "build", "pipx", "uv", cwd=REPO)
    return bin_directory


def build(tools: Path, source: Path, dist: Path) -> Path:
    """Build the source distribution, and the wheel from it, as of a moment; return where they are."""
    run(tools / "python", "-m", "build", "--outdir", dist, source, cwd=dist, SOURCE_DATE_EPOCH=AS_OF)
    return dist


@pytest.fixture(scope="module")
def built(checkout: Path, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the source distribution and the wheel that was built from it."""
    return build(tools, checkout, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def from_source(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin of an environment that has nothing but what the source distribution installs."""
    environment = new_environment(tmp_path_factory.mktemp("from-source") / "venv")
    (sdist,) = built.glob("*.tar.gz")
    run(environment / "pip", "install", "--quiet", sdist, cwd=environment)
    return environment


def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_same_bytes_from_elsewhere_and_later(checkout: Path, built: Path, tools: Path, tmp_path: Path) -> None:
    """Another directory, another umask's modes, other times of the files, another hour: the same bytes."""
    elsewhere = tmp_path / "an elsewhere"
    shutil.copytree(checkout, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (EARLIER, EARLIER))
        path.chmod(path.stat().st_mode & ~0o077)
    (tmp_path / "dist").mkdir()

    again = build(tools, elsewhere, tmp_path / "dist")

    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in built.iterdir()
    }


def test_times_within_are_those_that_were_asked_for(built: Path) -> None:
    """Every entry of both is as old as SOURCE_DATE_EPOCH says."""
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    moment = int(AS_OF)

    with tarfile.open(sdist) as archive:
        assert {entry.mtime for entry in archive} == {moment}
    with zipfile.ZipFile(wheel) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {time.gmtime(moment)[:6]}


def test_version_is_in_one_place(built: Path) -> None:
    """Both are called as the package says, and no other file that is shipped or run says a version of its own."""
    (wheel,) = built.glob("*.whl")
    said = f'"{hermes_exporter.__version__}"'
    files = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=REPO).splitlines()
    sources = [name for name in files if name.endswith((".py", ".toml", ".yml", "Dockerfile", "Makefile"))]

    assert metadata(wheel)["Version"] == hermes_exporter.__version__
    assert {path.name for path in built.iterdir()} == {
        f"hermes_exporter-{hermes_exporter.__version__}.tar.gz",
        f"hermes_exporter-{hermes_exporter.__version__}-py3-none-any.whl",
    }
    stated = [name for name in sources if (REPO / name).is_file() and said in (REPO / name).read_text()]
    assert [name for name in stated if not name.startswith("tests/")] == ["hermes_exporter/__init__.py"]


def test_readme_reads_well_where_there_is_no_repository(built: Path) -> None:
    """Every link and picture of the long description is an address, and leads to a file of this repository."""
    (wheel,) = built.glob("*.whl")
    description = metadata(wheel).get_payload()
    assert isinstance(description, str)

    targets = re.findall(r"\]\(([^)\s]+)\)", description)
    pictures = re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", description)

    assert pictures
    assert [target for target in targets if not target.startswith("https://")] == []
    assert all(picture.startswith(RAW) for picture in pictures)
    ours = [target.partition("/main/")[2] for target in targets if "/main/" in target]
    assert [name for name in ours if not (REPO / name).is_file()] == []


def test_metadata_is_what_people_look_for(built: Path) -> None:
    """Licence, Python, addresses and keywords are there, and every classifier is one of PyPI's."""
    (wheel,) = built.glob("*.whl")
    said = metadata(wheel)
    addresses = dict(address.split(", ", 1) for address in said.get_all("Project-URL") or [])

    assert (said["License-Expression"], said["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert set(addresses) == {"Homepage", "Documentation", "Changelog", "Issues", "Security"}
    ours = [address.partition("/blob/main/")[2] for address in addresses.values() if "/blob/" in address]
    assert [name for name in ours if not (REPO / name).is_file()] == []
    assert {"hermes-agent", "prometheus-exporter"} <= set(said["Keywords"].split(","))
    assert set(said.get_all("Classifier") or ()) <= classifiers


def test_source_distribution_installs_what_works(from_source: Path, tmp_path: Path) -> None:
    """With nothing but it, every command that shows or makes something finds what it needs."""
    program = from_source / "hermes-exporter"
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    (tmp_path / ".hermes").mkdir()
    as_somebody = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    # a unit that starts a program of /tmp is refused: it is shown the same in a place that stays
    elsewhere = (
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        'mount --bind "$0" /srv && exec "$@"',
        from_source,
    )

    assert hermes_exporter.__version__ in run(program, "--version", cwd=tmp_path, **home)
    assert "ExecStart=/srv/" in run(*elsewhere, "/srv/hermes-exporter", "install", "--print", cwd=tmp_path, **home)
    assert "test-alert" in run(program, "stack", "--help", cwd=tmp_path, **home)
    run(*as_somebody, program, "stack", "init", tmp_path / "stack", "--notify=ntfy", cwd=tmp_path, **home)
    assert (tmp_path / "stack/grafana/dashboards/hermes-overview.json").is_file()
    assert "hermes_gateway_up" in run(program, "metrics", cwd=tmp_path, **home)
    assert "hermes_exporter_build_info" in run(program, "scrape", cwd=tmp_path, **home)


def test_source_distribution_installs_every_file_to_copy(from_source: Path) -> None:
    """Rules, dashboards and templates lie beside the package, byte for byte."""
    find = "import importlib.resources as r; print(r.files('hermes_exporter') / 'share')"
    share = Path(run(from_source / "python", "-c", find, cwd=from_source).strip())

    assert {name: (share / name).read_bytes() for name in shipped()} == {
        name: (REPO / name).read_bytes() for name in shipped()
    }
    assert {path.relative_to(share).as_posix() for path in share.rglob("*") if path.is_file()} == shipped()


def test_wheel_carries_what_it_needs(built: Path) -> None:
    """Alerts, dashboards and deploy files travel inside the wheel, under hermes_exporter/share, and no others."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert {name for name in names if "/share/" in name} == {f"hermes_exporter/share/{name}" for name in shipped()}
    assert "hermes_exporter/py.typed" in names
    assert {name.split("/")[0] for name in names} == {
        "hermes_exporter", f"hermes_exporter-{hermes_exporter.__version__}.dist-info"
    }  # fmt: skip


def test_source_distribution_can_be_tested(built: Path) -> None:
    """Whoever gets the source distribution gets the licence, the tests and the files that the wheel needs."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert names >= {"LICENSE", "README.md", "Makefile", "tests/test_packaging.py", *shipped()}


def test_pip_install(checkout: Path, tmp_path: Path) -> None:
    """`pip install .` into a fresh environment gives the command, the module, and the files to copy."""
    environment = new_environment(tmp_path / "venv")

    run(environment / "pip", "install", "--quiet", ".", cwd=checkout)

    said = run(environment / "hermes-exporter", "--version", cwd=tmp_path)
    assert hermes_exporter.__version__ in said
    assert hermes_exporter.__version__ in run(
        environment / "python", "-m", "hermes_exporter", "--version", cwd=tmp_path
    )
    find = "import importlib.resources as r; print(r.files('hermes_exporter') / 'share/alerts/hermes.rules.yml')"
    rules = run(environment / "python", "-c", find, cwd=tmp_path).strip()
    assert Path(rules).read_text() == (REPO / "alerts/hermes.rules.yml").read_text()
    assert "hermes_gateway_up" in run(environment / "hermes-exporter", "metrics", cwd=tmp_path)


def test_image_is_built_of_wheels(checkout: Path, tmp_path: Path) -> None:
    """The command that builds the image works with what reaches the builder, and compiles nothing."""
    let_through = [name[1:] for name in (REPO / ".dockerignore").read_text().splitlines() if name.startswith("!")]
    (tmp_path / "src").mkdir()
    for name in let_through:
        copy = shutil.copytree if (checkout / name).is_dir() else shutil.copy
        copy(checkout / name, tmp_path / "src" / name)
    (build,) = re.findall(
        r"^RUN (python .*)$", (REPO / "Dockerfile").read_text().replace("\\\n", ""), re.MULTILINE
    )
    builder = new_environment(tmp_path / "builder")
    command = build.replace("/opt/hermes-exporter", str(tmp_path / "image")).replace("/src", str(tmp_path / "src"))

    run("sh", "-c", command, cwd=tmp_path, PATH=f"{builder}:{os.environ['PATH']}")

    said = run(tmp_path / "image/bin/hermes-exporter", "--version", cwd=tmp_path)
    assert hermes_exporter.__version__ in said


def test_pipx_install(checkout: Path, tools: Path, tmp_path: Path) -> None:
    """`pipx install .` gives the command."""
    places = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin"),
              "PIPX_DEFAULT_PYTHON": sys.executable}  # fmt: skip

    run(tools / "pipx", "install", ".", cwd=checkout, **places)

    assert hermes_exporter.__version__ in run(tmp_path / "bin/hermes-exporter", "--version", cwd=tmp_path)


def test_uv_tool_install(checkout: Path, tools: Path, tmp_path: Path) -> None:
    """`uv tool install .` gives the command."""
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
              "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_PYTHON": sys.executable}  # fmt: skip

    run(tools / "uv", "tool", "install", ".", cwd=checkout, **places)

    assert hermes_exporter.__version__ in run(tmp_path / "bin/hermes-exporter", "--version", cwd=tmp_path)
