// A metric over time.

import { clock, drawn, element } from "./elements.js";

const [WIDTH, HEIGHT] = [400, 170];
const EDGE = { left: 52, right: 14, top: 12, bottom: 24 };
const MANY = 60; // points, whose dots are small
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const TIMES = [
  1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY,
];

export function chart({ name, unit, statistic, points, threshold }, { from, to, period }) {
  const values = points.map(([, value]) => value);
  const levels = [...values, ...(threshold === undefined ? [] : [threshold])];
  const marks = scale(Math.min(...levels), Math.max(...levels), statistic === "Sum");
  const [low, high] = [marks[0], marks.at(-1)];
  const [first, last] = to > from ? [from, to] : [from - 1, from + 1];
  const x = (time) => EDGE.left + ((time - first) / (last - first)) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value) => HEIGHT - EDGE.bottom - ((value - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const grid = marks.flatMap((value) => [
    drawn("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(value), y2: y(value) }),
    drawn("text", { x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)),
  ]);
  const hours = times(first, last).flatMap(([time, label]) => [
    drawn("line", { class: "tick", x1: x(time), x2: x(time), y1: HEIGHT - EDGE.bottom, y2: HEIGHT - EDGE.bottom + 4 }),
    drawn("text", { x: x(time), y: HEIGHT - 6, "text-anchor": "middle" }, label),
  ]);
  const limit = threshold === undefined ? [] : [
    drawn("line", { class: "limit", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(threshold), y2: y(threshold) }),
    drawn("text", { class: "limit-name", x: EDGE.left + 4, y: y(threshold) + (y(threshold) < 30 ? 14 : -5) }, `threshold ${number(threshold)}`),
  ];
  const line = drawn("polyline", { points: points.map(([time, value]) => `${x(time)},${y(value)}`).join(" ") });
  const r = points.length > MANY ? 1.5 : 3;
  const dots = points.map(([time, value]) =>
    drawn("circle", { cx: x(time), cy: y(value), r }, drawn("title", {}, `${number(value)} at ${clock(time)}`)));
  const per = statistic === "Sum" ? "per" : `${statistic.toLowerCase()} per`;
  const caption = element("figcaption", {},
    element("b", {}, name),
    ` ${unit ? `in ${unit}, ` : ""}${per} ${stretch(period)}; last: ${number(values.at(-1))}`);
  const view = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${name} over time` };
  return element("figure", { "data-metric": name }, caption,
    drawn("svg", view, ...grid, ...hours, line, ...dots, ...limit));
}

export function stretch(seconds) {
  const [count, word] = seconds % DAY === 0 ? [seconds / DAY, "day"]
    : seconds % HOUR === 0 ? [seconds / HOUR, "hour"]
      : seconds % MINUTE === 0 ? [seconds / MINUTE, "minute"] : [seconds, "second"];
  return count === 1 ? word : `${count} ${word}s`;
}

function number(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 4, notation: Math.abs(value) >= 1e5 ? "compact" : "standard" });
}

// Round numbers around all values; counts begin at 0.
function scale(least, most, counts) {
  const low = counts ? Math.min(0, least) : least;
  const size = most - low || Math.abs(most) || 1;
  const rough = 10 ** Math.floor(Math.log10(size / 3));
  const wanted = [1, 2, 5, 10].map((factor) => factor * rough).find((one) => size / one <= 4);
  const step = counts ? Math.max(1, wanted) : wanted;
  const begin = Math.floor(low / step);
  const end = Math.max(Math.ceil(most / step), begin + 1);
  return Array.from({ length: end - begin + 1 }, (_, at) => (begin + at) * step);
}

// Round times between the first and the last, with labels.
function times(first, last) {
  const step = TIMES.find((one) => (last - first) / one <= 5) ?? Math.ceil((last - first) / 5 / DAY) * DAY;
  const found = [];
  for (let time = Math.ceil(first / step) * step; time <= last; time += step) {
    const [day, hour] = new Date(time * 1000).toISOString().split("T");
    found.push([time, step >= DAY ? day.slice(5) : hour.slice(0, step < MINUTE ? 8 : 5)]);
  }
  return found;
}
