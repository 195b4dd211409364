"""The report's style: light and dark, narrow and wide, screen and paper. Colours keep 4.5:1 against their ground."""

STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --panel: #f5f7f9; --line: #d5dbe1; --text: #17212b;
  --quiet: #55626f; --bar: #2b5f94; --up: #1d7a4c; --down: #b23a2e; --warn: #8a5a00; --good: #1d7a4c; }
@media (prefers-color-scheme: dark) { :root { --ground: #12171d; --panel: #1a2129; --line: #34404c; --text: #e6ebf0;
  --quiet: #a3b0bd; --bar: #6ba6e0; --up: #5cc08d; --down: #f08a7d; --warn: #e0b050; --good: #5cc08d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
header p, .note { color: var(--quiet); margin: .25rem 0 0; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 0; display: inline; font-weight: 600; }
.verdict { display: flex; gap: .75rem; align-items: baseline; margin: 1.25rem 0; padding: .8rem 1rem;
  border-left: 5px solid var(--good); background: var(--panel); font-weight: 600; }
.verdict.open { border-color: var(--down); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(max(10rem, 30%), 1fr)); gap: .75rem; margin: 0; }
.tiles div { background: var(--panel); padding: .75rem 1rem; border-radius: 6px; }
.tiles dt { color: var(--quiet); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tiles dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--quiet); white-space: normal; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: .75rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .35rem; font-size: .9rem; }
th, td { padding: .4rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-size: .82rem; font-weight: 600; color: var(--quiet); border-bottom-width: 2px; white-space: nowrap; }
tbody th { font-weight: 500; }
.n { text-align: right; white-space: nowrap; }
.minus { color: var(--down); }
tr.total th, tr.total td { font-weight: 700; border-top: 2px solid var(--line); }
a { color: var(--bar); }
.chart { width: 24%; min-width: 6rem; vertical-align: middle; }
.steps .chart { width: 60%; }
.narrow { display: none; } .narrow svg { display: block; width: 100%; height: .8rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.chart svg { display: block; width: 100%; height: 1.15rem; }
svg .total, svg .count { fill: var(--bar); } svg .up { fill: var(--up); } svg .down { fill: var(--down); }
svg .axis { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
svg.days { display: block; width: 100%; height: 5.5rem; margin-top: .75rem; }
.ends { display: flex; justify-content: space-between; color: var(--quiet); font-size: .85rem; }
small { color: var(--quiet); font-size: .85rem; }
th small { display: block; font-weight: 400; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 2.5rem; }
details { border-top: 1px solid var(--line); } details:last-of-type { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: .6rem .25rem; display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; }
summary:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px; }
summary::before { content: "+"; font-weight: 700; width: 1ch; color: var(--bar); }
details[open] > summary::before { content: "-"; }
summary .n { margin-left: auto; }
details > .scroll, details > p { margin: 0 0 1rem 1.75rem; }
code { font-size: .85em; overflow-wrap: anywhere; }
.state { white-space: nowrap; font-weight: 600; } .state.good { color: var(--good); } .state.bad { color: var(--down); }
footer { margin-top: 3rem; color: var(--quiet); font-size: .85rem; }
footer dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
footer dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { main { padding: 1rem .75rem 3rem; } th, td { padding: .35rem .4rem; }
  td.chart, th.chart { display: none; }
  .narrow { display: block; margin-top: .3rem; }
  h1 { font-size: 1.3rem; } details > .scroll, details > p { margin-left: 0; }
  footer dl { grid-template-columns: 1fr; } footer dd { margin-bottom: .4rem; } }
@media print { :root { --ground: #fff; --panel: #f2f4f6; --line: #bbb; --text: #000; --quiet: #444; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; } summary::before { content: none; } }
"""
