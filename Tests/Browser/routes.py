"""The pages that are checked for how they look and how they are used."""

from run_processes import FIRST, LIVE

SECTIONS = ["curves", "workers", "layers", "kernels", "timeline", "events", "log", "settings"]
ROUTES = ["/"] + [f"/run/{LIVE}/{section}" for section in SECTIONS] + [f"/compare/{FIRST},{LIVE}"]
# An element that must be visible before a section is checked.
READY = {"timeline": ".span", "kernels": "canvas", "curves": ".plot path.line", "layers": ".chart .swatch", "compare": ".plot path.line", "workers": ".node"}


def name_of(route):
    return {"": "runs", "compare": "compare"}.get(route.split("/")[1]) or route.split("/")[3]
