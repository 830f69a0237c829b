"""What users install is real: the wheel and the npm tarballs work where no Rust is, and are small.

`make wheel npm` builds them; these tests install them into empty places and run the examples from there.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 6_100_000  # docs/decisions/011: the bar of the bench is 6 MB; compilers differ a little
EXAMPLES = [
    ("instance_switcher", ["staging"]),
    ("snippet_manager", []),
    ("snippet_manager", ["demo-001"]),
    ("snippet_shop", ["demo-001", "team", "ada@example.com"]),
]


def newest(pattern: str) -> Path:
    found = sorted((ROOT / "dist").glob(pattern), key=lambda p: p.stat().st_mtime)
    assert found, f"dist/{pattern} is missing: run `make wheel npm`"
    return found[-1]


@pytest.fixture(scope="session")
def bare_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with node, npm and the system's own tools, and without Rust or this repository."""
    tools = tmp_path_factory.mktemp("bin")
    for name in ("node", "npm"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(Path(found).resolve())
    path = os.pathsep.join([str(tools), "/usr/bin", "/bin"])
    for name in ("cargo", "rustc", "maturin"):
        assert shutil.which(name, path=path) is None
    return path


def run(command: list[str], path: str, cwd: Path, **environment: str) -> str:
    env = {"PATH": path, "HOME": os.environ.get("HOME", str(cwd)), **environment}
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "npm_config_registry"):
        if name in os.environ:
            env.setdefault(name, os.environ[name])
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh virtual environment with only the wheel in it."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    interpreter = folder / "bin" / "python"
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(newest("*.whl"))]
    subprocess.run(install, check=True)
    return interpreter


@pytest.fixture(scope="session")
def node_project(tmp_path_factory: pytest.TempPathFactory, bare_path: str) -> Path:
    """An empty folder with only the two tarballs installed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"name": "empty", "private": true}', encoding="utf-8")
    main, platform = newest("npm/xano-metadata-[0-9]*.tgz"), newest("npm/xano-metadata-[a-z]*.tgz")
    flags = ["--offline", "--no-audit", "--no-fund", "--omit=optional", "--loglevel=error"]
    run(["npm", "install", *flags, str(main), str(platform)], bare_path, folder)
    return folder


@pytest.fixture
def server(python: Path, tmp_path: Path, bare_path: str) -> object:
    """An emulator in a process of its own, started from the installed wheel."""
    program = (
        "import sys\n"
        "from xano_metadata.testing import Emulator\n"
        "with Emulator(seed_demo=True) as emulator:\n"
        "    print(emulator.account_url, emulator.token, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [str(python), "-c", program],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": bare_path},
    )
    assert process.stdout is not None
    url, token = process.stdout.readline().split()
    yield {"XANO_ACCOUNT_URL": url, "XANO_TOKEN": token}
    process.communicate("", timeout=10)
    assert process.returncode == 0


def test_the_packages_are_small() -> None:
    for pattern in ("*.whl", "npm/xano-metadata-[0-9]*.tgz", "npm/xano-metadata-[a-z]*.tgz"):
        file = newest(pattern)
        print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")
        assert file.stat().st_size < LIMIT


def test_the_wheel_serves_every_python_from_3_10_and_says_what_it_is() -> None:
    wheel = newest("*.whl")
    assert "-cp310-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
    assert "xano_metadata/py.typed" in names
    assert any(n.endswith("/licenses/LICENSE") for n in names)
    assert "License-Expression: Apache-2.0" in metadata
    assert not [n for n in names if "/test_" in n or n.endswith((".rs", ".ops"))]


def test_the_npm_package_carries_types_for_both_module_systems() -> None:
    with tarfile.open(newest("npm/xano-metadata-[0-9]*.tgz")) as archive:
        names = archive.getnames()
        member = archive.extractfile("package/package.json")
        assert member is not None
        manifest = json.load(member)
    for entry in (".", "./testing"):
        exports = manifest["exports"][entry]
        for system in ("import", "require"):
            for kind in ("types", "default"):
                assert "package" + exports[system][kind].removeprefix(".") in names
    assert {"package/LICENSE", "package/README.md"} <= set(names)
    assert not [n for n in names if n.endswith((".rs", ".node", ".ops")) or "/test" in n.replace("/testing", "")]
    assert "devDependencies" not in manifest or not manifest.get("dependencies")


@pytest.mark.parametrize(("name", "arguments"), EXAMPLES)
def test_python_examples_run_from_the_wheel(
    python: Path, tmp_path: Path, bare_path: str, server: dict[str, str], name: str, arguments: list[str]
) -> None:
    example = str(shutil.copy(ROOT / "examples" / "python" / f"{name}.py", tmp_path))
    assert run([str(python), example, *arguments], bare_path, tmp_path, **server)


@pytest.mark.parametrize(("name", "arguments"), EXAMPLES)
def test_node_examples_run_from_the_tarballs(
    node_project: Path, bare_path: str, server: dict[str, str], name: str, arguments: list[str]
) -> None:
    example = str(shutil.copy(ROOT / "examples" / "node" / f"{name.replace('_', '-')}.mjs", node_project))
    assert run(["node", str(example), *arguments], bare_path, node_project, **server)


def test_node_loads_as_commonjs_too(node_project: Path, bare_path: str, server: dict[str, str]) -> None:
    program = "new (require('xano-metadata').Xano)().me().then((me) => console.log(me.email))"
    assert "@" in run(["node", "-e", program], bare_path, node_project, **server)


def test_the_command_line_is_the_same_in_both(
    python: Path, node_project: Path, bare_path: str, server: dict[str, str], tmp_path: Path
) -> None:
    script = str(python.parent / "xano-metadata")
    binary = str(node_project / "node_modules" / ".bin" / "xano-metadata")
    for arguments in (["me", "--json"], ["instances"], ["snippets", "--json"], ["--version"], ["completion", "bash"]):
        from_python = run([script, *arguments], bare_path, tmp_path, **server)
        assert from_python
        assert run([binary, *arguments], bare_path, node_project, **server) == from_python
    for program in (script, binary):
        refused = subprocess.run(
            [program, "me", "--token", "t"],
            env={"PATH": bare_path, **server},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "--token is not taken" in refused.stderr


def milliseconds(command: list[str], path: str, cwd: Path) -> float:
    """The median of what a program prints over eleven fresh processes."""
    return statistics.median(float(run(command, path, cwd)) for _ in range(11))


def test_importing_is_quick(python: Path, node_project: Path, bare_path: str, tmp_path: Path) -> None:
    timed = "import time; t = time.perf_counter(); import xano_metadata; print((time.perf_counter() - t) * 1e3)"
    required = "const t = performance.now(); require('xano-metadata'); console.log(performance.now() - t)"
    in_python = milliseconds([str(python), "-c", timed], bare_path, tmp_path)
    in_node = milliseconds(["node", "-e", required], bare_path, node_project)
    print(f"import xano_metadata: {in_python:.1f} ms, require('xano-metadata'): {in_node:.1f} ms")
    assert in_python < 20
    assert in_node < 20
