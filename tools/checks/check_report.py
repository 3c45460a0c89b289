"""//analysis:report's page, in Chromium: it shows what the run's files say, complains of nothing, asks
the network for nothing, and fits a phone and a dark room.

Trains the quick start twice for a few iterations, one in a folder whose name is HTML, and opens the
page that //train writes and the page of both runs side by side. Then the page of a run with more
classes, and more logged lines, than can be drawn.
"""

import csv
import json
import pathlib
import struct
import sys
import tempfile
import zlib

from chromium import Chromium, Page
import quickstart

FIELDS = ["schedule.iterations=60", "schedule.warmup_iterations=5", "logging.every_iterations=2"]
HOSTILE = "<img src=x onerror=alert(1)>'\"&</script>"
PHONE = 390

# The chart of the title given, by what the page says.
CHART = "[...document.querySelectorAll('.chart')].find((c) => c.textContent.startsWith('{}'))"


def read_rows(path: pathlib.Path) -> list[dict]:
    with path.open() as file:
        return list(csv.DictReader(file))


def points(page: Page, title: str, kind: str) -> int:
    path = f"{CHART.format(title)}.querySelector('path.{kind}').getAttribute('d')"
    return page.evaluate(f"{path}.match(/[ML]/g).length")


def hovered(page: Page, title: str) -> str:
    """What the chart says in its middle."""
    chart = CHART.format(title)
    page.evaluate(f"{chart}.scrollIntoView({{block: 'center'}})")
    box = page.evaluate(f"{chart}.querySelector('svg').getBoundingClientRect().toJSON()")
    page.move_mouse(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return page.evaluate(f"{chart}.querySelector('.tip:not([hidden])')?.innerText ?? ''")


def check_manners(page: Page, what: str) -> list[str]:
    problems = [f"{what}: {complaint}" for complaint in page.complaints]
    for url in page.requests:
        if not url.startswith(("file:", "data:")):
            problems.append(f"{what} asks for {url[:100]}")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        problems.append(f"{what} is {wide} pixels wider than the window")
    broken = page.evaluate("[...document.images].filter((i) => i.complete && !i.naturalWidth).length")
    if broken:
        problems.append(f"{what}: {broken} pictures can't be shown")
    return problems


def check_contents(page: Page, run_dir: pathlib.Path) -> list[str]:
    problems = []

    def expect(what: str, measured, expected) -> None:
        if measured != expected:
            problems.append(f"{what}: {measured!r}, not {expected!r}")

    record = json.loads((run_dir / "run.json").read_text())
    rows = read_rows(run_dir / "metrics.csv")
    expect("heading", page.evaluate("document.querySelector('h1').textContent"), run_dir.name)
    summary = page.evaluate("document.querySelector('#summary').innerText")
    right = f"{record['test']['correct_top1']} of {record['test']['count']}"
    expect(f"'{right}' in the summary", right in summary, True)
    expect("points of the loss", points(page, "Training loss", "pale"), len(rows))
    expect("points of the learning rate", points(page, "Learning rate", "line"), len(rows))

    text = hovered(page, "Learning rate")
    matches = [r for r in rows if f"iteration {r['iteration']}\n" in text]
    expect("logged iterations under the pointer", len(matches), 1)
    for row in matches:
        shown = page.evaluate(f"short({float(row['learning_rate'])!r})")
        expect(f"learning rate in '{text}'", shown in text, True)

    ticks = f"[...{CHART.format('Gradient norm')}.querySelectorAll('text')].map((t) => t.textContent).join()"
    before = page.evaluate(ticks)
    page.evaluate(f"{CHART.format('Gradient norm')}.querySelector('input').click()")
    expect("the scale is another one without log", page.evaluate(ticks) != before, True)

    cells = "[...document.querySelectorAll('.confusion td')].map((c) => Number(c.textContent))"
    counts = page.evaluate(cells)
    expect("images in the confusion matrix", sum(counts), record["test"]["count"])
    diagonal = page.evaluate(cells.replace(".confusion td", ".confusion td.diagonal"))
    expect("right answers in it", sum(diagonal), record["test"]["correct_top1"])
    pairs = page.evaluate("document.querySelectorAll('#predictions .pair').length")
    expect("at least the first 16 test images", pairs >= 16, True)
    expect("inputs", page.evaluate("document.querySelectorAll('#inputs img').length"), 16)
    config = (run_dir / "config.textproto").read_text()
    expect("config", page.evaluate("document.querySelector('#provenance pre').textContent"), config)
    return problems


def write_pictures(folder: pathlib.Path, classes: int) -> None:
    """A grey PNG of 4 x 4 in each class, to train on and to test."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for number in range(classes):
        row = b"\0" + bytes([number % 256] * 12)
        header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        png += chunk(b"IDAT", zlib.compress(4 * row)) + chunk(b"IEND", b"")
        for part in "train", "val":
            path = folder / part / f"class {number}" / "1.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(png)


def check_much(folder: pathlib.Path, program: pathlib.Path, chromium: Chromium) -> list[str]:
    """150 classes, and 30,000 logged lines of which one is a peak."""
    pictures, run_dir = folder / "pictures", folder / "much"
    write_pictures(pictures, 150)
    model = ["image_size=4", "patch_size=2", "channels=3", "num_classes=150", "width=16", "heads=2", "depth=1"]
    fields = ["data.source=IMAGE_FOLDER", "data.minival_size=0", "validation.every_iterations=0"]
    fields += [*FIELDS, "schedule.iterations=6", *(f"model.{field}" for field in model)]
    quickstart.train(run_dir, f"--data_dir={pictures}", "--noreport", *fields)
    metrics = run_dir / "metrics.csv"
    header = metrics.read_text().split("\n")[0]
    rows = [f"{i},{50 if i == 12345 else 1},1,1,{i % 3},1,0,1,0" for i in range(30000)]
    metrics.write_text("\n".join([header, *rows, ""]))
    quickstart.run([program, f"--run_dir={run_dir}", f"--data_dir={pictures}"])

    page = chromium.open(run_dir / "report.html")
    problems = check_manners(page, "the page of much")
    highest = f"Math.max(...{CHART.format('Training loss')}.querySelector('path.pale').getAttribute('d').match(/ [0-9.]+/g).map((y) => -y))"
    # The peak is at the top of the drawing.
    if page.evaluate(highest) != -10:
        problems.append(f"the peak of the loss is drawn at {-page.evaluate(highest)}, not 10")
    drawn = points(page, "Training loss", "pale")
    if not 2 <= drawn <= 4000:
        problems.append(f"{drawn} points are drawn")
    text = page.evaluate("document.querySelector('#mistakes').innerText")
    for words in ("30 of 150 classes", "Most frequent confusions"):
        if words not in text:
            problems.append(f"'{words}' is not in {text[:200]!r}")
    if "every 16 logged values" not in page.evaluate("document.querySelector('#curves').innerText"):
        problems.append("the page does not say that curves are thinned")
    if "30,000" not in page.evaluate("document.querySelector('#summary').innerText"):
        problems.append("the summary has another number of iterations")
    return problems


def check(folder: pathlib.Path) -> list[str]:
    first, second = folder / HOSTILE.replace("/", "|"), folder / "second"
    quickstart.train(first, *FIELDS)
    quickstart.train(second, *FIELDS, "seed=2")
    quickstart.run([quickstart.ROOT / "tools/bazel", "build", "//analysis:report"])
    both = folder / "both.html"
    program = quickstart.ROOT / "bazel-bin/analysis/report"
    quickstart.run([program, f"--run_dir={first},{second}", f"--output={both}"])

    with Chromium() as chromium:
        page = chromium.open(first / "report.html")
        problems = check_contents(page, first) + check_manners(page, "the page")
        for what, path in {"the page": first / "report.html", "the page of two": both}.items():
            phone = chromium.open(path, width=PHONE, dark=True)
            problems += check_manners(phone, f"{what} on a phone")
            ground = phone.evaluate("getComputedStyle(document.body).backgroundColor")
            if ground != "rgb(20, 23, 26)":
                problems.append(f"{what} in the dark is {ground}")
        page = chromium.open(both)
        problems += check_manners(page, "the page of two")
        lines = page.evaluate(f"{CHART.format('Learning rate')}.querySelectorAll('path.line').length")
        if lines != 2:
            problems.append(f"two runs have {lines} lines")
        problems += check_much(folder, program, chromium)
    return problems


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        problems = check(pathlib.Path(folder))
    if problems:
        sys.exit("\n".join(problems))
    print("pages: 2, in a window, on a phone and in the dark; and one of much")


if __name__ == "__main__":
    main()
