// The script of report.html: sorting by the column whose heading is pressed, filters of the columns
// that have data-filter, and the origin of an accuracy that is pressed. Stored text becomes text of
// the page, never markup.
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
    const digits = row.score === "cosine" ? 4 : 2;
    if (row.interval) {
      const ends = row.interval.map((end) => end.toFixed(digits)).join(" to ");
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
        [trial.seed, trial.score === null ? null : trial.score.toFixed(digits), trial.trial,
         trial.stages.map((id) => known.stages[id].stage).join(" ")]);
    return [
      make("dl", facts.flatMap(([name, value]) => [make("dt", name), make("dd", value)])),
      make("h3", "Trials"), tableOf(["seed", row.score, "trial", "stages"], trials),
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
