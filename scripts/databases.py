#!/usr/bin/env python3
"""Rows in databases: what arrives, how fast, and what is there after kills.

It starts a PostgreSQL of its own (Debian's package, data and socket in a temporary folder, as user
postgres if the caller is root), extracts a capture to Parquet, writes those rows into PostgreSQL and
SQLite, compares every value, measures rows a second, and then ends pinyon, and the server, with
SIGKILL at random moments, resumes, and counts rows; and the server once more while rows may wait on disk.

    scripts/databases.py PINYON CAPTURE [KILLS]
"""
import csv, glob, os, random, re, shutil, signal, sqlite3, subprocess, sys, tempfile, time
import pyarrow.parquet as pq

pinyon, capture = os.path.abspath(sys.argv[1]), sys.argv[2]
kills = int(sys.argv[3]) if len(sys.argv) > 3 else 20
random.seed(1)
bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
work = tempfile.mkdtemp(prefix="pgrows")
home = tempfile.mkdtemp(prefix="pg")
who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
if who:
    shutil.chown(home, "postgres")
address = f"postgres:///postgres?host={home}&user=pinyon"
server = None


def start():
    global server
    log = open(os.path.join(work, "log"), "ab")
    server = subprocess.Popen(who + [bin + "/postgres", "-D", home + "/data", "-k", home, "-c", "listen_addresses=", "-c", "max_wal_size=4GB"],
                              stdout=log, stderr=log, cwd="/", start_new_session=True)
    for _ in range(3000):
        if subprocess.run([bin + "/pg_isready", "-q", "-h", home], cwd="/").returncode == 0:
            return
        time.sleep(0.02)
    sys.exit("the server does not answer: " + open(os.path.join(work, "log")).read()[-500:])


def sql(query):
    p = subprocess.run([bin + "/psql", "-h", home, "-U", "pinyon", "-d", "postgres", "-Atc", query], capture_output=True, text=True, cwd="/")
    return p.stdout.strip() if p.returncode == 0 else None


def convert(*flags):
    return [pinyon, "convert", parquet, *flags]


def run(*flags):
    begin = time.time()
    p = subprocess.run(convert(*flags), capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"{flags}: status {p.returncode}: {p.stderr}")
    return time.time() - begin


def cpu():
    """Seconds of CPU of pinyon, and of the server with those of its processes that ended."""
    t = os.times()
    ticks = open(f"/proc/{server.pid}/stat").read().rsplit(")", 1)[1].split()[11:15]
    return t.children_user + t.children_system, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def equal(name, rows, table):
    bad = 0
    for i, column in enumerate(table.column_names):
        want = table.column(i).to_pylist()
        for got, exp in zip((r[i] for r in rows), want):
            if isinstance(exp, bool):
                got = got in (1, "t", True)
            elif isinstance(exp, int):
                got = int(got)
            elif isinstance(exp, float):
                got = float(got)
            bad += got != exp
    print(f"{name}: {len(rows)} rows, {table.num_rows * table.num_columns} values, {bad} differ")
    return bad + abs(len(rows) - table.num_rows)


