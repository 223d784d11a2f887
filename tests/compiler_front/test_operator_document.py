"""docs/operators.md is what the rules say; ``make operators`` writes it."""

from tests.import_edges import ROOT
from tileloom.compiler.operator_document import document
from tileloom.compiler.operator_table import operator_table


def test_document_is_current() -> None:
    assert (ROOT / "docs" / "operators.md").read_text(encoding="utf-8") == document()


def test_document_names_every_operator_and_rule() -> None:
    text = document()
    for operator in operator_table().values():
        assert f"## {operator.name}\n" in text
        for rule in operator.rules:
            assert rule.text.replace("|", "\\|") in text
