"""Shows what set-up accepts and what it refuses: Java, jars, lock files; no JVM and no network."""

import hashlib
import re
import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from infra.setup import jars, packages
from infra.setup.ivy import write_module
from infra.setup.jarlock import Findings, Jar, compare, parse_lock, render_lock
from infra.setup.java import check_java, find_java, has_module, judge, major_version
from infra.setup.packages import LOCKS
from infra.setup.progress import CommandError, SetupError, run
from infra.setup.stamp import Part, bring_stale, fingerprint_of

JAVA_8 = 'openjdk version "1.8.0_392"\nOpenJDK Runtime Environment (build 1.8.0_392-8u392-ga-1~deb11u1-b08)\n'
JAVA_11 = 'openjdk version "11.0.22" 2024-01-16\nOpenJDK Runtime Environment (build 11.0.22+7-Debian-1deb11u1)\n'
JAVA_17 = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6-Debian-1deb12u1)\n'
JAVA_21 = 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njava version "21.0.2" 2024-01-16 LTS\n'
JAVA_25 = 'openjdk version "25" 2025-09-16\nOpenJDK Runtime Environment Temurin-25+36 (build 25+36)\n'
WHOLE = "java.base@17.0.15\njava.sql@17.0.15\njdk.incubator.vector@17.0.15\n"
TRIMMED = "java.base@21.0.8\njava.logging@21.0.8\njdk.incubator.foreign@21.0.8\n"

LOCK_FILES = sorted(LOCKS.glob("*.txt"))


@pytest.mark.parametrize(
    ("output", "major"),
    [(JAVA_8, 8), (JAVA_11, 11), (JAVA_17, 17), (JAVA_21, 21), (JAVA_25, 25), ("no java", None)],
)
def test_the_major_version_is_read_from_what_java_prints(output: str, major: int | None) -> None:
    assert major_version(output) == major


@pytest.mark.parametrize(("output", "major"), [(JAVA_17, 17), (JAVA_21, 21)])
def test_java_17_and_21_are_accepted(output: str, major: int) -> None:
    assert judge(output, WHOLE, "java") == major


@pytest.mark.parametrize(("output", "named"), [(JAVA_8, "Java 8"), (JAVA_11, "Java 11"), (JAVA_25, "Java 25")])
def test_other_versions_are_refused_with_the_way_to_install_one(output: str, named: str) -> None:
    with pytest.raises(SetupError, match=named) as refusal:
        judge(output, WHOLE, "/opt/java")
    for word in ("apt-get install openjdk-21", "brew install openjdk@21", "wsl --install", "JAVA_HOME"):
        assert word in refusal.value.remedy


def test_a_trimmed_runtime_is_refused_by_the_name_of_what_it_lacks() -> None:
    assert has_module(WHOLE)
    assert not has_module(TRIMMED)
    with pytest.raises(SetupError, match=r"trimmed.*jdk\.incubator\.vector"):
        judge(JAVA_21, TRIMMED, "/opt/java")


def test_java_home_goes_before_the_path(tmp_path: Path) -> None:
    for place in ("home/bin", "path"):
        _fake_java(tmp_path / place, "")
    env = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")}
    assert find_java(env).executable == tmp_path / "home" / "bin" / "java"
    assert find_java({"PATH": env["PATH"]}).executable == tmp_path / "path" / "java"


def test_a_missing_java_and_a_wrong_java_home_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Java is missing"):
        find_java({"PATH": str(tmp_path)})
    with pytest.raises(SetupError, match=r"JAVA_HOME is .*nowhere"):
        find_java({"JAVA_HOME": str(tmp_path / "nowhere"), "PATH": "/usr/bin"})


def test_java_is_asked_for_version_and_modules(tmp_path: Path) -> None:
    whole = f"case $1 in -version) printf '{JAVA_17}' >&2;; --list-modules) printf '{WHOLE}';; esac"
    _fake_java(tmp_path / "bin", whole)
    assert check_java(find_java({"JAVA_HOME": str(tmp_path)})) == 17


