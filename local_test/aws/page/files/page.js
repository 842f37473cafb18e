// Shows what /_local/page/api answers, again every second; the address says what is chosen.

import { chart } from "./chart.js";
import { clock, drawn, element, lasted, update } from "./elements.js";
import { graph } from "./graph.js";

const REFRESH_MS = 1000;
const GOOD = ["InService", "Completed", "SUCCEEDED", "OK"];
const BAD = ["Failed", "FAILED", "TIMED_OUT", "ABORTED", "Stopped", "ALARM", "RollingBack", "UpdateRollbackFailed"];
const QUIET = ["INSUFFICIENT_DATA", "gone"];
const RANGES = [["0", "since its creation"], ["24", "last day"], ["1", "last hour"]];

let region = new URLSearchParams(location.search).get("region") ?? "";
let shown = ""; // what the details show now
const detail = document.getElementById("detail");

async function ask(path, parameters = {}) {
  const answer = await fetch(`api/${path}?${new URLSearchParams({ region, ...parameters })}`);
  const found = await answer.json();
  if (!answer.ok) throw new Refused(found.error);
  return found;
}

class Refused extends Error {}

// Lists

function tone(status) {
  if (GOOD.includes(status)) return "good";
  if (QUIET.includes(status)) return "quiet";
  return BAD.includes(status) ? "bad" : "busy";
}

function mark(status) {
  return element("span", { class: `status ${tone(status)}` }, status);
}

function note(text) {
  return text ? [element("span", { class: "note" }, text)] : [];
}

function link(chosen) {
  return `#${new URLSearchParams(chosen)}`;
}

function entry(chosen, status, ...more) {
  const href = link(chosen);
  const here = new URLSearchParams(location.hash.slice(1));
  const current = Object.entries(chosen).every(([key, value]) => here.get(key) === value);
  const inner = [element("span", { class: "name" }, chosen.name), mark(status), ...more];
  return element("li", {}, element("a", { href, "aria-current": current ? "true" : undefined }, ...inner));
}

function fleet({ config, variant, instances, wanted, share }) {
  const percent = `${Math.round(share * 100)} %`;
  const bar = drawn("svg", { class: "bar", role: "img", "aria-label": `${percent} of the traffic` },
    drawn("rect", { width: `${share * 100}%`, height: "100%" }));
  const name = variant ? `${config} ${variant}` : config;
  return element("span", { class: "fleet" },
    element("span", {}, `${name} · ${instances} of ${wanted} ${wanted === 1 ? "instance" : "instances"}`),
    bar,
    element("span", { class: "share" }, percent));
}

function fill(id, entries, nothing) {
  const empty = element("li", { class: "empty" }, nothing);
  update(document.getElementById(id), entries.length ? entries : [empty]);
}

function showLists(found) {
  const about = `${found.time.replace("T", " ").slice(0, 19)} UTC · engine: ${found.engine} · ${found.url}`;
  update(document.getElementById("about"), [new Text(about)]);
  const select = document.getElementById("region");
  update(select, found.regions.map((name) => element("option", { value: name }, name)));
  select.value = region;
  fill("endpoints", found.endpoints.map((one) =>
    entry({ kind: "endpoint", name: one.name }, one.status, ...note(one.reason), ...one.fleets.map(fleet))),
  `No endpoint in ${region}.`);
  fill("executions", found.executions.map((one) =>
    entry({ kind: "execution", arn: one.arn, name: one.name }, one.status, ...note(one.machine))),
  `No state machine has run in ${region}.`);
  fill("jobs", found.jobs.map((one) =>
    entry({ kind: "job", type: one.type, name: one.name }, one.status,
      ...note(`${one.type}, ${one.started.slice(11, 19)}`), ...note(firstLine(one.reason)))),
  `No job in ${region}.`);
  fill("alarms", found.alarms.map((one) =>
    entry({ kind: "alarm", name: one.name }, one.state, ...note(one.reason))),
  `No alarm in ${region}.`);
}

// Details

const DETAILS = {
  async endpoint({ name, hours = "0" }, found) {
    const one = found.endpoints.find((endpoint) => endpoint.name === name);
    if (!one) return [title(name, "gone")];
    const { story, log, window, charts } = await ask("endpoint", { name, hours });
    const ranges = RANGES.map(([value, label]) => element("a", {
      href: link({ kind: "endpoint", name, hours: value }),
      "aria-current": value === hours ? "true" : undefined,
    }, label));
    return [
      title(name, one.status),
      ...reason(one.reason),
      element("div", { class: "fleets" }, ...one.fleets.map(fleet)),
      element("h4", {}, "Metrics ", element("span", { class: "ranges" }, ...ranges)),
      ...drawings(charts, window, "Nobody has asked it for a prediction in this time."),
      element("h4", {}, "What happened"),
      element("table", {}, element("tbody", {}, ...story.toReversed().map(chapter))),
      ...logs(log),
    ];
  },
  async execution({ arn }) {
    const one = await ask("execution", { arn });
    const current = Object.keys(one.states).filter((name) => one.states[name] === "running");
    const took = one.seconds === null ? "" : `, took ${lasted(one.seconds)}`;
    return [
      title(one.name, one.status),
      element("p", { class: "note" }, `${one.machine}${took}`),
      ...reason([one.error, one.cause].filter(Boolean).join(": ")),
      ...(current.length ? [element("p", { class: "now" }, `Now: ${current.join(", ")}`)] : []),
      element("div", { class: "columns" },
        element("div", { class: "drawing" }, legend(), graph(one.nodes, one.edges, one.states)),
        element("div", { class: "texts" },
          element("h4", {}, "Input"), text(pretty(one.input)),
          element("h4", {}, "Output"), text(pretty(one.output) || "None."),
          element("h4", {}, "Steps"), element("table", {}, element("tbody", {}, ...one.steps.map(step))))),
    ];
  },
  async job({ type, name }) {
    const one = await ask("job", { type, name });
    const doing = one.doing && one.doing !== one.status ? ` (${one.doing})` : "";
    const took = one.seconds === null ? "" : `, took ${lasted(one.seconds)}`;
    const settings = Object.entries(one.settings).map(([key, value]) =>
      element("tr", {}, element("th", {}, key), element("td", {}, value)));
    return [
      title(name, one.status),
      element("p", { class: "note" }, `${type} job${doing}, began ${one.began.replace("T", " ").slice(0, 19)}${took}`),
      ...reason(one.reason, one.status),
      ...(one.charts.length ? [element("h4", {}, "Metrics"), ...drawings(one.charts, one.window)] : []),
      ...(settings.length ? [element("h4", {}, type === "training" ? "Hyperparameters" : "Environment"),
        element("table", {}, element("tbody", {}, ...settings))] : []),
      ...logs(one.log),
    ];
  },
  async alarm({ name }, found) {
    const one = found.alarms.find((alarm) => alarm.name === name);
    if (!one) return [title(name, "gone")];
    const { watches, window, charts } = await ask("alarm", { name });
    return [title(name, one.state), ...note(watches), ...reason(one.reason, one.state),
      ...drawings(charts, window, "Nothing to draw: its metric has no recent values.")];
  },
};

