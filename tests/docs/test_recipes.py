"""The consoles of the recipes show what the commands print today."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]

DOCS = Path(__file__).parents[2] / "docs"
IBM_FEZ = "ibmquantum_ibm_fez_20260223_122743.json"
IBM_TORINO = "ibmquantum_ibm_torino_20260209_220842.json"


def consoles(page: Path) -> Iterator[tuple[str, str]]:
    """Each command of a page's console blocks, with what it is said to print; "…" stands for anything."""
    for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def matches(shown: str, printed: str) -> bool:
    pattern = re.escape(shown.strip()).replace("…", ".*?")
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


def test_a_console_that_shows_something_else_is_noticed() -> None:
    assert matches("a\n…\nz", "a\nb\nc\nz")
    assert not matches("a\n…\nz", "a\nb\nc\ny")
    assert not matches("a", "a b")


def test_the_readme_prints_what_it_shows(run_qrng: Run, test_data: Path, tmp_path: Path) -> None:
    shutil.copy(test_data / "captures" / IBM_FEZ, tmp_path / "shots.json")
    shown_by = list(consoles(DOCS.parent / "README.md"))
    assert [command.split()[1] for command, _ in shown_by] == ["assess", "health", "extract", "verify"]
    for command, shown in shown_by:
        done = run_qrng(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
        assert matches(shown, done.stdout.decode()), f"$ {command}\n{done.stdout.decode()}"


def test_the_first_recipe_prints_what_it_shows(run_qrng: Run, test_data: Path, tmp_path: Path) -> None:
    shutil.copy(test_data / "captures" / IBM_FEZ, tmp_path / "shots.json")
    seen = 0
    for command, shown in consoles(DOCS / "recipes" / "ibm-capture.md"):
        program, *arguments = shlex.split(command)
        if program == "nist-sts":
            arguments.insert(0, "sts")
        done = run_qrng(*arguments)
        printed = (done.stdout + done.stderr).decode()
        if done.returncode:
            printed = f"{printed.rstrip()}\n[exit code {done.returncode}]"
        assert matches(shown, printed), f"$ {command}\n{printed}"
        seen += 1
    assert seen == 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bin", "out.bin.seed", "shots.json", "stuck.qrng"]


def test_the_recipe_of_physics_beside_statistics_prints_what_it_shows(
    run_qrng: Run, test_data: Path, tmp_path: Path
) -> None:
    shutil.copy(test_data / "captures" / IBM_FEZ, tmp_path / "fez.json")
    shutil.copy(test_data / "captures" / IBM_TORINO, tmp_path / "torino.json")
    shown_all = list(consoles(DOCS / "recipes" / "physics-beside-statistics.md"))
    assert len(shown_all) == 4
    for command, shown in shown_all:
        done = run_qrng(*shlex.split(command)[1:])
        assert done.returncode == 0
        assert matches(shown, done.stdout.decode()), f"$ {command}\n{done.stdout.decode()}"


def test_the_cost_of_hardware_is_what_the_command_computes(run_qrng: Run) -> None:
    shown_all = list(consoles(DOCS / "recipes" / "ibm-hardware.md"))
    assert len(shown_all) == 2
    for command, shown in shown_all:
        done = run_qrng(*shlex.split(command)[1:])
        assert done.returncode == 0
        assert matches(shown, done.stdout.decode()), f"$ {command}\n{done.stdout.decode()}"


def test_the_recipe_of_the_monitor_prints_what_it_shows(run_qrng: Run) -> None:
    [(command, shown)] = consoles(DOCS / "recipes" / "monitor.md")
    done = run_qrng(*shlex.split(command)[1:])
    assert matches(shown, (done.stdout + done.stderr).decode())


def test_the_recipe_of_the_health_of_real_captures_prints_what_it_shows(
    run_qrng: Run, test_data: Path, tmp_path: Path
) -> None:
    shutil.copy(test_data / "captures" / IBM_FEZ, tmp_path / "fez.json")
    shutil.copy(test_data / "captures" / IBM_TORINO, tmp_path / "torino.json")
    shown_all = list(consoles(DOCS / "recipes" / "health-of-real-captures.md"))
    assert len(shown_all) == 7
    for command, shown in shown_all:
        done = run_qrng(*shlex.split(command)[1:])
        printed = (done.stdout + done.stderr).decode()
        if done.returncode:
            printed = f"{printed.rstrip()}\n[exit code {done.returncode}]"
        assert matches(shown, printed), f"$ {command}\n{printed}"


def test_both_ends_amplify_to_the_same_key(run_qrng: Run, tmp_path: Path) -> None:
    page = DOCS / "recipes" / "privacy-amplification.md"
    reconciled = b"".join(hashlib.sha256(f"reconciled:{i}".encode()).digest() for i in range(391))[:12_500]
    for name in ("alice.bin", "bob.bin"):
        (tmp_path / name).write_bytes(reconciled)
    seen = []
    for command, shown in consoles(page):
        program, *arguments = shlex.split(command)
        if program == "cmp":
            assert shown == ""
            assert (tmp_path / arguments[0]).read_bytes() == (tmp_path / arguments[1]).read_bytes()
        else:
            done = run_qrng(*arguments)
            assert done.returncode == 0, done.stderr.decode()
            assert matches(shown, done.stdout.decode()), f"$ {command}\n{done.stdout.decode()}"
        seen.append(program)
    assert seen == ["qrng", "qrng", "cmp", "qrng"]
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("page", sorted({page.stem for page in (DOCS / "recipes").glob("example-*.md")}))
def test_an_example_prints_what_its_page_shows(page: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if page == "example-keys":
        request.getfixturevalue("crypto_extra")
    env = {key: value for key, value in os.environ.items() if not key.startswith("QRNG_")}
    env["XDG_CONFIG_HOME"] = str(tmp_path)
    shown_all = list(consoles(DOCS / "recipes" / f"{page}.md"))
    assert shown_all
    for command, shown in shown_all:
        program, script = shlex.split(command)
        assert program == "python"
        done = subprocess.run(
            [sys.executable, str(DOCS.parent / script)], env=env, cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        assert "SimulatedSourceWarning" in done.stderr.decode()
        assert matches(shown, done.stdout.decode()), f"$ {command}\n{done.stdout.decode()}"


def test_each_example_has_its_page() -> None:
    shown = {command.split()[1] for page in (DOCS / "recipes").glob("example-*.md") for command, _ in consoles(page)}
    assert shown == {f"examples/{path.name}" for path in (DOCS.parent / "examples").glob("*.py")}


@pytest.mark.parametrize(
    "page", sorted(DOCS.rglob("*.md")) + sorted(DOCS.parent.glob("*.md")), ids=lambda page: page.name
)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
