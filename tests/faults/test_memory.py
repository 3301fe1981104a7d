"""No memory at the n-th allocation: no crash, a reason, nothing lost"""

import pytest
from archive_state import differences, problems, whole
from busy_source import change
from faulty import copy_folder, run_once


def samples(total, n):
    """From 1 to the total: close together at the start, where each allocation is another matter."""
    step = total ** (1 / n)
    return sorted({max(1, round(step ** k)) for k in range(n + 1)} | set(range(1, total, max(1, total // n))))


@pytest.mark.parametrize("last", ["once", "from then on"])
def test_an_allocation_fails(source, tmp_path, rounds, last):
    before, home = tmp_path / "before", tmp_path / "run"
    assert run_once(source.path, before / "archive.db").status == 0
    change(source)

    def run(**faults):
        copy_folder(before, home / "archive")
        return run_once(source.path, home / "archive" / "archive.db", **faults)

    undisturbed = run()
    assert undisturbed.n_allocations > 500, "allocations are counted"
    expected = whole(home / "archive" / "archive.db")
    n_failed = n_ended = 0
    for n in samples(undisturbed.n_allocations, 2 * rounds):
        where = f"allocation {n}, {last}"
        done = run(malloc_at=n, malloc_last=n if last == "once" else 0)
        assert done.status in (0, 1, 2), f"{where}: {done.status} {done.errors[-2000:]}"
        n_failed += done.status != 0
        n_ended += "There is no memory left; the program ends." in done.errors
        archive = home / "archive" / "archive.db"
        assert problems(archive) == [], where
        healed = run_once(source.path, archive)
        assert healed.status == 0, f"{where}: {healed.errors}"
        assert differences(whole(archive), expected) == [], where
    assert n_failed > 10, "allocations matter"
    if last != "once":  # nearly all allocations are SQLite's; but then there is none for the sentence about it
        assert n_ended > 5, "what is small ends the program, with a sentence"
