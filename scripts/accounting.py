#!/usr/bin/env python3
"""Every record of a capture is accounted for: records read = packets in rows + records that a named counter dropped.

    scripts/accounting.py [--inner] [--only SUBSTR] [CAPTURE or FOLDER...]

PINYON is the command (default ./pinyon), CORPUS the folder of captures (default ../shared/corpus; testdata is always
added). Rows and the counters beside them come from one run. Also checked: the records are as many as capinfos
counts, where it can read the capture. Exit status 1 if a sum does not come out.
"""
import argparse, collections, concurrent.futures as cf, subprocess, sys

sys.dont_write_bytecode = True
import oracle, rows


def balance(rs, c):
    """(records, packets in rows, {counter: records it dropped}, [what contradicts itself])

    The one place that knows how the counters are called.
    """
    packets = sum((r.get('packets_fwd') or 0) + (r.get('packets_bwd') or 0) for r in rs)
    by, wrong = c['dropped_by'], []
    for what, got, want in (('packets_in_rows', c['packets_in_rows'], packets), ('rows', c['rows'], len(rs)),
                            ('dropped', c['dropped'], sum(by.values())),
                            ('non_ip', by.get('non_ip', 0), sum((c.get('non_ip_by') or {}).values())),
                            ('end_reasons', sum(c['end_reasons'].values()), len(rs))):
        if got != want:
            wrong.append(f'{what} {got}, but {want}')
    return c['records'], packets, {k: v for k, v in by.items() if v}, wrong


def capinfos(path):
    r = subprocess.run(['capinfos', '-T', '-r', '-m', '-c', path], capture_output=True, text=True)
    try:
        return int(r.stdout.strip().rsplit(',', 1)[-1].strip('"')) if r.returncode == 0 else None
    except ValueError:
        return None


def check(name, path, options):
    try:
        return name, balance(*rows.extract_with_counters(path, '--features=flow_meta,size', *options)), capinfos(path), None
    except (rows.Failed, KeyError, ValueError, OSError) as e:
        return name, None, None, f'{type(e).__name__}: {e}'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('roots', nargs='*')
    p.add_argument('--inner', action='store_true')
    p.add_argument('--only', default='')
    p.add_argument('--jobs', type=int, default=2)
    a = p.parse_args()
    found = [(n, f) for n, f in oracle.captures(*(a.roots or [rows.CORPUS, oracle.here('../testdata')])) if a.only in n]
    options = ('--decap', 'inner') if a.inner else ()
    total, dropped, bad, other, failed = [0, 0], collections.Counter(), 0, 0, 0
    with cf.ThreadPoolExecutor(a.jobs) as ex:
        for name, sums, independent, error in ex.map(lambda f: check(f[0], f[1], options), found):
            if error:
                failed += 1
                print(f'{name}: {error}')
                continue
            records, packets, drops, wrong = sums
            if wrong:
                bad += 1
                print(f'{name}: {"; ".join(wrong)}')
            total[0] += records
            total[1] += packets
            dropped.update(drops)
            if records != packets + sum(drops.values()):
                bad += 1
                print(f'{name}: {records} records, {packets} packets in rows, dropped {drops}: {records - packets - sum(drops.values())} missing')
            if independent is not None and independent != records:
                other += 1
                print(f'{name}: {records} records, capinfos {independent}')
    print(f'{len(found)} captures: {total[0]} records = {total[1]} packets in rows + {sum(dropped.values())} dropped '
          f'({", ".join(f"{k} {v}" for k, v in dropped.most_common())})')
    print(f'sums that do not come out {bad}; records unlike capinfos {other}; captures refused {failed}')
    sys.exit(bool(bad))


main()
