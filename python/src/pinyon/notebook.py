"""What notebooks show: short tables with units, a report, a progress bar."""

from __future__ import annotations

import html
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from .table import Table

#: Columns of a short table, as far as there are.
SHORT = (
    "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "duration", "total_packets", "total_bytes",
    "payload_bytes_total", "tls_sni", "traffic_type",
)  # fmt: skip

#: Rows of a short table.
ROWS = 10


def _short(table: Table, columns: int) -> tuple[list[str], list[list[str]]]:
    names = [n for n in SHORT if n in table.columns] or table.columns[:columns]
    names = names[:columns]
    head = table.arrow.select(names).slice(0, ROWS)
    cells = [[_cell(v) for v in column.to_pylist()] for column in head.columns]
    return names, [list(row) for row in zip(*cells, strict=True)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _sentence(table: Table) -> str:
    text = f"{len(table):,} flows × {len(table.columns)} columns"
    if table.summary:
        text += f" from {table.summary['packets']:,} packets"
    return text


def text_table(table: Table) -> str:
    """The first rows as text."""
    names, rows = _short(table, 8)
    heads = [n + (f" [{u}]" if (u := table.unit(n)) else "") for n in names]
    width = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(names))]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, width, strict=True)) for row in [heads, *rows]]
    return "\n".join([*lines, _sentence(table)])


def html_table(table: Table) -> str:
    """The first rows as HTML, units below the names."""
    names, rows = _short(table, len(SHORT))
    e = html.escape
    head = "".join(f'<th title="{e(table.describe(n))}">{e(n)}<br><small>{e(table.unit(n))}&nbsp;</small></th>' for n in names)
    body = "".join("<tr>" + "".join(f"<td>{e(c)}</td>" for c in row) + "</tr>" for row in rows)
    more = f" (the first {ROWS})" if len(table) > ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{e(_sentence(table))}{more}</p>"


class Report:
    """A page about rows: a sortable, searchable table and a histogram of each numeric column."""

    def __init__(self, table: Table, limit: int = 2000) -> None:
        self.table = table
        self.limit = limit

    def html(self) -> str:
        """The page, which needs nothing from anywhere else."""
        t = self.table
        names = [n for n in SHORT if n in t.columns] or t.columns[: len(SHORT)]
        rows = list(zip(*(c.to_pylist() for c in t.arrow.select(names).slice(0, self.limit).columns), strict=True))
        shapes = [s for n in t.columns if (s := _histogram(t, n))]
        data = json.dumps({"names": names, "units": [t.unit(n) for n in names], "rows": rows}, default=str)
        note = "" if len(t) <= self.limit else f" The table holds the first {self.limit:,}."
        return (
            _PAGE.replace("@title", html.escape(t.name or "flows"))
            .replace("@sentence", html.escape(_sentence(t) + "." + note))
            .replace("@shapes", "".join(shapes))
            .replace("@data", data.replace("</", "<\\/"))
        )

    def save(self, path: str) -> None:
        """Write the page to a file."""
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.html())

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{html.escape(self.html())}" width="100%" height="640" style="border:0"></iframe>'


def _histogram(table: Table, name: str, bins: int = 30) -> str:
    """A numeric column's histogram as SVG; nothing for a column of one value."""
    import pyarrow.compute as pc

    column = table.arrow.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return ""
    bounds = pc.min_max(column.cast(pa.float64(), safe=False)).as_py()
    low, high = bounds["min"], bounds["max"]
    if low is None or not low < high < float("inf"):
        return ""
    at = pc.floor(pc.multiply(pc.divide(pc.subtract(column.cast(pa.float64(), safe=False), low), high - low), bins - 1e-9))
    counts = {int(v["values"]): v["counts"] for v in pc.value_counts(at.combine_chunks()).to_pylist() if v["values"] is not None}
    top = max(counts.values())
    bars = "".join(
        f'<rect x="{8 * i}" y="{60 - 60 * n / top:.1f}" width="7" height="{60 * n / top:.1f}"/>' for i, n in sorted(counts.items())
    )
    unit = f" [{table.unit(name)}]" if table.unit(name) else ""
    return (
        f'<figure title="{html.escape(table.describe(name))}"><svg viewBox="0 0 {8 * bins} 60">{bars}</svg>'
        f"<figcaption>{html.escape(name + unit)}<br>{low:.4g} … {high:.4g}</figcaption></figure>"
    )


_PAGE = """<!doctype html><meta charset="utf-8"><title>@title</title><style>
body{font:13px sans-serif;margin:8px}table{border-collapse:collapse}th{cursor:pointer;text-align:left}
td,th{padding:2px 8px;border-bottom:1px solid #ddd}figure{display:inline-block;width:240px;margin:4px}svg{fill:#47a}
</style><h3>@title</h3><p>@sentence</p><input id="q" placeholder="search"><div style="max-height:360px;overflow:auto">
<table><thead><tr id="h"></tr></thead><tbody id="b"></tbody></table></div><div>@shapes</div><script>
const d=@data;let by=-1,up=true;const h=document.getElementById("h"),b=document.getElementById("b"),q=document.getElementById("q");
function draw(){const w=q.value.toLowerCase();let r=d.rows.filter(x=>!w||x.join(" ").toLowerCase().includes(w));
if(by>=0)r=r.slice().sort((x,y)=>(x[by]<y[by]?-1:x[by]>y[by]?1:0)*(up?1:-1));b.textContent="";
for(const x of r){const t=document.createElement("tr");for(const c of x){const e=document.createElement("td");e.textContent=c??"";t.append(e)}b.append(t)}}
d.names.forEach((n,i)=>{const e=document.createElement("th");e.textContent=n+(d.units[i]?" ["+d.units[i]+"]":"");
e.onclick=()=>{up=by==i?!up:true;by=i;draw()};h.append(e)});q.oninput=draw;draw();</script>"""


def progress_bar(unit: str) -> Callable[[int], None]:
    """A function that is told of progress, and at the end of -1; it shows tqdm's bar, or a line now and then."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _plain_bar(unit)
    bar = tqdm(unit=f" {unit}")

    def tick(n: int) -> None:
        if n < 0:
            bar.close()
        else:
            bar.update(n)

    return tick


def _plain_bar(unit: str) -> Callable[[int], None]:
    total, told = 0, time.monotonic()

    def tick(n: int) -> None:
        nonlocal total, told
        total += max(n, 0)
        if n < 0 or time.monotonic() - told > 10:
            told = time.monotonic()
            print(f"{total:,} {unit}", file=sys.stderr)

    return tick
