"""The frame of every page: one self-contained HTML document with the style of the house."""

from pathlib import Path

from jobs.reporting.markup import el, esc

STYLE = Path(__file__).with_name("page.css")


def document(title: str, *body: str, before: str = "") -> str:
    """An HTML document with nothing beside it and nothing from the network; ``before`` goes in front of it."""
    head = el(
        "head",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        el("title", esc(title)),
        el("style", STYLE.read_text(encoding="utf-8")),
    )
    lines = ["<!DOCTYPE html>", *([before] if before else []), el("html", head, el("body", *body), lang="en"), ""]
    return "\n".join(lines)
