"""Texts of a peer are shown as text on the handsets page: nothing runs, nothing is invisible."""

from __future__ import annotations

import sys

import pytest

from simpost.text.display import visible, visible_lines
from tests.browser.conftest import Page, SimulatorThread

# After the OWASP cheat sheet for cross-site scripting: one of each kind of way in.
SCRIPTS = [
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 1</script>",
    "<img src=x onerror=window.ran=1>",
    "<svg onload=window.ran=1>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<details open ontoggle=window.ran=1>",
    "<a href='javascript:window.ran=1'>press</a>",
    "<style>* { display: none }</style>",
    "<base href=http://127.0.0.1:1/>",
    "<meta http-equiv=refresh content='0;url=about:blank'>",
    "--><!-- ]]> </textarea></title></template><b>",
    "\"'`><img/onerror=window.ran=1 src>",
    "${window.ran=1}{{constructor.constructor('window.ran=1')()}}",
    "&lt;img src=x onerror=window.ran=1&gt;",
    "\r\n\r\nevent: reset\r\ndata: {}\r\n\r\n",
]
CONTROLS = ["\x1b[2J\x1b]0;x\x07", "gpj.\u202eexe", "a\rb\nc\td", "\u200b\u2066\ufeff\x85\u2028"]
SENDERS = ["<b>x</b>", "'\"><svg/o>", "</h2><h1>"]  # others are refused as senders


def test_hostile_texts_are_shown_as_text(centre: SimulatorThread, page: Page) -> None:
    page.open()
    for text in [*SCRIPTS, *CONTROLS]:
        centre.text(text)
        page.until_shown(visible_lines(text))
    page.open()
    page.until_shown(visible_lines(CONTROLS[-1]))
    page.card(".number button").click()
    page.until(
        "document.querySelectorAll('dialog .bubble').length === arguments[0]",
        len(SCRIPTS + CONTROLS),
    )
    assert page.run("return window.ran") is None
    assert page.run("return document.querySelectorAll('main img, main b, iframe').length") == 0
    assert page.run("return [...document.scripts].every((each) => each.src)")


@pytest.mark.parametrize("sender", SENDERS)
def test_hostile_senders_are_shown_as_text(
    centre: SimulatorThread, page: Page, sender: str
) -> None:
    centre.text("Hello", source_addr=sender)
    page.open()
    page.until_shown("Hello")
    assert page.card(".from").get_property("textContent") == visible(sender)
    placeholder = page.card("input").get_property("placeholder")
    assert placeholder == f"Reply to {visible(sender)}"
    assert page.run("return window.ran") is None


def test_the_page_escapes_what_the_terminal_escapes(page: Page) -> None:
    """Every code point that can reach it: the page's table is that of `simpost.text.display`."""
    page.open()
    surrogates = range(0xD800, 0xE000)
    points = [point for point in range(sys.maxunicode + 1) if point not in surrogates]
    escaped = page.run(
        """
        const found = [];
        for (let point = 0; point <= 0x10ffff; point += 1) {
          if (point >= 0xd800 && point < 0xe000) continue;
          const char = String.fromCodePoint(point), shown = visibly(char);
          if (shown !== char) found.push([point, shown]);
        }
        return found;
        """
    )
    expected = [
        [point, visible(chr(point))] for point in points if visible(chr(point)) != chr(point)
    ]
    assert escaped == expected
    assert len(expected) > 4000