def test_an_environment_that_is_a_link_is_refused_and_what_it_leads_to_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, link = tmp_path / "other", tmp_path / "link"
    other.mkdir()
    (other / "kept").touch()
    link.symlink_to(other)
    monkeypatch.setattr(packages, "VENV", link)
    with pytest.raises(SetupError, match="is a link to"):
        packages.install_packages()
    assert (other / "kept").exists()


def test_the_lock_is_read_as_it_is_written() -> None:
    locked = (Jar("delta", "a_2.13-1.0.jar", "0" * 64), Jar("s3", "b-2.0.Final.jar", "f" * 64))
    assert parse_lock(render_lock(locked[::-1])) == locked


@pytest.mark.parametrize(
    "line",
    ["abc  delta/a.jar", f"{'0' * 64}  delta/../a.jar", f"{'0' * 64} delta/a.jar", f"{'0' * 64}  a.jar"],
)
def test_a_line_that_is_not_understood_stops_with_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_lock(f"# jars\n{line}\n")


def test_missing_changed_and_extra_jars_are_found(tmp_path: Path) -> None:
    locked = [_jar(tmp_path, name) for name in ("right.jar", "changed.jar", "missing.jar")]
    assert compare(tmp_path, locked) == Findings()
    (tmp_path / "changed.jar").write_bytes(b"something else")
    (tmp_path / "missing.jar").unlink()
    (tmp_path / "extra.jar").touch()
    findings = compare(tmp_path, locked)
    assert findings == Findings(missing=("missing.jar",), wrong=("changed.jar",), extra=("extra.jar",))
    assert str(findings) == "missing: missing.jar; with a wrong checksum: changed.jar; not in the lock: extra.jar"


def test_a_folder_that_is_not_there_misses_every_jar(tmp_path: Path) -> None:
    assert compare(tmp_path / "none", [Jar("delta", "a.jar", "0" * 64)]).missing == ("a.jar",)


def test_a_changed_jar_is_fetched_anew_and_a_forged_one_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lock_of(tmp_path, monkeypatch, _jar(tmp_path / "delta", "a.jar"))
    (tmp_path / "delta" / "a.jar").write_bytes(b"damaged")
    monkeypatch.setattr(jars, "fetch", lambda _group, target: (target / "a.jar").write_bytes(b"forged"))
    with pytest.raises(SetupError, match=r"with a wrong checksum: a\.jar"):
        jars.bring_jars("delta")
    monkeypatch.setattr(jars, "fetch", lambda _group, target: (target / "a.jar").write_bytes(b"a.jar"))
    jars.bring_jars("delta")
    assert (tmp_path / "delta" / "a.jar").read_bytes() == b"a.jar"


def test_extra_jars_in_a_folder_of_the_users_own_are_refused_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lock_of(tmp_path, monkeypatch, _jar(tmp_path / "delta", "a.jar"))
    (tmp_path / "delta" / "own.jar").touch()
    with pytest.raises(SetupError, match=r"own\.jar"):
        jars.bring_jars("delta")
    assert (tmp_path / "delta" / "own.jar").exists()


def test_set_up_goes_on_without_optional_jars_that_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere(_group: str, _target: Path) -> None:
        raise jars.UnreachableError("no such jar", "none")

    _lock_of(tmp_path, monkeypatch)
    monkeypatch.setattr(jars, "fetch", nowhere)
    jars.bring_optional_jars("graphframes")
    assert capsys.readouterr().out.count("graphframes: its jar cannot be had") == 1


def test_every_jar_of_the_pom_is_locked_by_name_and_version(tmp_path: Path) -> None:
    locked = {jar.name for jar in parse_lock(jars.LOCK.read_text("utf-8"))}
    for group in jars.REQUIRED + jars.ON_DEMAND:
        assert _dependencies(group, tmp_path) <= locked, group
    assert len(jars.locked_jars("delta")) == 7


