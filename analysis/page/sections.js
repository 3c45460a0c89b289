// The parts of the page, from the data that the program put into it.

const runs = data.runs;
const colorOf = (index) => `var(--run${index % 6})`;
const named = (index, what) => runs.length > 1 ? `${runs[index].name}: ${what}` : what;

// One part for each run, under its name where there are several.
function ofEachRun(build) {
  return runs.flatMap((run, index) => {
    const parts = build(run, index);
    return runs.length > 1 ? [make("h3", {}, run.name), ...parts] : parts;
  });
}

// Summary

const known = (value, tell) => value === null ? null : tell(value);

const accuracy = (test) => test ? `${percent(test.top1)} (${short(test.correct_top1)} of ${short(test.count)})` : null;

// What a row says of a run; null where it has nothing to say.
const SUMMARY = [
  ["config", (run) => run.record.config],
  ["status", (run) => run.record.status],
  ["test accuracy", (run) => accuracy(run.record.test)],
  ["test accuracy, reported", (run) => run.reported?.test_accuracy && `${percent(run.reported.test_accuracy)} (step ${run.reported.step})`],
  ["test accuracy, moving average of weights", (run) => accuracy(run.record.test_ema)],
  ["test accuracy, mean of weights (SWA)", (run) => accuracy(run.record.test_swa)],
  ["test accuracy, top 5", (run) => run.record.test && percent(run.record.test.top5)],
  ["test loss", (run) => run.record.test && short(run.record.test.loss)],
  ["calibration error", (run) => run.images && percent(run.images.evaluation.expected_calibration_error)],
  ["best checkpoint", (run) => run.record.best && `${run.record.best.checkpoint}, minival loss ${short(run.record.best.minival_loss)}`],
  ["parameters", (run) => short(run.record.parameters)],
  ["parameters reported", (run) => run.reported?.parameters && `${run.reported.parameters} M`],
  ["iterations", (run) => run.iterations ? short(run.iterations) : null],
  ["one iteration (median)", (run) => known(run.medians.milliseconds, (ms) => `${short(ms)} ms`)],
  ["one iteration, reported", (run) => run.reported?.milliseconds && `${short(run.reported.milliseconds)} ms on ${run.reported.hardware}`],
  ["images a second (median)", (run) => known(run.medians.images_per_second, short)],
  ["waiting for data (median)", (run) => known(run.medians.data_wait, percent)],
  ["wall time", (run) => run.record.wall_seconds ? duration(run.record.wall_seconds) : null],
  ["seed", (run) => String(run.record.seed)],
];

function summaryTable() {
  const head = make("tr", {}, make("th"));
  runs.forEach((run, index) => {
    head.append(make("th", {}, make("span", {class: "swatch", style: `background:${colorOf(index)}`}), run.name));
  });
  const body = make("tbody");
  for (const [title, tell] of SUMMARY) {
    const cells = runs.map((run) => tell(run));
    if (cells.every((cell) => !cell)) continue;
    body.append(make("tr", {}, make("th", {}, title), ...cells.map((cell) => make("td", {}, cell || "–"))));
  }
  return make("div", {class: "scroll"}, make("table", {}, make("thead", {}, head), body));
}

// Curves

// A column of metrics.csv of each run, with the reported values as circles.
function metricSeries(column, {smoothed = false, reported = false} = {}) {
  const series = [];
  runs.forEach((run, index) => {
    const curve = run.curves[column], color = colorOf(index);
    if (!curve.x.length) return;
    if (smoothed) {
      series.push({name: "", kind: "pale", color, ...curve});
      series.push({name: named(index, "smoothed"), kind: "line", color, ...run.curves[`${column}_smoothed`]});
    } else {
      series.push({name: named(index, column.replaceAll("_", " ")), kind: "line", color, ...curve});
    }
    const logged = reported && run.reported?.logged;
    if (logged && logged[column].some((v) => v !== null)) {
      series.push({name: named(index, "reported"), kind: "dots", color, x: logged.iteration, y: logged[column]});
    }
  });
  return series;
}

