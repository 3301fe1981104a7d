"""The rows as a table, for a terminal and for docs/performance.md"""

from rows import MB

HEAD = ("work", "CPU", "wall", "MB/s", "RSS", "written", "x VACUUM", "x cp", "")


def time_text(usec):
    if usec is None:
        return ""
    if usec >= 1e6:
        return f"{usec / 1e6:.2f} s"
    return f"{usec / 1e3:.2f} ms" if usec >= 1e3 else f"{usec:.1f} µs"


def bytes_text(n):
    if n is None:
        return ""
    if n >= MB:
        return f"{n / MB:.1f} MB"
    return f"{n / 1024:.0f} KiB" if n else "0"


def limit_text(row, name):
    limit = row.limits[name]
    if name.startswith("x"):
        return f"{limit} x {name[1:]}"
    return {"cpu_usec": time_text, "bytes_written": bytes_text, "peak_kb": lambda kb: f"{kb / 1024:.0f} MiB"}[name](limit)


def verdict(row):
    """The limit, and whether it is met."""
    if row.problems or not row.limits:
        return "; ".join(row.problems)
    failed = row.failures()
    if failed:
        return "over " + ", ".join(limit_text(row, name) for name in failed)
    return "within " + ", ".join(limit_text(row, name) for name in row.limits)


def cells(row):
    rate = f"{row.text_bytes / row.cpu_usec:.0f}" if row.text_bytes else ""
    ratios = [f"{row.ratio(name):.2f}" if name in row.baselines else "" for name in ("vacuum", "cp")]
    rss = f"{row.peak_kb / 1024:.1f} MiB" if row.peak_kb else ""
    return (row.name, time_text(row.cpu_usec), time_text(row.wall_usec), rate, rss, bytes_text(row.bytes_written),
            *ratios, verdict(row))


def plain(rows, head=HEAD, cells=cells):
    """Aligned columns."""
    table = [head, *map(cells, rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(head))]
    for line in table:
        yield "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:])),
                         line[-1]]).rstrip()


def markdown(rows, head=HEAD, cells=cells):
    yield "| " + " | ".join(head[:-1]) + " | |"
    yield "|---|" + "---:|" * (len(head) - 2) + "---|"
    yield from ("| " + " | ".join(cell.strip() for cell in cells(row)) + " |" for row in rows)
