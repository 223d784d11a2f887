"""One worker of ``make fuzz``: seeds of a kind from FIRST to LAST; FOLDER/report.json always says where it is."""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

from tests.fuzz.trials import TRIALS, Hang


def main() -> None:
    """Work through the seeds; what ends in no allowed way is noted with its seed."""
    kind, first, last, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    warnings.simplefilter("ignore")  # numpy's, on numbers out of range: a refusal says them better
    ends: Counter[str] = Counter()
    faults: list[str] = []
    for seed in range(first, last + 1):
        (folder / "report.part").write_text(json.dumps({"next": seed, "ends": ends, "faults": faults}))
        (folder / "report.part").replace(folder / "report.json")
        if seed == last:
            return
        try:
            ends[TRIALS[kind](seed, folder)] += 1
        except (Exception, Hang) as error:  # every one of them is a finding
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = "" if place is None else f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"
            ends[f"{type(error).__name__} at {where}"] += 1
            faults.append(f"{kind} seed {seed}: {type(error).__name__} at {where}: {str(error)[:100]}")


if __name__ == "__main__":
    main()
