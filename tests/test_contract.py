"""What everybody who works on the exporter agreed to: names of the metrics, directions of the imports, sizes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from hermes_exporter.cli import main
from hermes_exporter.collectors import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.metric import Family

REPO = Path(__file__).parent.parent
PACKAGE = REPO / "hermes_exporter"
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES = 250
UNITS = ("seconds", "bytes")
UNIT_WITHIN = {"hermes_exporter_log_bytes_lost_total"}
"""Named after its neighbour, hermes_exporter_log_bytes_total."""
PRIVATE = {
    *("job", "instance", "le", "quantile"),
    *(
        "chat",
        "chat_id",
        "channel",
        "user_id",
        "session",
        "session_id",
        "destination",
        "prompt",
        "error",
        "message",
    ),
    *("path", "home_path", "pid", "email", "token", "credential"),
}
"""Labels that belong to Prometheus, or that say more about people than a metric may."""


def by_name(family: Family) -> str:
    """How a family is called in the test's name."""
    return family.name


@pytest.mark.parametrize("family", FAMILIES, ids=by_name)
def test_family_is_named_by_the_rules(family: Family) -> None:
    """hermes_, base units last, _total on counters and nowhere else, points in time are _timestamp_seconds."""
    assert re.fullmatch(r"hermes_[a-z][a-z0-9_]*[a-z0-9]", family.name)
    assert "__" not in family.name
    assert family.name.endswith("_total") == (family.kind == "counter")
    words = family.name.removesuffix("_total").split("_")
    for unit in UNITS if family.name not in UNIT_WITHIN else ():
        assert unit not in words[:-1] or words[-1] in UNITS
    assert not {"ms", "millis", "minutes", "hours", "kib", "mb", "percent", "ago", "age"} & set(words)
    is_moment = "unix time" in family.help.lower()
    assert is_moment == family.name.endswith("_timestamp_seconds")
    assert family.name.endswith("_info") <= (family.kind == "gauge" and "Always 1" in family.help)


@pytest.mark.parametrize("family", FAMILIES, ids=by_name)
def test_labels_are_few_and_harmless(family: Family) -> None:
    """No label of Prometheus' own, none that could hold a person's data, none twice, profile is never declared."""
    assert len(set(family.labels)) == len(family.labels)
    assert all(re.fullmatch(r"[a-z][a-z_]*", label) for label in family.labels)
    assert not {"profile", *PRIVATE} & set(family.labels) - ({"user"} if family.host else set())


@pytest.mark.parametrize("family", FAMILIES, ids=by_name)
def test_help_says_something(family: Family) -> None:
    """HELP is a sentence or more, on one line."""
    assert len(family.help) > 20
    assert family.help.endswith(".")
    assert family.help == " ".join(family.help.split())


def test_every_family_has_its_own_name() -> None:
    """No name stands twice, nor is one the other with a suffix that an encoder appends."""
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    assert not {name.removesuffix("_total") for name in names if name.endswith("_total")} & set(names)
    assert not any(name.endswith(("_count", "_sum", "_bucket", "_created")) for name in names)


def test_documentation_is_generated() -> None:
    """docs/metrics.md is what the command prints, and names every family."""
    printed = CliRunner().invoke(main, ["metrics", "--markdown"])

    assert printed.exit_code == 0
    assert (REPO / "docs/metrics.md").read_text() == printed.stdout
    assert set(re.findall(r"`(hermes_\w+)`", printed.stdout)) >= {family.name for family in FAMILIES}


def tree_of(module: Path) -> ast.Module:
    """The module's syntax tree."""
    return ast.parse(module.read_text(), module.name)


