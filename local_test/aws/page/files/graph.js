// A state machine: every state a box, what was taken drawn strongly, the current state lit.

import { drawn } from "./elements.js";

const [WIDE, HIGH, GAP_X, GAP_Y, LANE] = [176, 36, 22, 26, 9];
const LINE = 22; // letters in a line of a label
const MARKS = { running: "●", done: "✓", failed: "✕" };

export function graph(nodes, edges, states) {
  const placed = new Map(nodes.map((node) => [node.name, node]));
  const shown = edges.filter((edge) => edge.taken || !edge.caught);
  const lanes = laneOf(shown.filter((edge) => !near(edge, placed)), placed);
  const columns = Math.max(...nodes.map((node) => node.column)) + 1;
  const rows = Math.max(...nodes.map((node) => node.row)) + 1;
  const right = columns * (WIDE + GAP_X) - GAP_X;
  const spot = (name) => {
    const { column, row } = placed.get(name);
    return [column * (WIDE + GAP_X) + WIDE / 2, row * (HIGH + GAP_Y)];
  };
  const route = (edge) => {
    const [[x, y], [toX, toY]] = [spot(edge.source), spot(edge.target)];
    const lane = lanes.get(edge);
    const tip = "m-3.5,-5 l3.5,5 l3.5,-5";
    if (!lane) {
      const half = (toY - y - HIGH) / 2;
      return `M${x},${y + HIGH} C${x},${y + HIGH + half} ${toX},${toY - half} ${toX},${toY} ${tip}`;
    }
    const at = lane.left ? -LANE * (lane.number + 1) - 6 : right + LANE * (lane.number + 1) + 6;
    return `M${x},${y + HIGH} v${GAP_Y * 0.35} H${at} V${toY - GAP_Y * 0.4} H${toX} V${toY} ${tip}`;
  };
  const lines = shown
    .toSorted((one, other) => one.taken - other.taken)
    .map((edge) => drawn("path", {
      class: ["edge", edge.caught && "caught", edge.taken && "taken"].filter(Boolean).join(" "),
      d: route(edge),
      "data-from": edge.source,
      "data-to": edge.target,
    }));
  const boxes = nodes.map((node) => box(node, spot(node.name), states[node.name]));
  const beside = (left) => 12 + LANE * (1 + Math.max(-1, ...[...lanes.values()]
    .filter((lane) => lane.left === left).map((lane) => lane.number)));
  const [x, y, width, height] = [
    -beside(true), -4, beside(true) + right + beside(false), rows * (HIGH + GAP_Y) - GAP_Y + 8,
  ];
  const view = { viewBox: `${x} ${y} ${width} ${height}`, width, height };
  return drawn("svg", { ...view, class: "graph", role: "img", "aria-label": "state machine" }, ...lines, ...boxes);
}

function box(node, [x, y], state) {
  const lines = wrapped(node.name);
  const label = lines.map((line, at) =>
    drawn("text", { x: x + (state ? 5 : 0), y: y + HIGH / 2 + 4 + (at - (lines.length - 1) / 2) * 14, "text-anchor": "middle" }, line));
  const mark = state ? [drawn("text", { class: "mark", x: x - WIDE / 2 + 11, y: y + 14, "text-anchor": "middle" }, MARKS[state])] : [];
  const tooltip = drawn("title", {}, `${node.name} (${node.kind}): ${state ?? "not entered"}`);
  const frame = drawn("rect", { x: x - WIDE / 2, y, width: WIDE, height: HIGH, rx: node.kind === "Choice" ? HIGH / 2 : 6 });
  return drawn("g", { class: `state ${state ?? ""}`.trim(), "data-state": node.name }, tooltip, frame, ...mark, ...label);
}

// At most two lines, as even as words allow.
function wrapped(name) {
  if (name.length <= LINE) return [name];
  const cuts = [...name.matchAll(/[ _-]/g)].map((found) => found.index + 1);
  const unevenness = (cut) => Math.abs(name.length / 2 - cut);
  const cut = cuts.sort((one, other) => unevenness(one) - unevenness(other))[0] ?? name.length;
  return [name.slice(0, cut), name.slice(cut)].map((line) => line.trim()).filter(Boolean)
    .map((line) => (line.length > LINE ? `${line.slice(0, LINE - 1)}…` : line));
}

// From one row to the next, or straight down past no other state.
function near({ source, target }, placed) {
  const [from, to] = [placed.get(source), placed.get(target)];
  if (to.row === from.row + 1) return true;
  const between = [...placed.values()].some((node) =>
    node.column === from.column && node.row > from.row && node.row < to.row);
  return to.row > from.row && to.column === from.column && !between;
}

// Edge → the lane beside the states that it goes through; those to one state share one.
function laneOf(edges, placed) {
  const groups = new Map();
  for (const edge of edges) {
    const [from, to] = [placed.get(edge.source), placed.get(edge.target)];
    const left = to.row > from.row && from.column === 0;
    const key = `${left} ${edge.target}`;
    const group = groups.get(key) ?? { left, edges: [], top: Infinity, bottom: -Infinity };
    group.edges.push(edge);
    group.top = Math.min(group.top, from.row, to.row);
    group.bottom = Math.max(group.bottom, from.row, to.row);
    groups.set(key, group);
  }
  const lanes = new Map();
  const given = [];
  const length = (group) => group.bottom - group.top;
  for (const group of [...groups.values()].sort((one, other) => length(one) - length(other))) {
    const beside = given.filter((other) =>
      other.left === group.left && other.top <= group.bottom && group.top <= other.bottom);
    group.number = 0;
    while (beside.some((other) => other.number === group.number)) group.number += 1;
    given.push(group);
    for (const edge of group.edges) lanes.set(edge, group);
  }
  return lanes;
}
