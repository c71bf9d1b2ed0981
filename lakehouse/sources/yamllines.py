"""Where a key of a YAML file stands: the line that an error names beside file and key."""

from collections.abc import Sequence

import yaml


def line_of(text: str, location: Sequence[str | int]) -> int | None:
    """The line, from 1, of the deepest part of ``location`` (keys and indexes) that the text has; None for no YAML."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    line = node.start_mark.line + 1 if node is not None else None
    for part in location:
        found = _child(node, part)
        if found is None:
            continue  # pydantic puts names of its own (of a union's members) between the keys
        line, node = found
    return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """Line and value of one key of a mapping, or one item of a list."""
    if isinstance(node, yaml.MappingNode):
        pairs = [(key, value) for key, value in node.value if key.value == str(part)]
        return (pairs[0][0].start_mark.line + 1, pairs[0][1]) if pairs else None
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None