def imports(module: Path, *, also_for_types: bool = True) -> set[str]:
    """What a module imports, with dots: the modules, and the names out of our own packages."""
    found = set()
    for node in _walk(tree_of(module), also_for_types=also_for_types):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def _walk(node: ast.AST, *, also_for_types: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        for_types = (
            isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"
        )
        if for_types and not also_for_types:
            continue
        yield child
        yield from _walk(child, also_for_types=also_for_types)


def place(module: Path) -> str:
    """The module's path within the package."""
    return module.relative_to(PACKAGE).as_posix()


def users(name: str) -> set[str]:
    """The modules that import a package."""
    return {
        place(module)
        for module in MODULES
        if any(imported == name or imported.startswith(f"{name}.") for imported in imports(module))
    }


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("prometheus_client", {"exposition.py"}),
        (
            "click",
            {
                "cli.py",
                "named_homes.py",
                "options.py",
                *(
                    f"commands/{name}.py"
                    for name in (
                        *("arguments", "check", "install", "once", "stack", "stack_answers", "stack_init"),
                        "test_alert",
                    )
                ),
            },
        ),
        ("croniter", {"judge/quiet_croniter.py", "simulator/plan.py"}),
        ("yaml", {"checked_yaml.py", "sources/safe_yaml.py"}),
        ("bcrypt", {"access/passwords.py"}),
        ("ssl", {"access/access.py", "access/tls.py"}),
        ("dbus_fast", {"sources/systemd.py"}),
        ("psutil", {"sources/procfs.py"}),
        ("hermes_exporter.cli", {"__main__.py"}),
        ("subprocess", {"demo/gateways.py", "stack/systemctl.py"}),
        ("multiprocessing", set()),
        ("pickle", set()),
        ("requests", set()),
        ("urllib.request", {"stack/alertmanager.py"}),
        ("http.client", {"stack/alertmanager.py"}),
    ],
)
def test_part_has_one_place(package: str, allowed: set[str]) -> None:
    """What is chosen for one job is imported where that job is done, and can be exchanged there."""
    assert users(package) == allowed


def test_tornado_is_the_web_servers_affair() -> None:
    """Nothing outside web/ knows the HTTP server."""
    found = users("tornado")
    assert found
    assert {module for module in found if not module.startswith("web/")} == set()


