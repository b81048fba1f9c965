#!/usr/bin/env python3
"""A real Prometheus scrapes `pinyon live`: every panel of the board has data, and its sums are those of the run.

    scripts/prometheus.py --pinyon ./pinyon [--seconds 30] [--pps 2000] [--picture board.png]

Makes a network namespace with a pair of devices and removes it. The captures of testdata/ are sent over it, some broken frames among
them, while `pinyon live` with two workers and two outputs is scraped every second by a job that `pinyon dashboard prometheus`
wrote, beside the rules of `pinyon dashboard alerts`. Then every query of `pinyon dashboard export` is asked; after the end of the run
its metrics, which linger, are held against its summary. --picture draws the board from what Prometheus answers, with chromium. Needs
root, ip and Debian's prometheus, and says so where one is missing (status 77).
"""
import argparse, glob, html, json, os, re, shutil, struct, subprocess, sys, tempfile, time, urllib.parse

import loss

loss.NS = "pinyon-metrics"
IN = ["ip", "netns", "exec", loss.NS]
GET = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=20).read())"
PROMETHEUS, METRICS = "http://127.0.0.1:9090", "http://127.0.0.1:9400"


def get(url):
    return subprocess.run([*IN, sys.executable, "-c", GET, url], capture_output=True, check=True, text=True).stdout


def ask(path, **query):
    return json.loads(get(f"{PROMETHEUS}/api/v1/{path}?{urllib.parse.urlencode(query)}"))["data"]


def until(what, done, limit=60):
    end = time.monotonic() + limit
    while True:
        try:
            if done():
                return
        except (subprocess.CalledProcessError, ValueError, KeyError):
            pass
        if time.monotonic() > end:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.3)


