#!/usr/bin/env python3
"""Kill -9 a watcher again and again while captures come into its directory, and count afterwards: every capture must have
given its rows once. Captures are renamed into the directory, written at once, or written slowly, in directories below too.

    python3 scripts/watchkills.py --cmd ./pinyon [--kills 50] [--files 2000] [--to files|sqlite] [--workers 2]

With --to files each capture must have one output with its own rows, and no output may change once it is there (its inode
is looked at after every kill). With --to sqlite every row must be there once, and every run_id with run_row once.
Prints a line of figures; the status is 1 if something is missing or twice.
"""
import argparse, collections, csv, json, os, random, shutil, signal, sqlite3, struct, subprocess, sys, tempfile, threading, time

def capture(k, flows):
    """A capture of UDP packets: one flow each, from port 1000 on, to the address 10.x.y.z that is the number k."""
    out = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)]
    for i in range(flows):
        dst = struct.pack('>BBH', 10, k >> 16, k & 0xffff)
        udp = struct.pack('>HHHH', 1000 + i, 9, 12, 0) + b'abcd'
        ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes([192, 0, 2, 1]), dst) + udp
        out.append(struct.pack('<IIII', 1700000000 + k, i, len(ip), len(ip)) + ip)
    return b''.join(out)

def address(k):
    return '10.%d.%d.%d' % (k >> 16, k >> 8 & 255, k & 255)

class Writer(threading.Thread):
    """Puts the captures into the directory."""
    def __init__(self, root, flows, seconds):
        super().__init__(daemon=True)
        self.root, self.flows, self.pause = root, flows, seconds / max(len(flows), 1)
        self.how = collections.Counter()

    def run(self):
        rnd = random.Random(5)
        for k, n in self.flows.items():
            b, name = capture(k, n), os.path.join(self.root, ('', 'a', 'a/b')[k % 3], '%06d.pcap' % k)
            os.makedirs(os.path.dirname(name), exist_ok=True)
            how = rnd.choices(('rename', 'write', 'slow'), (5, 5, 1))[0]
            self.how[how] += 1
            if how == 'rename':
                with open(name + '.part', 'wb') as f:
                    f.write(b)
                os.rename(name + '.part', name)
            else:
                with open(name, 'wb') as f:
                    half = rnd.randrange(len(b))
                    f.write(b[:half])
                    if how == 'slow':
                        f.flush()
                        time.sleep(rnd.uniform(0.05, 0.4))
                    f.write(b[half:])
            time.sleep(self.pause * rnd.uniform(0.5, 1.5))

def main():
    p = argparse.ArgumentParser()
    p.add_argument('--cmd', required=True)
    p.add_argument('--kills', type=int, default=50)
    p.add_argument('--files', type=int, default=2000)
    p.add_argument('--to', choices=('files', 'sqlite'), default='files')
    p.add_argument('--workers', type=int, default=2)
    p.add_argument('--seed', type=int, default=1)
    a = p.parse_args()
    rnd = random.Random(a.seed)
    top = tempfile.mkdtemp(prefix='watchkills.')
    root, out = os.path.join(top, 'in'), os.path.join(top, 'out')
    os.makedirs(root)
    flows = {k: rnd.randrange(1, 40) for k in range(1, a.files + 1)}
    cmd = [a.cmd, 'watch', root, '-w', str(a.workers), '--settle', '150ms', '--rescan', '2s', '--retry-wait', '50ms', '--features', 'flow_meta']
    db, journal = os.path.join(top, 'flows.db'), os.path.join(out, '.pinyon-watch.journal')
    if a.to == 'files':
        cmd += ['-o', out]
    else:
        cmd += ['-f', 'sqlite', '-o', db, '--db-meta']
        journal = os.path.join(root, '.pinyon-watch.journal')
    life = [rnd.uniform(0.05, 0.6) for _ in range(a.kills)]
    w = Writer(root, flows, 0.8 * sum(life))
    w.start()
    seen, changed, open_intents, begun = {}, 0, 0, time.time()

    def outputs():
        for d, _, names in os.walk(out):
            for n in names:
                if n.endswith('.csv') and not n.startswith('.'):
                    yield os.path.join(d, n)

    log = open(os.path.join(top, 'stderr'), 'wb')
    for t in life:
        c = subprocess.Popen(cmd, stderr=log, stdout=log)
        time.sleep(t)
        c.send_signal(signal.SIGKILL)
        if c.wait() != -signal.SIGKILL:
            sys.exit('the watcher ended by itself: ' + open(os.path.join(top, 'stderr')).read()[-2000:])
        last = {}
        if os.path.exists(journal):
            for line in open(journal):
                try:
                    r = json.loads(line)
                except ValueError:
                    continue
                last[r['path']] = r['at']
        open_intents += sum(at == 'begin' for at in last.values())
        if a.to == 'files':
            for n in outputs():
                st = os.stat(n)
                if seen.setdefault(n, (st.st_ino, st.st_mtime_ns)) != (st.st_ino, st.st_mtime_ns):
                    changed += 1
    w.join()
    subprocess.run(cmd + ['--drain'], stderr=log, stdout=log, check=True, timeout=300)
    took = time.time() - begun

    rows, missing, twice, strange = collections.Counter(), 0, 0, 0
    if a.to == 'files':
        per = collections.Counter()
        for n in outputs():
            st = os.stat(n)
            changed += seen.setdefault(n, (st.st_ino, st.st_mtime_ns)) != (st.st_ino, st.st_mtime_ns)
            with open(n) as f:
                for r in csv.DictReader(f):
                    rows[r['dst_ip'], r['src_port']] += 1
                    per[n, r['dst_ip']] = 1
        strange = sum(v > 1 for v in collections.Counter(n for n, _ in per).values()) + sum(v > 1 for v in collections.Counter(ip for _, ip in per).values())
        left = sum('.tmp-' in n for d, _, names in os.walk(out) for n in names)
    else:
        con = sqlite3.connect(db)
        for ip, port in con.execute('select dst_ip, src_port from pinyon_features'):
            rows[ip, str(port)] += 1
        strange = con.execute('select count(*) from (select run_id, run_row from pinyon_features group by 1, 2 having count(*) > 1)').fetchone()[0]
        left = 0
    for k, n in flows.items():
        for i in range(n):
            got = rows.pop((address(k), str(1000 + i)), 0)
            missing += got == 0
            twice += got > 1
    begins, dones = collections.Counter(), collections.Counter()
    for line in open(journal):
        try:
            r = json.loads(line)
        except ValueError:
            continue
        if r['at'] == 'begin':
            begins[r['path']] += 1
        if r['at'] == 'done':
            dones[r['path']] += 1
    bad = missing + twice + strange + changed + left + len(rows) + sum(n > 1 for n in dones.values()) + (len(dones) != a.files)
    print(f'to {a.to}: {a.kills} kills in {took:.1f} s, {a.files} captures ({dict(w.how)}), {sum(flows.values())} rows; intents open at a kill {open_intents}, '
          f'files begun more than once {sum(n > 1 for n in begins.values())}, done once {sum(n == 1 for n in dones.values())}, done twice {sum(n > 1 for n in dones.values())}; '
          f'rows missing {missing}, twice {twice}, foreign {len(rows)}; outputs changed {changed}, mixed or doubled {strange}, temporary files left {left}')
    if bad:
        print('kept:', top)
        sys.exit(1)
    shutil.rmtree(top)

if __name__ == '__main__':
    main()
