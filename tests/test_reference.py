"""The site's reference has every public name."""

import re
from pathlib import Path

import tapenb


def test_the_reference_has_every_public_name(root: Path):
    pages = (path.read_text(encoding="utf-8") for path in (root / "docs" / "api").glob("*.rst"))
    entry = re.compile(r"^\.\. auto\w+:: (?:tapenb\.)?(\w+)$", re.MULTILINE)
    named = {name for page in pages for name in entry.findall(page)}
    assert named >= set(tapenb.__all__)