@pytest.mark.parametrize("lock", LOCK_FILES, ids=lambda lock: lock.name)
def test_lock_files_hold_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert not re.search(
        r"[a-z]+://|^\s*(-f|-i|--find-links|--(extra-)?index-url|--trusted-host)\b| @ ", text, re.MULTILINE
    )


@pytest.mark.parametrize("lock", LOCK_FILES, ids=lambda lock: lock.name)
def test_every_pin_in_a_lock_file_has_a_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", lock.read_text("utf-8")).strip())
    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+.* \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_every_requirement_is_in_its_lock() -> None:
    for source in LOCKS.glob("*.in"):
        asked = set(re.findall(r"(?m)^([\w.-]+)", source.read_text("utf-8").lower()))
        pinned = set(re.findall(r"(?m)^([\w.-]+)==", source.with_suffix(".txt").read_text("utf-8")))
        assert asked <= pinned, source.name


def test_dev_and_core_agree_on_what_both_pin() -> None:
    core, dev = (dict(_pins(LOCKS / f"{name}.txt")) for name in ("core", "dev"))
    assert core.keys() & dev.keys()
    assert {name: core[name] for name in core.keys() & dev.keys()} == {
        name: dev[name] for name in core.keys() & dev.keys()
    }


def test_only_stale_parts_are_done_and_a_broken_set_up_goes_on_where_it_stopped(tmp_path: Path) -> None:
    done: list[str] = []
    lock = tmp_path / "lock"
    lock.write_text("1")

    def breaks() -> None:
        raise SetupError("no network", "wait")

    first = Part("first", lambda: fingerprint_of(files=[lock]), lambda: done.append("first"))
    broken = Part("second", lambda: "x", breaks)
    stamp = tmp_path / "made" / "stamp.json"
    with pytest.raises(SetupError):
        bring_stale([first, broken], stamp)
    mended = Part("second", lambda: "x", lambda: done.append("second"))
    assert bring_stale([first, mended], stamp) == ["second"]
    assert bring_stale([first, mended], stamp) == []
    lock.write_text("2")
    assert bring_stale([first, mended], stamp) == ["first"]
    assert bring_stale([first, mended], stamp, again=True) == ["first", "second"]
    assert done == ["first", "second", "first", "first", "second"]


def test_a_failed_command_shows_the_end_of_what_it_printed() -> None:
    with pytest.raises(CommandError, match="exit code 3") as failure:
        run(["sh", "-c", "seq 100; exit 3"], seconds=20)
    assert failure.value.output.splitlines() == [str(number) for number in range(86, 101)]


def test_a_command_that_hangs_is_stopped() -> None:
    with pytest.raises(CommandError, match="did not end within"):
        run(["sh", "-c", "exec sleep 60"], seconds=0.1)


def _fake_java(folder: Path, body: str) -> None:
    folder.mkdir(parents=True)
    java = folder / "java"
    java.write_text(f"#!/bin/sh\n{body}\n")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)


def _jar(folder: Path, name: str) -> Jar:
    """Write a file whose content is its name, and return its entry in the lock."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(name.encode())
    return Jar("delta", name, hashlib.sha256(name.encode()).hexdigest())


def _lock_of(folder: Path, monkeypatch: pytest.MonkeyPatch, *locked: Jar) -> None:
    """Let ``folder`` be the user's jar folder and ``locked`` all that is locked."""
    (folder / "jars.lock").write_text(render_lock(locked))
    monkeypatch.setattr(jars, "LOCK", folder / "jars.lock")
    monkeypatch.setenv("KITH_JARS", str(folder))


def _dependencies(group: str, folder: Path) -> set[str]:
    """Return the jar names that the pom asks for by name, read by way of the Ivy module."""
    module = ET.parse(write_module(jars.POM, group, folder))  # noqa: S314 - our own file
    return {f"{one.get('name')}-{one.get('rev')}.jar" for one in module.iter("dependency")}


def _pins(lock: Path) -> list[tuple[str, str]]:
    return [(found[0], found[1]) for found in re.findall(r"(?m)^([\w.-]+)==(\S+)", lock.read_text("utf-8"))]
