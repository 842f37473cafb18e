// Shows what /_local/page/api answers, again every second; an address's # says what is chosen.

const REFRESH_MS = 1000;
const region = new URLSearchParams(location.search).get("region") ?? "us-east-1";
const GOOD = ["InService", "Completed", "SUCCEEDED", "OK"];
const BAD = ["Failed", "FAILED", "TIMED_OUT", "ABORTED", "Stopped", "ALARM", "RollingBack"];
const SVG = "http://www.w3.org/2000/svg";

let chosen = decodeURIComponent(location.hash.slice(1));
let shownDetail = "";

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function tone(status) {
  if (GOOD.includes(status)) return "good";
  return BAD.includes(status) ? "bad" : "busy";
}

async function ask(path, parameters = {}) {
  const query = new URLSearchParams({ region, ...parameters });
  const answer = await fetch(`api/${path}?${query}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// Lists

function entry(key, name, status, ...more) {
  const parts = [
    element("span", { className: "name", textContent: name }),
    element("span", { className: `status ${tone(status)}`, textContent: status }),
    ...more,
  ];
  const button = element("button", { type: "button", onclick: () => choose(key) }, ...parts);
  button.setAttribute("aria-pressed", String(key === chosen));
  return element("li", {}, button);
}

function note(text) {
  return element("span", { className: "note", textContent: text });
}

function fleet(found) {
  const share = Math.round(found.weight * 100);
  const bar = element("span", { className: "bar" }, element("i"));
  bar.firstChild.style.width = `${Math.min(share, 100)}%`;
  return element(
    "span",
    { className: "fleet" },
    element("span", { textContent: `${found.config} · ${found.instances} of ${found.wanted}` }),
    bar,
    element("span", { textContent: `${share} %` }),
  );
}

function withShares(fleets) {
  const total = fleets.reduce((sum, one) => sum + one.weight, 0) || 1;
  return fleets.map((one) => ({ ...one, weight: one.weight / total }));
}

function fill(id, entries) {
  const list = document.getElementById(id);
  const nothing = element("li", { className: "empty", textContent: "None." });
  const focused = list.contains(document.activeElement)
    ? [...list.querySelectorAll("button")].indexOf(document.activeElement)
    : -1;
  list.replaceChildren(...(entries.length ? entries : [nothing]));
  if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
}

function showLists(found) {
  document.getElementById("about").textContent =
    `${found.url} · ${region} · engine: ${found.engine} · ${found.time.replace("T", " ").slice(0, 19)} UTC`;
  fill("endpoints", found.endpoints.map((one) =>
    entry(`endpoint/${one.name}`, one.name, one.status, ...withShares(one.fleets).map(fleet))));
  fill("executions", found.executions.map((one) =>
    entry(`execution/${one.arn}`, one.name, one.status, note(one.machine))));
  fill("jobs", found.jobs.map((one) =>
    entry(`job/${one.log_group}|${one.name}`, one.name, one.status, note(one.reason || one.kind))));
  fill("alarms", found.alarms.map((one) =>
    entry(`alarm/${one.name}`, one.name, one.state, note(one.reason))));
}

// Details

const DETAILS = {
  async endpoint(name, found) {
    const one = found.endpoints.find((endpoint) => endpoint.name === name);
    const { metrics } = await ask("endpoint", { name });
    return [
      title(name, one?.status ?? "gone"),
      ...reason(one?.reason),
      ...(one ? withShares(one.fleets).map(fleet) : []),
      charts(metrics),
    ];
  },
  async execution(arn) {
    const one = await ask("execution", { arn });
    const steps = one.steps.map((step) =>
      `${step.time.slice(11, 19)}  ${step.name || step.event}${step.error ? `: ${step.error}` : ""}`);
    return [
      title(one.name, one.status),
      ...reason([one.error, one.cause].filter(Boolean).join("\n")),
      graph(one.graph, one.states),
      element("h2", { textContent: "Steps" }),
      element("pre", { textContent: steps.join("\n") }),
      element("h2", { textContent: "Output" }),
      element("pre", { textContent: pretty(one.output) || "Not yet." }),
    ];
  },
  async job(key, found) {
    const [group, name] = key.split("|");
    const one = found.jobs.find((job) => job.name === name);
    const { log, metrics } = await ask("job", { group, name });
    return [
      title(name, one?.status ?? ""),
      ...reason(one?.reason),
      charts(metrics),
      element("pre", { textContent: log.join("\n") || "Nothing logged." }),
    ];
  },
  async alarm(name, found) {
    const one = found.alarms.find((alarm) => alarm.name === name);
    return [title(name, one?.state ?? "gone"), element("p", { textContent: one?.reason ?? "" })];
  },
};

function title(name, status) {
  const mark = element("span", { className: `status ${tone(status)}`, textContent: ` ${status}` });
  return element("h3", { textContent: name }, mark);
}

function reason(text) {
  return text ? [element("p", { className: "reason", textContent: text })] : [];
}

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

function charts(metrics) {
  const figures = Object.entries(metrics)
    .filter(([, points]) => points.length)
    .map(([name, points]) => chart(name, points));
  return element("div", { className: "charts" }, ...figures);
}

function chart(name, points) {
  const [width, height, edge] = [280, 90, 6];
  const times = points.map(([time]) => time);
  const values = points.map(([, value]) => value);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  const x = (time) => edge + ((time - first) / (last - first || 1)) * (width - 2 * edge);
  const y = (value) => height - edge - ((value - low) / (high - low || 1)) * (height - 2 * edge);
  const path = points.map(([time, value]) => `${x(time)},${y(value)}`).join(" ");
  const dots = points.map(([time, value]) =>
    drawn("circle", { cx: x(time), cy: y(value), r: 2.5, fill: "var(--busy)" }));
  const line = drawn("polyline", { points: path, fill: "none", stroke: "var(--busy)", "stroke-width": 1.5 });
  const picture = drawn("svg", { width, height, role: "img", "aria-label": name }, line, ...dots);
  const newest = values.at(-1).toLocaleString("en", { maximumFractionDigits: 3 });
  return element("figure", {}, element("figcaption", { textContent: `${name}: ${newest}` }), picture);
}

function graph({ nodes, edges }, states) {
  const [wide, high, gapX, gapY] = [190, 30, 24, 22];
  const placed = new Map(nodes.map((node) => [node.name, {
    ...node,
    x: 10 + node.column * (wide + gapX),
    y: 10 + node.row * (high + gapY),
  }]));
  const rows = Math.max(...nodes.map((node) => node.row)) + 1;
  const columns = Math.max(...nodes.map((node) => node.column)) + 1;
  const lines = edges.map((edge) => {
    const [from, to] = [placed.get(edge.source), placed.get(edge.target)];
    const taken = states[edge.source] && states[edge.target];
    if (edge.caught && !taken) return "";
    const start = [from.x + wide / 2, from.y + high];
    const end = [to.x + wide / 2, to.y];
    const back = to.row <= from.row;
    const middle = back ? Math.max(from.x, to.x) + wide + 14 : null;
    const route = back
      ? `M${from.x + wide},${from.y + high / 2} C${middle},${from.y} ${middle},${to.y + high} ${to.x + wide},${to.y + high / 2}`
      : `M${start} C${start[0]},${start[1] + 14} ${end[0]},${end[1] - 14} ${end}`;
    const kinds = ["edge", edge.caught && "caught", taken && "taken"].filter(Boolean);
    return drawn("path", { class: kinds.join(" "), d: route });
  }).filter(Boolean);
  const boxes = [...placed.values()].map((node) => {
    const label = drawn("text", { x: node.x + wide / 2, y: node.y + high / 2 + 4, "text-anchor": "middle" });
    label.textContent = node.name.length > 27 ? `${node.name.slice(0, 26)}…` : node.name;
    const tooltip = drawn("title");
    tooltip.textContent = `${node.name} (${node.kind}) ${states[node.name] ?? "not entered"}`;
    return drawn(
      "g",
      { class: `state ${states[node.name] ?? ""}`, "data-state": node.name },
      tooltip,
      drawn("rect", { x: node.x, y: node.y, width: wide, height: high }),
      label,
    );
  });
  const size = { width: 20 + columns * (wide + gapX), height: 20 + rows * (high + gapY) };
  return drawn("svg", { ...size, role: "img", "aria-label": "state machine" }, ...lines, ...boxes);
}

// Keeping up

function choose(key) {
  chosen = key;
  location.hash = encodeURIComponent(key);
  refresh();
}

async function showDetail(found) {
  if (!chosen) return;
  const [kind, name] = [chosen.slice(0, chosen.indexOf("/")), chosen.slice(chosen.indexOf("/") + 1)];
  const asked = chosen;
  const parts = await DETAILS[kind](name, found);
  const detail = document.getElementById("detail");
  const text = parts.map((part) => part.outerHTML).join("");
  if (asked !== chosen || text === shownDetail) return;
  shownDetail = text;
  const { scrollTop, scrollLeft } = detail;
  detail.replaceChildren(...parts);
  Object.assign(detail, { scrollTop, scrollLeft });
}

async function refresh() {
  try {
    const found = await ask("overview");
    showLists(found);
    await showDetail(found);
    document.getElementById("lost").hidden = true;
  } catch (error) {
    console.error(error);
    document.getElementById("lost").hidden = false;
  }
}

async function follow() {
  await refresh();
  setTimeout(follow, REFRESH_MS);
}

follow();
