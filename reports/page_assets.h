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
main{max-width:72rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem}
h1,dd,figcaption,td{overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.25rem 1rem}
dt{color:var(--dim)}dd{margin:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid var(--rule);white-space:nowrap}
td:last-child{white-space:normal;min-width:8rem}
tbody tr:nth-child(even){background:var(--band)}
.n{text-align:right}
.dim{color:var(--dim)}
th[scope=row]{font-weight:400}
th button{all:unset;cursor:pointer;font-weight:600}
th button:focus-visible{outline:2px solid var(--c0)}
th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
figure{margin:1rem 0}figcaption{font-weight:600}
svg{display:block;width:100%;max-width:44rem;height:auto;font-size:12px;fill:var(--text)}
.grid{stroke:var(--rule)}.reference{stroke:var(--dim);stroke-dasharray:5 4}
svg g{color:var(--c7);fill:currentColor;stroke:currentColor}svg .line{fill:none;stroke-width:2}
svg g.c0,li.c0{color:var(--c0)}svg g.c1,li.c1{color:var(--c1)}svg g.c2,li.c2{color:var(--c2)}
svg g.c3,li.c3{color:var(--c3)}svg g.c4,li.c4{color:var(--c4)}svg g.c5,li.c5{color:var(--c5)}
svg g.c6,li.c6{color:var(--c6)}svg g.c7,li.c7{color:var(--c7)}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1rem}
.legend li::before{content:"■ "}.legend span{color:var(--text)}
.samples{display:flex;flex-wrap:wrap;gap:1rem}.samples figure{margin:0;max-width:33rem}
.samples figcaption{font-weight:400;font-size:.85rem}
.samples img{display:block;max-width:100%;height:auto;image-rendering:pixelated}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:1rem}
.curves figure{margin:0}.curves figcaption{font-weight:400;font-size:.85rem}
)css";

// Sorting by the column whose heading is pressed: by number where cells start with one, sizes by
// their unit.
inline constexpr const char* kPageScript = R"js(
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => heading.addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[column].textContent;
    const factors = {kB: 1e3, MB: 1e6, GB: 1e9};
    const number = (text) => parseFloat(text) * (factors[text.split(" ")[1]] || 1);
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const x = number(key(a)), y = number(key(b));
      const order = isNaN(x) || isNaN(y) ? key(a).localeCompare(key(b)) : x - y;
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  }));
}
)js";

}  // namespace zerosweep
