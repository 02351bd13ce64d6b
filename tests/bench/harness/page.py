"""One self-contained HTML page of the results: no script, no address outside itself."""

import html
from collections.abc import Iterator, Mapping

_STYLE = """\
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2733; max-width: 76rem }
body { margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px }
th, td { border-bottom: 1px solid #d8dfe6; padding: .35rem .6rem; text-align: left; vertical-align: top }
th { background: #f2f5f7 }
td.met { color: #0b6e4f } td.missed { color: #b3261e }
svg { max-width: 100%; height: auto }
code { background: #f2f5f7; padding: .1rem .3rem }
"""


def page(markdown: str, drawn: Mapping[str, str]) -> str:
    """The page for the Markdown of `results.markdown` (headings, lists and tables only) and the plots."""
    body = "\n".join(_blocks(markdown))
    plots = "\n".join(f"<figure>{svg}</figure>" for svg in drawn.values())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>orestream: figures</title>\n'
        f"<style>\n{_STYLE}</style></head><body>\n"
        f"<h1>orestream: figures</h1>\n{body}\n{plots}\n</body></html>\n"
    )


def _blocks(markdown: str) -> Iterator[str]:
    for block in markdown.strip().split("\n\n"):
        if block.startswith("### "):
            yield f"<h2>{html.escape(block[4:])}</h2>"
        elif block.startswith("|"):
            yield _table(block.splitlines())
        elif block.startswith("- "):
            yield (
                "<ul>" + "".join(f"<li>{html.escape(line[2:])}</li>" for line in block.splitlines()) + "</ul>"
            )
        else:
            yield f"<p>{_text(block)}</p>"


def _table(lines: list[str]) -> str:
    head, _, *rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    heads = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _cell(text: str) -> str:
    mark = f' class="{text}"' if text in ("met", "missed") else ""
    return f"<td{mark}>{html.escape(text)}</td>"


def _text(block: str) -> str:
    parts = html.escape(block).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
