"""Turns a profile of the pom into what Ivy reads, for machines that have Java and pyspark but no Maven."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

NAMESPACE = {"m": "http://maven.apache.org/POM/4.0.0"}


def write_module(pom: Path, profile: str, folder: Path) -> Path:
    """Write into ``folder`` an Ivy module with the dependencies and exclusions of a profile; return its path.

    Raises `ValueError` where the pom has no such profile.
    """
    module = ET.Element("ivy-module", version="2.0")
    ET.SubElement(module, "info", organisation="kith", module="jars")
    ET.SubElement(ET.SubElement(module, "configurations"), "conf", name="default")
    project = ET.parse(pom).getroot()  # noqa: S314 - our own file
    _add_dependencies(module, project, profile)
    path = folder / "ivy.xml"
    ET.ElementTree(module).write(path, encoding="utf-8", xml_declaration=True)
    return path


def main_command(java: Path, library: Path, module: Path, target: Path) -> list[str | Path]:
    """Return the command that downloads what ``module`` names, flat, into ``target``.

    Home and cache lie beside ``module``, so that neither ~/.m2 nor ~/.ivy2 is read or written.
    """
    home = module.parent
    retrieve = ("-retrieve", f"{target}/[artifact]-[revision].[ext]", "-types", "jar", "bundle")
    ivy = ("-ivy", module, "-cache", home / "cache", "-confs", "default", *retrieve)
    return [java, f"-Duser.home={home}", "-cp", library, "org.apache.ivy.Main", "-warn", *ivy]


def _add_dependencies(module: ET.Element, project: ET.Element, profile: str) -> None:
    found = [part for part in project.iterfind("m:profiles/m:profile", NAMESPACE) if _text(part, "m:id") == profile]
    if not found:
        raise ValueError(f"the pom has no profile {profile!r}")
    versions = {
        element.tag.split("}")[1]: element.text or "" for element in project.iterfind("m:properties/*", NAMESPACE)
    }
    dependencies = ET.SubElement(module, "dependencies")
    for dependency in found[0].iterfind("m:dependencies/m:dependency", NAMESPACE):
        _add_dependency(dependencies, dependency, versions)
    for group in ",".join(e.text or "" for e in found[0].iterfind(".//m:excludeGroupIds", NAMESPACE)).split(","):
        if group:
            ET.SubElement(dependencies, "exclude", org=group)


def _add_dependency(parent: ET.Element, dependency: ET.Element, versions: dict[str, str]) -> None:
    version = re.sub(r"\$\{(.+?)\}", lambda match: versions[match[1]], _text(dependency, "m:version"))
    exclusions = [
        (_text(exclusion, "m:groupId"), _text(exclusion, "m:artifactId"))
        for exclusion in dependency.iterfind("m:exclusions/m:exclusion", NAMESPACE)
    ]
    alone = ("*", "*") in exclusions
    element = ET.SubElement(
        parent,
        "dependency",
        org=_text(dependency, "m:groupId"),
        name=_text(dependency, "m:artifactId"),
        rev=version,
        conf="default->runtime,master",
        transitive=str(not alone).lower(),
    )
    for group, artifact in [] if alone else exclusions:  # Ivy would take * for the dependency itself too
        ET.SubElement(element, "exclude", org=group, module=artifact)


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path, default="", namespaces=NAMESPACE) or "").strip()