LAYERS = {
    "sources/": (
        "logs",
        "judge",
        "collectors",
        "web",
        "gather",
        "assessor",
        "witness",
        "memory",
        "rendering",
        "exposition",
    ),
    "logs/": (
        "judge",
        "collectors",
        "web",
        "gather",
        "assessor",
        "health_assessor",
        "health_signs",
        "witness",
        "memory",
        "rendering",
        "exposition",
        "home_reader",
        "known_names",
    ),
    "judge/": (
        "collectors",
        "web",
        "gather",
        "assessor",
        "witness",
        "memory",
        "rendering",
        "exposition",
        "home_reader",
    ),
    "collectors/": (
        "web",
        "gather",
        "assessor",
        "witness",
        "home_reader",
        "rendering",
        "exposition",
        "config",
        "options",
    ),
    "status/": (
        "web",
        "gather",
        "assessor",
        "witness",
        "memory",
        "home_reader",
        "rendering",
        "exposition",
        "config",
        "options",
        "commands",
    ),
    "access/": (
        *("collectors", "judge", "web", "gather", "assessor", "witness", "memory", "home_reader", "rendering"),
        *("exposition", "config", "options", "commands"),
    ),
    "stack/": (
        *("logs", "judge", "collectors", "web", "gather", "assessor", "witness", "memory"),
        *("rendering", "exposition", "config", "options", "commands"),
    ),
    "web/": ("sources", "judge", "witness", "assessor", "home_reader", "options", "commands"),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_one_way(layer: str) -> None:
    """A layer knows those below it and none above."""
    modules = [module for module in MODULES if place(module).startswith(layer)]
    assert modules
    for module in modules:
        for above in LAYERS[layer]:
            name = f"hermes_exporter.{above}"
            known = [found for found in imports(module) if found == name or found.startswith(f"{name}.")]
            assert known == [], place(module)


def test_the_simulator_knows_nothing_of_us() -> None:
    """A simulated Hermes shares no code with whoever judges it, nor does anybody but the demo stand on it."""
    modules = [module for module in MODULES if place(module).startswith("simulator/")]
    assert modules
    for module in modules:
        ours = {name for name in imports(module) if name.startswith("hermes_exporter.")}
        assert {name for name in ours if not name.startswith("hermes_exporter.simulator")} == set(), place(module)
    users_of_it = {module for module in users("hermes_exporter.simulator") if not module.startswith("simulator/")}
    assert {module for module in users_of_it if not module.startswith("demo/")} == set()


IO = {
    *(
        "os",
        "io",
        "pathlib",
        "time",
        "socket",
        "asyncio",
        "threading",
        "subprocess",
        "shutil",
        "tempfile",
        "select",
    ),
    *("psutil", "logging", "sqlite3", "urllib", "http", "ssl", "glob", "fcntl", "mmap", "signal", "random"),
}


@pytest.mark.parametrize("layer", ["judge/", "collectors/", "status/"])
def test_judging_is_pure(layer: str) -> None:
    """Judges, collectors and what is told read no file, no clock and no network: what they need is given them."""
    for module in MODULES:
        if not place(module).startswith(layer):
            continue
        loaded = imports(module, also_for_types=False)
        assert {name for name in loaded if name.split(".")[0] in IO} == set(), place(module)
        assert {name for name in loaded if name.startswith("hermes_exporter.sources")} == set(), place(module)
        called = {
            node.func.id
            for node in ast.walk(tree_of(module))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"open", "print", "input", "exec", "eval"}, place(module)


SIMULATED = {"simulator/disk.py", "simulator/ledger.py", "simulator/setup.py"}
WRITING_CALLS = {
    *("write_text", "write_bytes", "touch", "mkdir", "makedirs", "unlink", "rmdir", "rename", "replace", "chmod"),
    *(
        "chown",
        "symlink_to",
        "hardlink_to",
        "truncate",
        "utime",
        "remove",
        "removedirs",
        "rmtree",
        "flock",
        "lockf",
    ),
    *("NamedTemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp", "mkfifo"),
}
WRITERS = {
    *(
        "atomic_file.py",
        "demo/home.py",
        "demo/player.py",
        "stack/directory.py",
        "stack/installation.py",
        "store.py",
        "store_file.py",
    ),
    *("sources/sqlite_copy.py", *SIMULATED),
}
"""atomic_file.py writes what --output names, with installation.py our own unit, with directory.py a stack;
store.py and store_file.py what we remember; the demo and the simulator made-up homes."""


def _writes(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and node.attr in {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"}:
        return node.attr
    if not isinstance(node, ast.Call):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    texts = [
        argument.value
        for argument in (*node.args, *(word.value for word in node.keywords))
        if isinstance(argument, ast.Constant)
    ]
    if name in {"open", "fdopen"} and any(
        isinstance(text, str) and re.fullmatch(r"[rb+t]*[wax+][bt+]*", text) for text in texts
    ):
        return f"{name} for writing"
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    of_text = isinstance(owner, ast.Constant) or (name == "replace" and len(node.args) != 1)
    of_value = name == "replace" and isinstance(node.func, ast.Name)
    return name if name in WRITING_CALLS and not of_text and not of_value else None


@pytest.mark.parametrize("module", [module for module in MODULES if place(module) not in WRITERS], ids=place)
def test_nothing_is_written(module: Path) -> None:
    """No module but the few that must opens a file for writing, creates, moves, locks or removes one."""
    assert [found for node in ast.walk(tree_of(module)) if (found := _writes(node))] == []


def test_the_writing_rule_sees_writing() -> None:
    """The rule above is no empty one: it finds what those modules do."""
    for module in MODULES:
        if place(module) in WRITERS:
            assert any(_writes(node) for node in ast.walk(tree_of(module))), place(module)


@pytest.mark.parametrize("module", MODULES, ids=place)
def test_module_is_readable_at_once(module: Path) -> None:
    """A module has a docstring and fits into a reader's head."""
    assert ast.get_docstring(tree_of(module)), "no docstring"
    assert len(module.read_text().splitlines()) <= MODULE_LINES


def test_everything_is_caught_in_few_places() -> None:
    """Everything is caught only where a failure must be contained: homes, collectors, threads, checks, reloads.

    A check that failed would be a warning to a monitoring system; of a reload the old state is left.
    """
    reloads = {"access/access.py", "web/server.py"}
    broad = {
        place(module)
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
    }
    assert broad == {"watched_home.py", "rendering.py", "worker.py", "commands/check.py", *reloads}