// Averages of the weights are dashed; what was evaluated once, as test is, is a circle.
function validationSeries(column) {
  const series = [];
  runs.forEach((run, index) => {
    for (const [split, curves] of Object.entries(run.validation)) {
      const curve = curves[column], kind = curve.x.length > 1 ? "line" : "dots";
      const dash = split.endsWith("_ema") ? "6 3" : split.endsWith("_swa") ? "2 3" : "none";
      series.push({name: named(index, split.replaceAll("_", " ")), kind, dash, color: colorOf(index), ...curve});
    }
  });
  return series;
}

function curves() {
  const charts = [
    {title: "Training loss", series: metricSeries("loss", {smoothed: true, reported: true})},
    {title: "Validation loss", series: validationSeries("loss")},
    {title: "Validation accuracy", series: validationSeries("top1")},
    {title: "Learning rate", series: metricSeries("learning_rate", {reported: true})},
    {title: "Gradient norm, before clipping", series: metricSeries("gradient_norm", {smoothed: true}), logAtFirst: true},
    {title: "Images a second", series: metricSeries("images_per_second")},
    {title: "Share of time waiting for data", series: metricSeries("data_wait")},
  ];
  const grid = make("div", {class: "charts"});
  for (const one of charts) if (one.series.length) grid.append(chart(one));
  const notes = [];
  if (runs.some((run) => run.reported)) notes.push("Circles are what was reported.");
  for (const run of runs) {
    if (run.neighbours > 1) notes.push(`Of ${run.name} the lowest and the highest of every ${run.neighbours} logged values are drawn.`);
  }
  return [make("p", {class: "quiet"}, notes.join(" ")), grid];
}

// Pictures

function inputs(run) {
  if (!run.images) return [make("p", {class: "quiet"}, run.missing)];
  const grid = make("div", {class: "pictures single"});
  run.images.inputs.forEach((source, i) => grid.append(picture(source, `input ${i}`)));
  return [make("p", {class: "quiet"}, "The first images of the first batch as the model gets them: cropped, augmented and mixed as configured."), grid];
}

function example(item) {
  const isRight = item.truth === item.prediction;
  const answer = make("span", {class: isRight ? "right" : "wrong"}, item.prediction);
  const caption = make("figcaption", {}, answer, ` ${percent(item.probability)}`);
  if (!isRight) caption.append(make("br"), `is ${item.truth}`);
  const alt = `image ${item.index}, ${item.truth}`;
  return make("figure", {}, make("div", {class: "pair"}, picture(item.picture, alt), picture(item.overlay, `${alt}: attention`)), caption);
}

function predictions(run) {
  if (!run.images) return [make("p", {class: "quiet"}, run.missing)];
  return run.images.groups.flatMap(({title, items}) => {
    if (!items.length) return [];
    const grid = make("div", {class: "pictures"});
    for (const item of items) grid.append(example(item));
    return [make("h3", {}, title), grid];
  });
}

// Confusion matrix and calibration

const MANY = 24;  // classes, from which on cells have no numbers

function confusion(classes) {
  const isMany = classes.length > MANY;
  const head = make("tr", {}, make("th"));
  for (const {name} of classes) head.append(make("th", {title: name}, make("span", {}, isMany ? "" : name)));
  const body = make("tbody");
  classes.forEach((row, i) => {
    const counts = new Array(classes.length).fill(0);
    counts[i] = row.correct;
    for (const [j, count] of row.mistakes) counts[j] = count;
    const cells = counts.map((count, j) => {
      const share = row.count ? count / row.count : 0;
      const color = share > 0.55 ? "var(--ground)" : "inherit";
      return make("td", {
        title: `${row.name} taken for ${classes[j].name}: ${count} of ${row.count}`,
        class: i === j ? "diagonal" : "",
        style: `background:rgba(var(--heat),${share.toFixed(3)});color:${color}`,
      }, isMany || !count ? "" : String(count));
    });
    body.append(make("tr", {}, make("th", {title: row.name}, row.name), ...cells));
  });
  const kind = isMany ? "confusion many" : "confusion";
  return make("div", {class: "scroll"}, make("table", {class: kind}, make("thead", {}, head), body));
}

