"""``make conformance``: run the cases, print what became of each, write docs/conformance.md.

``python -m tests.conformance [--update] [WORD ...]``: only cases whose names contain a word (then the
document stays as it is); ``--update`` adds what is new on the grid to the snapshot.
"""

import argparse
import sys
import time
import warnings

from tests.conformance.cases import convnet_cases
from tests.conformance.outcome import Outcome, outcome
from tests.conformance.report import DOCUMENT, document, totals, update_snapshot


def main() -> int:
    """Exit status 1 where a case is wrong or crashes."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--update", action="store_true")
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")  # ONNX's evaluator divides by zero where a case wants it to
    cases = {
        case.name: case for case in convnet_cases() if not wanted.words or any(w in case.name for w in wanted.words)
    }
    outcomes: dict[str, Outcome] = {}
    for name, case in cases.items():
        start = time.monotonic()
        found = outcomes[name] = outcome(case)
        share = "" if found.share is None else f"{found.share:.3%}"
        text = f"{name:60} {found.place:12} {share:8} {time.monotonic() - start:5.1f} s  {found.reason[:150]}"
        print(text.rstrip(), flush=True)
    print(totals(outcomes))
    if not wanted.words:
        DOCUMENT.write_text(document(cases, outcomes))
    if wanted.update:
        update_snapshot(outcomes)
    return int(any(found.place in ("wrong", "crashed") for found in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