function title(name, status) {
  return element("h3", {}, name, " ", mark(status));
}

function reason(text, status = "Failed") {
  if (!text) return [];
  const rest = text.slice(firstLine(text).length).trim();
  return [
    element("p", { class: `reason ${tone(status)}` }, firstLine(text)),
    ...(rest ? [element("pre", {}, rest)] : []),
  ];
}

function firstLine(text) {
  return text.split("\n", 1)[0];
}

function text(content) {
  return element("pre", {}, content);
}

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

function drawings(charts, window, nothing) {
  if (!charts.length) return [element("p", { class: "empty" }, nothing)];
  return [element("div", { class: "charts" }, ...charts.map((one) => chart(one, window)))];
}

function legend() {
  const words = [["running", "● running"], ["done", "✓ done"], ["failed", "✕ failed"], ["", "not entered"]];
  return element("p", { class: "legend" }, ...words.map(([state, word]) => element("span", { class: `key ${state}` }, word)));
}

function step({ seconds, name, event, error, cause }) {
  const entered = event.endsWith("StateEntered");
  const failure = element("td", { class: "failure" }, `${name}: ${error || event}`, element("br"), cause);
  return element("tr", {}, element("th", {}, lasted(seconds)), entered ? element("td", {}, name) : failure);
}

function chapter({ time, happened, fleets }) {
  const shares = fleets.map((one) => `${one.config} ${Math.round(one.part * 100)} %`).join(", ");
  return element("tr", {}, element("th", {}, time.slice(11, 19)), element("td", {}, happened, ...note(shares)));
}

function logs(hosts) {
  const written = hosts.filter((one) => one.lines.length);
  if (!written.length) return [element("h4", {}, "Log"), element("p", { class: "empty" }, "Nothing logged yet.")];
  return written.flatMap(({ host, lines }) => [
    element("h4", {}, "Log of ", element("span", { class: "host" }, host)), element("pre", { class: "log", tabindex: "0" }, lines.join("\n")),
  ]);
}

// Keeping up

async function showDetail(found) {
  const asked = location.hash;
  const chosen = Object.fromEntries(new URLSearchParams(asked.slice(1)));
  document.body.classList.toggle("chosen", Object.hasOwn(DETAILS, chosen.kind ?? ""));
  const parts = await detailOf(chosen, found);
  if (asked !== location.hash) return;
  const same = shown === asked;
  if (!same) {
    detail.replaceChildren();
    detail.scrollTop = 0;
  }
  shown = asked;
  const followed = !same || inSight(detail.querySelector(".state.running"));
  const read = new Set([...detail.querySelectorAll("pre.log")].filter((log) => !atEnd(log)));
  update(detail, parts);
  for (const log of detail.querySelectorAll("pre.log")) if (!read.has(log)) log.scrollTop = log.scrollHeight;
  const lit = detail.querySelector(".state.running");
  if (followed && lit && !inSight(lit)) lit.scrollIntoView({ block: "center" });
}

async function detailOf(chosen, found) {
  if (!Object.hasOwn(DETAILS, chosen.kind ?? "")) {
    return [element("p", { class: "empty" }, "Choose an endpoint, an execution, a job or an alarm.")];
  }
  const back = element("a", { class: "back", href: "#" }, "← All");
  try {
    return [back, ...(await DETAILS[chosen.kind](chosen, found))];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return [back, element("h3", {}, chosen.name ?? chosen.kind), ...reason(error.message)];
  }
}

function atEnd(log) {
  return log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
}

function inSight(part) {
  if (!part) return false;
  const { top, bottom } = part.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}

async function refresh() {
  const lost = document.getElementById("lost");
  try {
    const found = await ask("overview");
    region = found.region;
    showLists(found);
    await showDetail(found);
    lost.hidden = true;
  } catch (error) {
    if (error instanceof Refused) update(detail, reason(error.message));
    else if (error instanceof TypeError && !lost.hidden) return;
    else console.error(error);
    lost.hidden = error instanceof Refused;
  }
}

async function follow() {
  await refresh();
  setTimeout(follow, REFRESH_MS);
}

document.getElementById("region").addEventListener("change", ({ target }) => {
  location.assign(`?${new URLSearchParams({ region: target.value })}`);
});
addEventListener("hashchange", refresh);
follow();
