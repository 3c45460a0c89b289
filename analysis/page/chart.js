// Line charts: axes with round numbers, a cross that follows the pointer and shows values, and a
// logarithmic scale where all values are positive.

const WIDTH = 480, HEIGHT = 260;  // of the drawing; it is scaled to the room there is
const LEFT = 56, RIGHT = 18, TOP = 10, BOTTOM = 26;

// About `count` round numbers from low to high.
function roundTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

// Powers of ten, with 2 and 5 between them where there are few.
function logTicks(low, high) {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const between = last - first > 2 ? [1] : [1, 2, 5];
  const every = Math.ceil((last - first) / 6);
  const ticks = [];
  for (let i = first; i <= last; ++i) {
    if (i % every) continue;
    for (const factor of between) {
      const tick = Number((factor * 10 ** i).toPrecision(12));
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks.length > 1 ? ticks : roundTicks(low, high, 4);
}

// Maps values to pixels. Values that can't be shown are NaN.
function makeScale(values, from, to, isLog) {
  const shown = values.filter((v) => Number.isFinite(v) && (!isLog || v > 0));
  let low = shown.reduce((a, b) => Math.min(a, b), Infinity);
  let high = shown.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) [low, high] = isLog ? [1, 10] : [0, 1];
  if (low === high) [low, high] = isLog ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  const f = isLog ? Math.log : (v) => v;
  const factor = (to - from) / (f(high) - f(low));
  const scale = (v) => v === null || (isLog && v <= 0) ? NaN : from + factor * (f(v) - f(low));
  scale.ticks = isLog ? logTicks(low, high) : roundTicks(low, high, 5);
  return scale;
}

function pathOf(series, x, y) {
  let path = "", isDrawing = false;
  series.x.forEach((at, i) => {
    const px = x(at), py = y(series.y[i]);
    const isShown = Number.isFinite(px) && Number.isFinite(py);
    if (isShown) path += `${isDrawing ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`;
    isDrawing = isShown;
  });
  return path;
}

// series: {name, color, x, y, dash, kind: "line", "pale" or "dots"}; pale ones are not named.
// A short stroke, as the series is drawn, before its name.
function nameOf(series) {
  const sample = series.kind === "dots"
      ? makeSvg("circle", {cx: 9, cy: 5, r: 3, fill: "none", stroke: series.color})
      : makeSvg("line", {x1: 0, x2: 18, y1: 5, y2: 5, stroke: series.color, "stroke-width": 2, "stroke-dasharray": series.dash ?? "none"});
  return [makeSvg("svg", {class: "sample", viewBox: "0 0 18 10"}, sample), series.name];
}

function chart({title, series, logAtFirst = false}) {
  const figure = make("figure", {class: "chart"});
  const log = make("input", {type: "checkbox"});
  log.checked = logAtFirst;
  const svg = makeSvg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title});
  const tip = make("div", {class: "tip", hidden: ""});
  const canBeLog = series.every((s) => s.y.every((v) => v === null || v > 0));
  const caption = make("figcaption", {}, make("b", {}, title));
  if (canBeLog) caption.append(make("label", {}, log, " log"));
  figure.append(caption, svg, tip);
  const names = series.filter((s) => s.kind !== "pale");
  if (names.length > 1) {
    const legend = make("div", {class: "legend"});
    for (const one of names) legend.append(make("span", {}, ...nameOf(one)));
    figure.append(legend);
  }

  const draw = () => drawChart(svg, series, log.checked);
  log.addEventListener("change", draw);
  svg.addEventListener("pointermove", (event) => showValues(event, figure, svg, tip, series));
  svg.addEventListener("pointerleave", () => hideValues(svg, tip));
  draw();
  return figure;
}

function drawChart(svg, series, isLog) {
  const x = makeScale(series.flatMap((s) => s.x), LEFT, WIDTH - RIGHT, false);
  const y = makeScale(series.flatMap((s) => s.y), HEIGHT - BOTTOM, TOP, isLog);
  svg.replaceChildren();
  svg.toX = x;
  for (const tick of y.ticks) {
    const at = y(tick);
    svg.append(makeSvg("line", {class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at}),
               makeSvg("text", {x: LEFT - 6, y: at + 4, "text-anchor": "end"}, short(tick)));
  }
  for (const tick of x.ticks) {
    svg.append(makeSvg("text", {x: x(tick), y: HEIGHT - 8, "text-anchor": "middle"}, short(tick)));
  }
  for (const one of series) {
    if (one.kind === "dots") {
      one.x.forEach((at, i) => {
        const cy = y(one.y[i]);
        if (Number.isFinite(cy)) {
          svg.append(makeSvg("circle", {cx: x(at), cy, r: 3, fill: "none", stroke: one.color}));
        }
      });
    } else {
      svg.append(makeSvg("path", {
        class: one.kind, stroke: one.color, "stroke-dasharray": one.dash ?? "none", d: pathOf(one, x, y),
      }));
    }
  }
}

// The index of the value of a rising list that is nearest.
function nearest(values, value) {
  let low = 0, high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] > value) high = middle; else low = middle;
  }
  return value - values[low] > values[high] - value ? high : low;
}

function showValues(event, figure, svg, tip, series) {
  const box = svg.getBoundingClientRect();
  const pointer = (event.clientX - box.left) / box.width * WIDTH;
  const named = series.filter((s) => s.kind !== "pale" && s.x.length);
  if (!named.length || pointer < LEFT - 4) return hideValues(svg, tip);
  const [first, last] = [svg.toX(0), svg.toX(1)];
  const wanted = (pointer - first) / (last - first);
  // All series tell the value at the place where the first has one.
  const at = named[0].x[nearest(named[0].x, wanted)];
  tip.replaceChildren(make("b", {}, `iteration ${at.toLocaleString("en")}`));
  for (const one of named) {
    const i = nearest(one.x, at);
    if (one.kind === "dots" && one.x[i] !== at) continue;
    const where = one.x[i] === at ? "" : ` (${one.x[i].toLocaleString("en")})`;
    tip.append(make("div", {}, ...nameOf(one), ` ${short(one.y[i])}${where}`));
  }
  tip.hidden = false;
  const left = event.clientX - figure.getBoundingClientRect().left;
  const room = figure.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(4, Math.min(left + 14, room))}px`;
  tip.style.top = "3rem";
  svg.querySelector(".cross")?.remove();
  const px = svg.toX(at);
  svg.append(makeSvg("line", {class: "cross", x1: px, x2: px, y1: TOP, y2: HEIGHT - BOTTOM}));
}

function hideValues(svg, tip) {
  tip.hidden = true;
  svg.querySelector(".cross")?.remove();
}
