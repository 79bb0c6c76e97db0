"""What a user installs: the wheel, the source distribution, and the programs that install them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import hermes_exporter

REPO = Path(__file__).parent.parent
SHARED = ("alerts", "dashboards/*.json", "deploy")

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


@pytest.fixture(scope="module")
def built(checkout: Path, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the source distribution and the wheel that was built from it."""
    dist = tmp_path_factory.mktemp("dist")
    run(tools / "python", "-m", "build", "--outdir", dist, ".", cwd=checkout)
    return dist


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
