// The style and the script of report.html. Their hashes are in the page's Content-Security-Policy.
#pragma once

namespace zerosweep {

// Light and dark by the reader's preference; readable on a phone. Colours of the series after Okabe
// and Ito (2008), told apart without colour vision, adapted to both grounds.
inline constexpr const char* kPageStyle = R"css(
:root{color-scheme:light dark;--ground:#fff;--text:#1a1a1a;--dim:#5c5c5c;--rule:#d9d9d9;--band:#f5f5f5;
--c0:#0072b2;--c1:#d55e00;--c2:#007a5a;--c3:#a8478a;--c4:#8a6d00;--c5:#2b6f9e;--c6:#6b4ba1;--c7:#4d4d4d}
@media (prefers-color-scheme:dark){:root{--ground:#16181c;--text:#e8e8e8;--dim:#a8a8a8;--rule:#3a3d44;
--band:#1f2228;--c0:#56b4e9;--c1:#f0883e;--c2:#3fd0a0;--c3:#e08bc4;--c4:#f0e442;--c5:#8ab8ff;--c6:#b79cf0;--c7:#bdbdbd}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:80rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.5rem 0 .5rem}
h1,dd,figcaption,td,pre{overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.25rem 1rem}
dt{color:var(--dim)}dd{margin:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid var(--rule);white-space:nowrap}
.long{white-space:normal;min-width:10rem}
@media (max-width:40rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
tbody tr:hover{background:var(--band)}
.n{text-align:right}
.dim{color:var(--dim)}
th[scope=row]{font-weight:400}
th button,.why{all:unset;cursor:pointer}th button{font-weight:600}
.why{text-decoration:underline dotted}
:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
.filters{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:end;margin:.5rem 0}
.filters label{display:grid;font-size:.8rem;color:var(--dim)}
select,input,dialog>button{font:inherit;font-size:.9rem;color:var(--text);background:var(--ground);
border:1px solid var(--dim);border-radius:.25rem;padding:.2rem .4rem;max-width:16rem}
dialog{max-width:min(64rem,96vw);max-height:92vh;overflow:auto;background:var(--ground);color:var(--text);
border:1px solid var(--dim);border-radius:.5rem;padding:1rem}
dialog h2{margin:0 0 .5rem}dialog h3{margin:1rem 0 .25rem}
dialog>button{float:right;cursor:pointer}
pre{white-space:pre-wrap;font-size:.8rem;margin:0}
figure{margin:1rem 0}figcaption{font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:1rem 2rem}
.plots figure{margin:0;min-width:0}
svg{display:block;width:100%;max-width:44rem;height:auto;font-size:12px;fill:var(--text)}
.grid{stroke:var(--rule)}.reference,.front{stroke:var(--dim);stroke-dasharray:5 4;fill:none}
svg g{color:var(--c7);fill:currentColor;stroke:currentColor}svg .line{fill:none;stroke-width:2}
svg g.c0{color:var(--c0)}svg g.c1{color:var(--c1)}svg g.c2{color:var(--c2)}svg g.c3{color:var(--c3)}
svg g.c4{color:var(--c4)}svg g.c5{color:var(--c5)}svg g.c6{color:var(--c6)}svg g.c7{color:var(--c7)}
.legend{list-style:none;padding:0;margin:.5rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1rem}
.legend svg{display:inline-block;width:14px;vertical-align:-2px;margin-right:.3rem}
.samples{display:flex;flex-wrap:wrap;gap:1rem}.samples figure{margin:0;max-width:33rem}
.samples figcaption{font-weight:400;font-size:.85rem}
.samples img{display:block;max-width:100%;height:auto;image-rendering:pixelated}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:1rem}
.curves figure{margin:0}.curves figcaption{font-weight:400;font-size:.85rem}
)css";

// Sorting by the column whose heading is pressed, filters of the columns that have data-filter, and
// the origin of an accuracy that is pressed. Stored text becomes text of the page, never markup.
inline constexpr const char* kPageScript = R"js(
"use strict";
function make(tag, content, attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...(Array.isArray(content) ? content : [content]));
  return element;
}

// Numbers before text, sizes by their unit, missing cells last either way.
function sortBy(table, column, down) {
  const factors = {B: 1, kB: 1e3, MB: 1e6, GB: 1e9};
  const key = (row) => {
    const text = row.cells[column].textContent;
    const unit = text.split(" ")[1];
    const number = parseFloat(text) * (factors[unit] || 1);
    return {text, number, missing: text === "–" || text === ""};
  };
  const keyed = [...table.tBodies[0].rows].map((row) => ({row, ...key(row)}));
  const numeric = keyed.every((a) => a.missing || !isNaN(a.number));
  keyed.sort((a, b) => {
    if (a.missing || b.missing) return a.missing - b.missing;
    const order = numeric ? a.number - b.number
        : a.text.localeCompare(b.text, undefined, {numeric: true});
    return down ? -order : order;
  });
  table.tBodies[0].append(...keyed.map((a) => a.row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => heading.addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    sortBy(table, column, down);
  }));
}

for (const table of document.querySelectorAll("table.filtered")) {
  const rows = [...table.tBodies[0].rows];
  const find = make("input", [], {type: "search"});
  const count = make("output", []);
  const choices = [];
  const apply = () => {
    const words = find.value.toLowerCase();
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(words) || choices.some(
          ({select, column}) => select.value !== "all" && select.selectedIndex > 0 &&
              row.cells[column].textContent !== select.value);
    }
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  };
  const bar = make("div", [make("label", ["search", find])], {class: "filters", role: "search"});
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const values = [...new Set(rows.map((row) => row.cells[column].textContent))];
    if (!heading.hasAttribute("data-filter") || values.length < 2) return;
    const select = make("select", ["all", ...values].map((value) => make("option", value)));
    select.addEventListener("change", apply);
    choices.push({select, column});
    bar.append(make("label", [heading.textContent, select]));
  });
  find.addEventListener("input", apply);
  bar.append(count);
  table.parentElement.before(bar);
  apply();
}