failed = 0
try:
    subprocess.run(who + [bin + "/initdb", "-D", home + "/data", "-U", "pinyon", "-A", "trust", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, cwd="/")
    start()
    parquet = os.path.join(work, "rows.parquet")
    subprocess.run([pinyon, "extract", capture, "-o", parquet, "--no-progress"], check=True, capture_output=True)
    table = pq.read_table(parquet)
    n = table.num_rows
    names = ", ".join('"' + c + '"' for c in table.column_names)

    csv.field_size_limit(1 << 30)
    run("-o", address, "--db-types", "plain", "--db-meta", "--db-table", "plain")
    out = subprocess.run([bin + "/psql", "-h", home, "-U", "pinyon", "-d", "postgres", "-c", f"COPY (SELECT {names} FROM plain ORDER BY run_row) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"],
                         capture_output=True, text=True, check=True, cwd="/").stdout
    failed += equal("postgres", list(csv.reader(out.splitlines())), table)
    lite = os.path.join(work, "rows.db")
    run("-o", lite, "--db-meta")
    failed += equal("sqlite", sqlite3.connect(lite).execute(f"SELECT {names} FROM pinyon_features ORDER BY run_row").fetchall(), table)

    small, parquet = parquet, os.path.join(work, "many.parquet")
    subprocess.run([pinyon, "extract", *[capture] * 8, "-o", parquet, "--no-progress"], check=True, capture_output=True)
    null = min(run("-f", "arrow", "-o", "/dev/null") for _ in range(3))
    for name, target in ("parquet", ["-f", "parquet", "-o", work + "/x.parquet"]), ("sqlite", ["-o", lite]), ("postgres", ["-o", address]), ("postgres plain", ["-o", address, "--db-types", "plain", "--db-table", "p2"]):
        before = cpu()
        took = min(run(*target, *([] if name == "parquet" else ["--db-if-exists", "replace"])) for _ in range(3))
        print(f"{name}: {took:.2f} s, {8 * n / took:,.0f} rows/s with reading the Parquet file; Arrow to the null device takes {null:.2f} s")
        time.sleep(1)  # the server waits for the processes of connections that ended
        own, theirs = (1e6 * (b - a) / (24 * n) for a, b in zip(before, cpu()))
        print(f"{name}: {own:.1f} us of CPU a row, and {theirs:.1f} us of PostgreSQL")

    parquet, took = small, run("-o", address)
    for kind in "pinyon", "server":
        there = cut = 0
        for k in range(kills):
            name = f"{kind}{k}"
            flags = ["-o", address, "--db-table", name, "--db-meta", "--db-batch-size", "100", "--resume", name]
            p = subprocess.Popen(convert(*flags), stderr=subprocess.PIPE, text=True)
            time.sleep(random.uniform(0.05, 0.9) * took)
            reported = 0
            if kind == "pinyon":
                p.kill()
                p.communicate()
            else:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
                text = p.communicate()[1]
                if m := re.search(r"(\d+) committed", text):
                    reported = int(m.group(1))
                start()
            rows = int(sql(f"SELECT coalesce(max(rows), 0) FROM {name}_runs") or 0)
            have = int(sql(f"SELECT count(DISTINCT run_row) FROM {name}") or 0)
            if rows != have or rows < reported:
                print(f"{name}: {have} rows, {rows} in the table of runs, {reported} reported committed")
                failed += 1
            there += rows
            cut += 0 < rows < n
            run(*flags)
            total = sql(f"SELECT count(*) || ' ' || count(DISTINCT run_row) || ' ' || min(run_row) || ' ' || max(run_row) FROM {name}")
            if total != f"{n} {n} 0 {n - 1}":
                print(f"{name}: after resuming: {total}")
                failed += 1
            sql(f"DROP TABLE {name}, {name}_runs")
        print(f"{kills} kills of {kind}: {cut} with some rows there and not all, {there / kills:,.0f} of {n} rows on average; each run whole and without a row twice after it was resumed")
    # Rows that wait on disk while the server is gone: the run goes on, and all arrive once.
    held = later = early = 0
    for k in range(kills):
        name, wait = f"spool{k}", os.path.join(work, "wait")
        p = subprocess.Popen(convert("-o", address, "--db-table", name, "--db-meta", "--db-batch-size", "100", "--on-sink-error", "spool", "--spool-dir", wait,
                                     "--spool-wait", random.choice(["0.01", "60"])), stderr=subprocess.PIPE, text=True)
        time.sleep(random.uniform(0.05, 0.9) * took)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        time.sleep(random.uniform(0, 2))
        start()
        text = p.communicate()[1]
        held += "its rows go to" in text
        if p.returncode == 1 and "its rows go to" not in text and not int(sql(f"SELECT max(rows) FROM {name}_runs") or 0):
            early += 1  # the target could not be opened
            sql(f"DROP TABLE IF EXISTS {name}, {name}_runs")
            continue
        if p.returncode == 3 and (folders := glob.glob(wait + "/*")):
            later += 1
            subprocess.run([pinyon, "convert", folders[0], "-o", address, "--db-table", name, "--db-meta", "--db-batch-size", "100"], check=True, capture_output=True)
        total = sql(f"SELECT count(*) || ' ' || count(DISTINCT run_row) || ' ' || min(run_row) || ' ' || max(run_row) FROM {name}")
        if total != f"{n} {n} 0 {n - 1}" or glob.glob(wait + "/*"):
            print(f"{name}: status {p.returncode}, rows {total}, left {glob.glob(wait + '/*')}: {text}")
            failed += 1
        sql(f"DROP TABLE {name}, {name}_runs")
    print(f"{kills} kills of server with --on-sink-error spool: rows waited on disk in {held} runs, of which {later} ended before they could be sent, and {early} could not begin; all rows of the others there once")
finally:
    if server and server.poll() is None:
        server.send_signal(signal.SIGQUIT)
        server.wait()
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
sys.exit(failed > 0)
