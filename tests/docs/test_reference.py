from __future__ import annotations

import pytest
from tools.reference import PAGES, REFERENCE


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text() == PAGES[name](), "run: python tools/reference.py"