def traffic(path):
    """The Ethernet captures of testdata/ one after the other, and an IPv4 header of no length in every hundred frames."""
    frames = []
    for name in sorted(glob.glob(os.path.join(os.path.dirname(__file__), "../testdata/*.pcap"))):
        data = open(name, "rb").read()
        if len(data) < 24 or data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") or struct.unpack_from("<I", data, 20)[0] != 1:
            continue
        at = 24
        while at + 16 <= len(data):
            size = struct.unpack_from("<I", data, at + 8)[0]
            frame = data[at + 16:at + 16 + size]
            if 14 <= len(frame) <= 9000:
                frames.append(frame)
            at += 16 + size
    broken = b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0\x41" + bytes(45)
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for i, frame in enumerate(frames):
            for one in [frame, broken] if i % 100 == 0 else [frame]:
                f.write(struct.pack("<IIII", 1700000000 + i // 1000, i % 1000 * 1000, len(one), len(one)) + one)


def panels(board):
    """Title and queries of each panel, with what Grafana would put for its variables."""
    for p in board["panels"]:
        yield p, [(q["expr"].replace("$__rate_interval", "10s").replace("$job", ".*"), q.get("legendFormat", "")) for q in p.get("targets", [])]


def check(board):
    """How many queries, and the panels without data. What a run without clients has none of is told apart."""
    asked, empty, absent = 0, [], []
    for p, queries in panels(board):
        for expr, _ in queries:
            asked += 1
            bare = expr.removesuffix(" or vector(0)")
            if not ask("query", query=bare)["result"]:
                (absent if bare != expr else empty).append(p["title"])
            if bare != expr and not ask("query", query=expr)["result"]:
                empty.append(p["title"])
    return asked, empty, absent


def total(expr):
    return sum(float(s["value"][1]) for s in ask("query", query=expr)["result"])


STAT = {"green": "#73bf69", "yellow": "#f2cc0c", "red": "#f2495c", "blue": "#5794f2"}
COLORS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#b877d9", "#f2495c", "#8ab8ff", "#c0d8ff"]


def number(v, unit):
    suffix = {"pps": " p/s", "Bps": "B/s", "decbytes": "B", "bytes": "B", "s": " s", "rowsps": " rows/s"}.get(unit, "")
    if unit == "percentunit":
        return f"{v * 100:.4g} %"
    for scale, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(v) >= scale:
            return f"{v / scale:.3g} {prefix}{suffix.strip()}"
    if unit == "s" and 0 < abs(v) < 1:
        return f"{v * 1e3:.3g} ms"
    return f"{v:.3g}{suffix}"


def named(legend, metric):
    for k, v in metric.items():
        legend = legend.replace("{{%s}}" % k, v)
    return re.sub(r" ?{{\w+}}", "", legend) or ", ".join(metric.values()) or "none"


def draw(board, begin, end):
    """The board as a page: titles, sizes and places are those of its JSON, numbers and curves what Prometheus says."""
    cell, row = 60, 34
    out, height = [], 0
    for p, queries in panels(board):
        g = p["gridPos"]
        height = max(height, (g["y"] + g["h"]) * row)
        box = f'left:{g["x"] * cell}px;top:{g["y"] * row}px;width:{g["w"] * cell - 8}px;height:{g["h"] * row - 8}px'
        title = html.escape(p["title"])
        if p["type"] == "row":
            out.append(f'<div class=row style="{box}">{title}</div>')
            continue
        unit = p["fieldConfig"]["defaults"]["unit"]
        body = ""
        if p["type"] == "timeseries":
            curves = []
            for expr, legend in queries:
                for s in ask("query_range", query=expr, start=begin, end=end, step=1)["result"]:
                    points = [(float(t), float(v)) for t, v in s["values"] if v not in ("NaN", "+Inf", "-Inf")]
                    curves.append((named(legend, s["metric"]), points))
            values = [v for _, ps in curves for _, v in ps] or [0]
            top, w, h = max(values) if max(values) > 0 else 1, g["w"] * cell - 90, g["h"] * row - 78
            lines = "".join(f'<polyline fill=none stroke-width=1.5 stroke="{COLORS[i % 8]}" points="' + " ".join(f"{60 + (t - begin) / (end - begin) * w:.1f},{8 + h - max(v, 0) / top * h:.1f}" for t, v in ps) + '"/>' for i, (_, ps) in enumerate(curves))
            grid = "".join(f'<line x1=60 x2={60 + w} y1={8 + h * k / 4} y2={8 + h * k / 4} stroke="#333"/><text x=54 y={12 + h * k / 4} text-anchor=end>{number(top * (1 - k / 4), unit)}</text>' for k in range(5))
            keys = "".join(f'<span><b style="color:{COLORS[i % 8]}">&#9644;</b> {html.escape(n)}</span> ' for i, (n, _) in enumerate(curves[:10]))
            body = f'<svg width={w + 70} height={h + 16}>{grid}{lines}</svg><div class=keys>{keys}</div>'
        else:
            answers = [(named(l, s["metric"]), float(s["value"][1])) for e, l in queries for s in ask("query", query=e, time=end)["result"]]
            if p["type"] == "stat":
                steps = p["fieldConfig"]["defaults"]["thresholds"]["steps"]
                v = answers[0][1] if answers else 0
                color = [s["color"] for s in steps if s["value"] is None or v >= s["value"]][-1]
                body = f'<div class=stat style="color:{STAT[color]}">{number(v, unit)}</div>'
            else:
                whole, at, parts = sum(v for _, v in answers) or 1, 0, []
                for i, (n, v) in enumerate(answers):
                    parts.append(f"{COLORS[i % 8]} {at / whole * 100}% {(at + v) / whole * 100}%")
                    at += v
                keys = "".join(f'<div><b style="color:{COLORS[i % 8]}">&#9632;</b> {html.escape(n)} {number(v, unit)}</div>' for i, (n, v) in enumerate(answers))
                body = f'<div class=pie style="background:conic-gradient({",".join(parts) or "#333 0 100%"})"></div><div class=keys>{keys}</div>'
        out.append(f'<div class=panel style="{box}"><h3>{title}</h3>{body}</div>')
    style = """body{background:#111217;color:#ccccdc;font:12px sans-serif;margin:8px}h1{font-size:18px;margin:4px 0 10px}
      .board{position:relative;height:%dpx}.panel{position:absolute;background:#181b1f;border:1px solid #2c3235;border-radius:2px;overflow:hidden}
      .row{position:absolute;font-size:14px;font-weight:bold;line-height:26px}h3{font-size:12px;margin:6px 8px 2px;font-weight:500}svg text{fill:#8e8e99;font-size:10px}
      .keys{padding:0 10px;white-space:nowrap;overflow:hidden}.keys span{margin-right:8px}.stat{font-size:28px;text-align:center;padding-top:18px}
      .pie{width:120px;height:120px;border-radius:50%%;margin:10px auto}""" % height
    page = f'<!doctype html><meta charset=utf-8><style>{style}</style><h1>{html.escape(board["title"])}</h1><div class=board>{"".join(out)}</div>'
    return page, 24 * cell + 16, height + 60


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("--pinyon", default="./pinyon")
    a.add_argument("--seconds", type=int, default=30)
    a.add_argument("--pps", type=int, default=2000)
    a.add_argument("--picture")
    args = a.parse_args()
    args.pinyon = os.path.abspath(args.pinyon)
    missing = [w for w in ["prometheus", "ip"] + (["chromium"] if args.picture else []) if not shutil.which(w)]
    if missing or os.geteuid() != 0:
        print("skipped: needs", ", ".join(missing + ["root"] * (os.geteuid() != 0)))
        sys.exit(77)
    run = lambda *words: subprocess.run([args.pinyon, *words], check=True, capture_output=True, text=True).stdout
    board, bad, ours = json.loads(run("dashboard", "export")), 0, []
    with tempfile.TemporaryDirectory() as tmp:
        in_ = lambda name: os.path.join(tmp, name)
        traffic(in_("in.pcap"))
        with open(in_("rules.yml"), "w") as f:
            f.write(run("dashboard", "alerts", "--active-flows-threshold", "10"))
        with open(in_("prometheus.yml"), "w") as f:
            f.write(run("dashboard", "prometheus", "--target", "127.0.0.1:9400", "--scrape-interval", "1"))
            f.write("global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\n")
        loss.netns()
        try:
            loss.sh("ip", "-n", loss.NS, "link", "set", "lo", "up")
            ours.append(subprocess.Popen([*IN, "prometheus", "--config.file", in_("prometheus.yml"), "--storage.tsdb.path", in_("data"), "--web.listen-address", "127.0.0.1:9090"], stderr=subprocess.DEVNULL))
            live = subprocess.Popen([*IN, args.pinyon, "live", "v1", "-w", "2", "-d", str(args.seconds), "--timeout", "3", "--features", "flow_meta,timing", "-o", in_("a.csv"), "--tee", "jsonl=" + in_("b.jsonl"),
                                     "--prometheus-port", "9400", "--prometheus-linger", "300", "--summary", "json", "--no-progress"], stderr=open(in_("said"), "w"))
            ours.append(live)
            until("readiness", lambda: get(METRICS + "/readyz") == "ready\n")
            begin = time.time()
            send = subprocess.Popen([*IN, args.pinyon, "replay", in_("in.pcap"), "v0", "--pps", str(args.pps), "--loops", "0", "-d", str(args.seconds - 5), "--summary", "json"], stderr=open(in_("sent"), "w"))
            ours.append(send)
            until("rows", lambda: total("sum(pinyon_flows_total)") > 0, args.seconds)
            time.sleep(max(0, args.seconds * 0.7 - (time.time() - begin)))
            asked, empty, absent = check(board)
            print(f"{asked} queries asked while the run lasts: {asked - len(empty) - len(absent)} have data", *(["; of clients and watchers, of which there are none:", ", ".join(sorted(set(absent)))] if absent else []))
            if empty:
                print("without data:", ", ".join(empty))
                bad += 1
            rules = [r for g in ask("rules")["groups"] for r in g["rules"]]
            print(len(rules), "rules loaded:", ", ".join(f'{r["name"]} {r["health"]} {r["state"]}' for r in rules))
            bad += len(rules) != 5 or any(r["health"] != "ok" for r in rules) or {r["name"]: r["state"] for r in rules}["HighActiveFlows"] == "inactive"
            if args.picture:
                page, width, height = draw(board, begin, time.time())
                with open(in_("board.html"), "w") as f:
                    f.write(page)
            send.wait()
            until("the end", lambda: open(in_("said")).read().rstrip().endswith("}"), args.seconds + 60)
            end = json.loads([l for l in open(in_("said")) if l.startswith("{")][-1])
            sent = json.loads([l for l in open(in_("sent")) if l.startswith("{")][-1])["packets"]
            c = end["capture"]
            want = {
                "sum(pinyon_packets_total)": end["packets"], "sum(pinyon_records_total)": end["records"], "sum(pinyon_flows_total)": end["flows"], "sum(pinyon_active_flows)": 0,
                "sum(pinyon_capture_received_packets_total)": c["received"], "sum(pinyon_wire_bytes_total)": c["bytes"],
                'sum(pinyon_capture_dropped_packets_total)': c["dropped"] + c["interface_dropped"] + c["queue_dropped"] - c["beyond_count"],
                'sum(pinyon_decode_errors_total{layer="network"})': end["counters"]["dropped_by"].get("ipv4_bad_header", 0),
                'sum(pinyon_sink_rows_total{sink="csv",result="ok"})': end["flows"], 'sum(pinyon_sink_rows_total{sink="jsonl",result="ok"})': end["flows"],
            }
            until("the last scrape", lambda: total("sum(pinyon_flows_total)") == end["flows"] and total("sum(pinyon_active_flows)") == 0 and total('sum(pinyon_sink_rows_total{sink="csv",result="ok"})') == end["flows"], 30)
            for query, value in want.items():
                got = total(query)
                print(f"{'ok ' if got == value else 'BAD'} {query} {got:.0f}; the summary says {value}")
                bad += got != value
            print(f"{'ok ' if c['received'] + c['interface_dropped'] == sent else 'BAD'} sent {sent}, received {c['received']}, lost before the ring {c['interface_dropped']}")
            bad += c["received"] + c["interface_dropped"] != sent
            if args.picture:
                subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=0.75", f"--user-data-dir={in_('chromium')}", f"--window-size={width},{height}", f"--screenshot={os.path.abspath(args.picture)}", "file://" + in_("board.html")],
                               check=True, stderr=subprocess.DEVNULL, timeout=120)
        finally:
            for p in ours:
                p.terminate()
            for p in ours:
                p.wait()
            loss.sh("ip", "netns", "del", loss.NS)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
