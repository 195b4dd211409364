"""Parts of a YAML text by the places of its nodes: replaced, put in, cut out, and every other character as it was."""

from __future__ import annotations

import yaml


def in_brackets(node: yaml.Node) -> bool:
    """Whether a node is written in flow style."""
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def index(text: str, mark: yaml.Mark) -> int:
    """A place in the text; the marks of the C loader know line and column alone."""
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: mark.line]) + mark.column


def span(text: str, node: yaml.Node, new: str) -> str:
    """The text with a node's own characters replaced."""
    return text[: index(text, node.start_mark)] + new + text[index(text, node.end_mark) :]


def last(node: yaml.Node, text: str) -> int:
    """The last line that a node writes on; the end mark of a block lies behind the comments that follow it."""
    if isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
        return _last_of_literal(node, text.split("\n"))
    below = [inner for pair in node.value for inner in pair] if isinstance(node, yaml.MappingNode) else node.value
    if isinstance(node, yaml.ScalarNode) or in_brackets(node) or not below:
        return int(node.end_mark.line)
    return max(last(inner, text) for inner in below)


def _last_of_literal(node: yaml.ScalarNode, lines: list[str]) -> int:
    first = node.start_mark.line + 1
    widths = [len(line) - len(line.lstrip()) for line in lines[first:] if line.strip()]
    end = first - 1
    for number, line in enumerate(lines[first:], first):
        if line.strip() and len(line) - len(line.lstrip()) < widths[0]:
            break
        end = number if line.strip() else end
    return end


def lines_put(text: str, key: yaml.Node, node: yaml.Node, new: list[str]) -> str:
    """The text with the lines of a key and its value replaced."""
    lines, end = text.split("\n"), end_of(text)
    return "\n".join([*lines[: key.start_mark.line], *(line + end for line in new), *lines[last(node, text) + 1 :]])


def cut(text: str, key: yaml.Node, node: yaml.Node) -> str:
    """The text without the lines of a key and its value."""
    return lines_put(text, key, node, [])


def inserted(text: str, after: int, new: list[str]) -> str:
    """The text with lines put behind line number `after`, counted from 0."""
    lines, end = text.split("\n"), end_of(text)
    if after == len(lines) - 1:
        lines[after] += end
        return "\n".join([*lines, *(line + end for line in new[:-1]), new[-1]])
    return "\n".join([*lines[: after + 1], *(line + end for line in new), *lines[after + 1 :]])


def appended(text: str, new: list[str]) -> str:
    """The text with lines at its end."""
    end = end_of(text) + "\n"
    before = text if not text or text.endswith("\n") else text + end
    return before + end.join(new) + end


def end_of(text: str) -> str:
    """What ends a line of this text before its line feed."""
    return "\r" if "\r\n" in text else ""
