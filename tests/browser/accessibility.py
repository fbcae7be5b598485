"""What is in the way of assistive technology, as axe-core sees it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

WEB = Path(__file__).parents[2] / "web"
_AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[Any]:
    """One text for each rule that the page breaks; the test is skipped without axe-core."""
    if not _AXE.is_file():
        pytest.skip("axe-core is not installed: building the browser app brings it")
    # Run by the debugger's hand: the page's own policy lets no other script in.
    page.evaluate(_AXE.read_text("utf-8"))
    found: list[Any] = page.evaluate(
        """async () => {
            const { violations } = await axe.run({ exclude: [["[data-tabster-dummy]"]] });
            return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
        }"""
    )
    return found