const held = document.getElementById("provenance");
if (held) {
  const known = JSON.parse(held.textContent);
  const dialog = make("dialog", []);
  document.body.append(dialog);
  const shown = (value) => value === null || value === undefined ? "–" : String(value);
  const tableOf = (headings, rows) => make("div", make("table", [
    make("thead", make("tr", headings.map((heading) => make("th", heading, {scope: "col"})))),
    make("tbody", rows.map((row) => make("tr", row.map((cell) => make("td", shown(cell))))))
  ]), {class: "scroll"});
  const stageColumns = ["kind", "implementation", "revision", "stage", "artifact", "seconds",
                        "ended", "device", "threads", "machine"];

  const origin = (row) => {
    const facts = [["sweep", row.sweep], ["protocol", row.protocol]];
    if (row.interval) {
      const ends = row.interval.map((end) => end.toFixed(2)).join(" to ");
      facts.push(["95 % interval", `${ends}: over other seeds, not over other teachers`]);
    }
    if ("published" in row) {
      facts.push(["published", `${row.published} (${row.published_source})`]);
    }
    const stages = new Map();
    for (const trial of row.trials) {
      for (const id of trial.stages) stages.set(id, known.stages[id]);
    }
    const machines = new Set([...stages.values()].map((stage) => stage.machine));
    machines.delete(null);
    const trials = row.trials.map((trial) =>
        [trial.seed, trial.top1 === null ? null : trial.top1.toFixed(2), trial.trial,
         trial.stages.map((id) => known.stages[id].stage).join(" ")]);
    return [
      make("dl", facts.flatMap(([name, value]) => [make("dt", name), make("dd", value)])),
      make("h3", "Trials"), tableOf(["seed", "top-1 %", "trial", "stages"], trials),
      ...(row.more > 0 ? [make("p", `${row.more} more trials are not shown here.`)] : []),
      make("h3", "Stages"),
      tableOf(stageColumns, [...stages.values()].map((stage) => stageColumns.map(
          (column) => column === "seconds" && stage.seconds !== null ? stage.seconds.toFixed(1)
              : stage[column]))),
      make("h3", "Machines"),
      make("pre", [...machines].map(
          (id) => `${id}: ${JSON.stringify(known.machines[id])}\n`)),
      make("h3", "Configuration"), make("pre", JSON.stringify(row.config, null, 1)),
      make("p", "zerosweep explain, logs and replay take these names.", {class: "dim"}),
    ];
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.why");
    if (!button) return;
    const row = known.rows[button.value];
    const close = make("button", "Close", {type: "button"});
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(close, make("h2", row.title, {id: "origin"}), ...origin(row));
    dialog.setAttribute("aria-labelledby", "origin");
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
)js";

}  // namespace zerosweep
