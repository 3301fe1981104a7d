"""Growth curves as an SVG: both axes logarithmic, so that what is linear is a straight line and what is constant is flat"""

import math

WIDTH, HEIGHT = 900, 470
LEFT, RIGHT, TOP, BOTTOM = 76, 250, 44, 56
COLORS = ("#b45309", "#1d4ed8", "#15803d", "#7c3aed", "#be123c", "#475569")


def seconds(usec):
    """1 s, 10 ms, 100 µs: powers of ten, in the usual units."""
    for unit, name in ((1e6, "s"), (1e3, "ms"), (1, "µs")):
        if usec >= unit:
            return f"{usec / unit:.3g} {name}"
    return f"{usec * 1000:.3g} ns"


def thousands(n):
    return f"{n:,}"


class Plane:
    def __init__(self, xs, ys):
        self.x0, self.x1 = math.log10(min(xs)), math.log10(max(xs))
        self.y0, self.y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def x(self, value):
        return LEFT + (math.log10(value) - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - (math.log10(value) - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM)


def axes(plane, xs):
    for power in range(plane.y0, plane.y1 + 1):
        y = plane.y(10 ** power)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e2e8f0"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{seconds(10 ** power)}</text>'
    for value in xs:
        x = plane.x(value)
        yield f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e2e8f0"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{thousands(value)}</text>'


def spread(places, gap=18):
    """Moves labels apart until none covers another; in the order of their positions."""
    moved = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    return moved


def lines(plane, series):
    for (name, points), color in zip(series.items(), COLORS):
        path = " ".join(f"{plane.x(x):.1f},{plane.y(y):.1f}" for x, y in points)
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
        yield from (f'<circle cx="{plane.x(x):.1f}" cy="{plane.y(y):.1f}" r="3.5" fill="{color}"/>' for x, y in points)
    ends = sorted((plane.y(points[-1][1]), f"{name}: {seconds(points[-1][1])}", color)
                  for (name, points), color in zip(series.items(), COLORS))
    for y, (_, label, color) in zip(spread([end[0] for end in ends]), ends):
        yield f'<text x="{WIDTH - RIGHT + 12}" y="{y + 4:.1f}" fill="{color}">{label}</text>'


def svg(title, series):
    """series: {name: [(sessions, microseconds), ...]}. Returns the picture as text."""
    points = [point for line in series.values() for point in line]
    xs = sorted({x for x, _ in points})
    plane = Plane(xs, [y for _, y in points])
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="13" fill="#0f172a" role="img" '
        f'aria-label="{title}">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="26" font-weight="bold">{title}</text>',
        *axes(plane, xs),
        *lines(plane, series),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">sessions in the source</text>',
        "</svg>",
    ]
    return "\n".join(body) + "\n"