// The worst classes and the most frequent confusions, where a matrix could not be read.
function theWorst(worst) {
  const of = (count, all) => `${short(count)} of ${short(all)}`;
  const classes = worst.listed.map((one) => [one.name, of(one.correct, one.count), one.taken_for ?? "–"]);
  const confusions = worst.confusions_listed.map((one) => [one.is, one.taken_for, of(one.count, one.of)]);
  const shown = worst.confusions_listed.reduce((sum, one) => sum + one.count, 0);
  return [
    make("h3", {}, "Classes of which the fewest are right"),
    make("p", {class: "quiet"}, `${classes.length} of ${short(worst.classes)} classes, of which ${short(worst.with_mistakes)} are not all right; the others are not shown.`),
    table(["class", "right", "most often taken for"], classes),
    make("h3", {}, "Most frequent confusions"),
    make("p", {class: "quiet"}, `${confusions.length} of ${short(worst.confusions)} pairs of classes, with ${of(shown, worst.wrong)} wrong images; the others are not shown.`),
    table(["is", "taken for", "images of that class"], confusions),
  ];
}

function table(titles, rows) {
  const head = make("tr", {}, ...titles.map((text) => make("th", {}, text)));
  const body = rows.map((row) => make("tr", {}, ...row.map((text) => make("td", {}, text))));
  return make("div", {class: "scroll"}, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
}

function calibration(evaluation) {
  const bins = evaluation.calibration.filter((bin) => bin.count);
  const x = bins.map((bin) => bin.confidence / bin.count), y = bins.map((bin) => bin.correct / bin.count);
  const rows = bins.map((bin, i) => [percent(x[i]), percent(y[i]), short(bin.count)]);
  return make("details", {}, make("summary", {}, `Calibration error ${percent(evaluation.expected_calibration_error)}`),
              table(["mean probability", "right", "images"], rows));
}

function mistakes(run) {
  if (!run.images) return [make("p", {class: "quiet"}, run.missing)];
  const {evaluation, checkpoint} = run.images;
  const where = `Checkpoint ${checkpoint} on the ${evaluation.split} split`;
  const without = evaluation.left_out ? ` Without ${short(evaluation.left_out)} images that can't be read.` : "";
  if (evaluation.worst) {
    return [make("p", {class: "quiet"}, `${where}.${without}`), ...theWorst(evaluation.worst), calibration(evaluation)];
  }
  return [
    make("p", {class: "quiet"}, `${where}: a row for what images are, a column for what they were taken for.${without}`),
    confusion(evaluation.classes),
    calibration(evaluation),
  ];
}

// How it was made

function provenance(run) {
  const {record} = run;
  const rows = ["data", "device", "cpu_capability", "threads", "precision", "kernels", "libtorch", "git_revision"]
      .filter((key) => key in record)
      .map((key) => make("tr", {}, make("th", {}, key.replaceAll("_", " ")), make("td", {}, String(record[key]))));
  return [
    make("div", {class: "scroll"}, make("table", {}, make("tbody", {}, ...rows))),
    make("details", {}, make("summary", {}, "All fields of the config"), make("pre", {}, run.config)),
    make("p", {}, "To do it again, check that revision out, save the config as config.textproto, and:"),
    make("pre", {}, run.command),
  ];
}

document.title = runs.map((run) => run.name).join(", ");
document.querySelector("h1").textContent = document.title;
document.getElementById("lead").textContent = runs.length > 1 ? `${runs.length} runs side by side` : runs[0].record.data ?? "";
section("summary", "Summary", summaryTable());
section("curves", "Curves", ...curves());
section("inputs", "Inputs", ...ofEachRun(inputs));
section("predictions", "Predictions", make("p", {class: "quiet"},
        "Each picture beside its attention rollout: light where what the model saw counted (arXiv 2005.00928)."), ...ofEachRun(predictions));
section("mistakes", "Mistakes", ...ofEachRun(mistakes));
section("provenance", "Provenance", ...ofEachRun(provenance));
