"""The CSS and JavaScript of the HTML report of `csr-approver diagnose`.

ElementTree writes them unescaped, so they must contain nothing that HTML reads as a tag. They must
be ASCII: ElementTree would replace any other character, and the hash in the Content-Security-Policy
would no longer match.
"""

from typing import Final

# `\\2191` and `\\2193` are CSS escapes of arrows that point up and down. In print every cluster is
# expanded, by the rule for `::details-content` if scripts are off and by SCRIPT in older browsers.
STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --sheet: #f6f7f9; --ink: #1b1f24; --quiet: #505864; --line: #d4d9e0;
  --link: #0a58b5; --red: #a8171c; --amber: #7a4d00; --green: #146432; --blue: #0b5a86;
  --red-back: #fdeaea; --amber-back: #fdf3dc; --green-back: #e5f5ea; --blue-back: #e3f1fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --sheet: #1d2127; --ink: #e8ebef; --quiet: #a9b2be; --line: #39414c;
    --link: #8ab8ff; --red: #ff9b98; --amber: #f3c25e; --green: #7fd79c; --blue: #85cbf5;
    --red-back: #411a1b; --amber-back: #3a2c0c; --green-back: #15351f; --blue-back: #12303f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem); max-width: 78rem;
  background: var(--paper); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 .75rem; }
h3 { font-size: 1.1rem; margin: 0; display: inline; }
h3 small { color: var(--quiet); font-weight: normal; font-size: .9rem; }
h4 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: .4rem 0; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em; }
.badge, .need {
  display: inline-block; padding: .05rem .6rem; border-radius: 1rem; border: 1px solid;
  font-size: .85rem; font-weight: 600; white-space: nowrap;
}
.not-ready, .need.action { color: var(--red); background: var(--red-back); }
.badge.unknown, .tiles li.unknown, .need.unknown {
  color: var(--amber); background: var(--amber-back);
}
.ready { color: var(--green); background: var(--green-back); }
.need.wait { color: var(--blue); background: var(--blue-back); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; list-style: none; padding: 0; }
.tiles li { flex: 1 1 9rem; padding: .6rem 1rem; border-radius: .5rem; border: 1px solid; }
.tiles strong { display: block; font-size: 1.6rem; line-height: 1.2; }
.scrollable { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; overflow-wrap: normal; }
th, td { padding: .45rem .75rem; text-align: left; vertical-align: top; }
tr + tr > *, tbody > tr:first-child > * { border-top: 1px solid var(--line); }
thead { background: var(--sheet); }
thead th, tbody td { white-space: nowrap; }
tbody th { font-weight: 600; min-width: 9rem; overflow-wrap: anywhere; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
thead button {
  font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer;
}
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .75rem 0; }
summary { padding: .6rem 1rem; cursor: pointer; background: var(--sheet); border-radius: .5rem; }
summary .badge { margin-left: .75rem; }
.content { padding: .5rem 1rem 1rem; scroll-margin-top: 4rem; }
.ignored { margin: 1rem 0 0; }
.ignored > summary { font-size: .9rem; color: var(--quiet); }
.problem {
  color: var(--amber); background: var(--amber-back); padding: .5rem .75rem; border-radius: .4rem;
}
article { border-left: .3rem solid var(--line); padding: .25rem 0 .25rem 1rem; margin: 1.25rem 0; }
article.action { border-color: var(--red); }
article.unknown { border-color: var(--amber); }
article.wait { border-color: var(--blue); }
pre {
  margin: .4rem 0; padding: .5rem .75rem; border-radius: .4rem; background: var(--sheet);
  font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em; white-space: pre-wrap;
}
.request { margin: .25rem 0; border: 0; }
.request > summary { padding: .2rem .6rem; font-size: .9rem; }
.request > ul { margin-left: 1.6rem; }
ul { margin: .25rem 0; padding-left: 1.25rem; }
.names { list-style: none; padding: 0; }
.names span { font-size: .85rem; color: var(--quiet); }
.names .no span { color: var(--red); font-weight: 600; }
.names .yes span { color: var(--green); }
footer { margin-top: 2rem; color: var(--quiet); font-size: .9rem; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  article, tr { break-inside: avoid; }
  details::details-content { display: block; content-visibility: visible; }
  .scrollable { overflow: visible; }
}
"""

#: A click on a heading of the overview sorts its rows by that column, in ascending order first, and
#: the sections of the clusters likewise. Cells sort by their `data-key`; a row's `data-section` is
#: the id of its cluster's section.
SCRIPT: Final = """
(function () {
  var table = document.querySelector("table");
  var sections = document.getElementById("clusters");
  var headings = Array.from(table.tHead.rows[0].cells);
  headings.forEach(function (heading, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", function () {
      var ascending = heading.getAttribute("aria-sort") !== "ascending";
      var rows = Array.from(table.tBodies[0].rows).sort(function (one, other) {
        var keys = [one, other].map(function (row) { return row.cells[column].dataset.key; });
        return keys[0].localeCompare(keys[1], "en", {numeric: true}) * (ascending ? 1 : -1);
      });
      headings.forEach(function (each) { each.removeAttribute("aria-sort"); });
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      rows.forEach(function (row) {
        table.tBodies[0].append(row);
        sections.append(document.getElementById(row.dataset.section));
      });
    });
  });
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (details) { details.open = true; });
  });
})();
"""
