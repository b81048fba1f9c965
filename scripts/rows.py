"""Runs the command under test and reads its rows and counters; the other scripts share it."""
import ipaddress, json, os, subprocess, tempfile

PINYON = os.environ.get('PINYON', './pinyon')
CORPUS = os.environ.get('CORPUS', os.environ.get('PINYON_CORPUS', '../shared/corpus'))

DAMAGED = 3  # exit status: the input was cut or damaged; what was read before stands


class Failed(Exception):
    pass


def run(args, limit=300):
    try:
        r = subprocess.run([PINYON, *args], capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise Failed(f'no end after {limit} s')
    err = r.stderr.decode('utf8', 'replace')
    if r.returncode < 0 or 'panic:' in err or 'goroutine ' in err:
        raise Failed('crash: ' + (err.strip().splitlines() or [f'signal {-r.returncode}'])[0][:200])
    if r.returncode not in (0, DAMAGED):
        raise Failed(f'exit {r.returncode}: ' + (err.strip().splitlines() or [''])[-1][:200])
    return r.stdout


def lines(out):
    for line in out.split(b'\n'):
        if line.strip():
            row = json.loads(line)
            if row.get('type') != 'metadata':
                yield row


def extract(path, *options):
    """Rows of one capture as dicts."""
    return list(lines(run(['extract', path, '-f', 'jsonl', '-o', '-', '--no-progress', *options])))


def extract_with_counters(path, *options):
    """Rows, and the `counters` object of the provenance beside the output."""
    with tempfile.TemporaryDirectory() as d:
        out = os.path.join(d, 'rows.jsonl')
        run(['extract', path, '-f', 'jsonl', '-o', out, '--no-progress', *options])
        with open(out, 'rb') as f:
            rows = list(lines(f.read()))
        with open(out + '.provenance.json') as f:
            return rows, json.load(f)['counters']


def end(row, side):
    return ipaddress.ip_address(row[side + '_ip']).packed, int(row.get(side + '_port') or 0)


def tuples(rows):
    """(proto, (address, port), (address, port)) -> {field: [a to b, b to a]}, smaller end first."""
    out = {}
    for r in rows:
        a, b = end(r, 'src'), end(r, 'dst')
        swap = b < a
        s = out.setdefault((int(r['protocol']), min(a, b), max(a, b)), {})
        for name in ('packets', 'bytes', 'payload_bytes'):
            v = [r.get(f'{name}_fwd') or 0, r.get(f'{name}_bwd') or 0]
            t = s.setdefault(name, [0, 0])
            t[0] += v[swap]
            t[1] += v[not swap]
    return out
