"""Past holes of other projects, and of the seed: each has a test here that has its id in its name."""

import ast
from functools import cache

import pytest

from tests.site import ROOT

HOLES = """
CVE-2023-51449  CVE-2024-5182   CVE-2024-6095   CVE-2024-7010   CVE-2024-10099  CVE-2024-10481  CVE-2024-10821
CVE-2024-11042  CVE-2024-11043  CVE-2024-12029  CVE-2024-12882  CVE-2024-31462  CVE-2025-6092   CVE-2025-6237
CVE-2025-32434  CVE-2026-45400  CVE-2026-45401  CVE-2026-56670  CVE-2026-56671  CVE-2026-56672  CVE-2026-56673
GHSA-5xxr-jvhm-jxmj  GHSA-7grx-3xcx-2xv5
A1111#513 A1111#2571 A1111#12698 A1111#12822 ComfyUI#12860 InvokeAI#8822 InvokeAI#9018 InvokeAI#9365
seed#1 seed#2 seed#3 seed#4 seed#5 seed#6 seed#7 seed#8 seed#secret
"""
"""#12345 is a thread of that project; seed# a hole of the playground that this one came from: 1 deleting by path,
2 reading by path, 3 a source by path, 4 fetching any address, 5 a file named by the address, 6 scripts in prompts,
7 servers published with a known password, 8 numbers without bounds, secret a key that everybody knows."""


@cache
def names() -> set[str]:
    """Of every test there is."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("test_*.py"))
    functions = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


@pytest.mark.parametrize("hole", HOLES.split())
def test_every_hole_has_its_test(hole: str) -> None:
    written = f"_{hole.lower().replace('-', '_').replace('#', '_')}_"
    assert any(written in name for name in names())
