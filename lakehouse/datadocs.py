"""Data Docs that need no network: what its pages fetch from elsewhere is taken out, and a style and a script of ours stand in."""

import os
import re
import shutil
from pathlib import Path

OWN = ("datadocs.css", "datadocs.js")
REMOTE = re.compile(
    r"""<link\b[^>]*\bhref=["'](?:https?:)?//[^>]*>|<script\b[^>]*\bsrc=["'](?:https?:)?//[^>]*>\s*</script>|"""
    r"""<img\b[^>]*\bsrc=["'](?:https?:)?//[^>]*>""",
    re.IGNORECASE | re.DOTALL,
)
FOOTER = re.compile(r"<footer\b.*?</footer>", re.IGNORECASE | re.DOTALL)
TEMPLATE_STYLE = re.compile(r"<style\b.*?</style>", re.IGNORECASE | re.DOTALL)


def make_local(site: Path) -> list[Path]:
    """Rewrite every page below ``site``; returns the pages. The style and the script are written beside the first page."""
    for name in OWN:
        shutil.copyfile(Path(__file__).with_name(name), site / name)
    pages = sorted(site.rglob("*.html"))
    for page in pages:
        up = os.path.relpath(site, page.parent)
        page.write_text(local_page(page.read_text(encoding="utf-8"), up), encoding="utf-8")
    return pages


def local_page(html: str, up: str) -> str:
    """One page without anything from the network; ``up`` is the way from its folder to the site's."""
    for pattern in (REMOTE, FOOTER, TEMPLATE_STYLE):
        html = pattern.sub("", html)
    own = f'<link rel="stylesheet" href="{up}/datadocs.css"/>\n<script src="{up}/datadocs.js"></script>\n'
    return html.replace("</head>", f"{own}</head>", 1)
