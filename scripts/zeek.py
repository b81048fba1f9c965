"""ssl, x509, quic, ssh and dns logs that zeek/zeek keeps as baselines of its tests, for the traces beside them.

A baseline is named after its test, and the test names its traces; a record belongs to the flow with its ends. A log
that was cut down to columns without ends belongs to the flow of the traces with which it has most in common. DNS has
a record a transaction and Pinyon the transaction of record of a flow: the record that has most in common is taken.
A certificate is found by its SHA-256; only those of servers' leaves are columns.
Unset values ('-') are held against missing ones where the log would have had them; in its DNS log flags stay F until
the log's script has read a question (RD) or an answer (AA, RA), so these are held only then. Version, curve and
resumption of a QUIC flow are not compared: Pinyon's columns of these are of TCP and DTLS. vectors.py runs it.
"""
import collections, glob, os, re, sys

import vector

ROOT = 'testing/btest'
TRACE = re.compile(r'\$\{?TRACES\}?/([\w./+@-]+)')
LOG = re.compile(r'(ssl|x509|quic|ssh|dns)\b[^/]*$')
ENDS = ('id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p')


def escaped(s):
    r"""Text in one form: Zeek's \xhh, and dns.md's \DDD, as characters; lower case."""
    s = re.sub(r'\\x([0-9a-fA-F]{2})', lambda m: chr(int(m[1], 16)), s)
    s = re.sub(r'\\(\d{3})', lambda m: chr(int(m[1])), s)
    return re.sub(r'\\(.)', r'\1', s).lower()


def version(row):
    """The server's choice in Zeek's spelling; Pinyon falls back on the client's offer, Zeek does not."""
    if not row['ja3s_string']:
        return ''
    s = row['tls_version_str']
    for pattern, form in ((r'TLS 1\.3 \(draft (\d+)\)', 'TLSv13-draft{}'), (r'(D?TLS) (\d)\.(\d)', '{}v{}{}'), (r'SSL (\d)\.0', 'SSLv{}')):
        m = re.fullmatch(pattern, s)
        if m:
            return form.format(*m.groups())
    m = re.fullmatch(r'Unknown \(0x(\w+)\)', s)
    return f'unknown-{int(m[1], 16)}' if m else s


def curve(row):
    """Zeek names elliptic curves and what TLS 1.3 calls a group, once the server chose it."""
    name = row['tls_key_exchange_group_name']
    return name if row['tls_kex_negotiated'] and not re.fullmatch(r'dh\d+', name) else ''


def common(ours, theirs):
    return next((a for a in ours.split(',') if a in theirs.split(',') and not a.startswith(('ext-info-', 'kex-strict-'))), '')


def mac(row):
    """Zeek names the MAC even where the cipher leaves it unused; the lists say which that is."""
    return row['ssh_mac_alg'] or common(row['ssh_macs'], row['ssh_macs_server'])


def flag(v):
    return 'T' if v else 'F'


def tcp(record, row):
    return not row or row['tls_transport'] != 'quic'


def answered(record, row):
    return record.get('answers', '-') != '-'


def asked(record, row):
    return record.get('qtype', '-') != '-'


def plain(record, row):
    """Zeek does not guess the outcome of a login where compression was agreed."""
    return not record.get('compression_alg', 'none').startswith('zlib')


def handshake(history):
    """Letters of handshake messages and ChangeCipherSpec that both have: Zeek stops once both sides encrypt, notes
    HelloVerifyRequest and marks a turned flow."""
    return ''.join(c for c in history if c not in 'dDlLv^')


def street(s):
    """OpenSSL's spelling of RFC 4514's STREET."""
    return s.replace('STREET=', 'street=')


def blanks(s):
    return s.replace('\\x20', ' ')


# log, field of the log, what Pinyon has, whether an unset value is a case, how Zeek's text is read, when it counts
FIELDS = (
    ('ssl', 'server_name', lambda r: r['tls_sni'] or r['quic_sni'], True, str, None),
    ('ssl', 'version', version, True, str, tcp),
    ('ssl', 'cipher', lambda r: r['tls_cipher_name'], True, str, None),
    ('ssl', 'curve', curve, True, str, tcp),
    ('ssl', 'next_protocol', lambda r: r['tls_alpn_selected'], True, str, None),
    ('ssl', 'resumed', lambda r: flag(r['tls_session_resumed']), False, str, tcp),
    ('ssl', 'established', lambda r: flag(r['tls_established']), False, str, tcp),
    ('ssl', 'ssl_history', lambda r: handshake(r['tls_history']), False, handshake, tcp),
    ('ssl', 'cert_chain_fps', lambda r: r['tls_cert_sha256'], False, lambda v: v.split(',')[0], None),
    ('x509', 'certificate.subject', lambda r: street(r['tls_cert_subject']), False, str, None),
    ('x509', 'certificate.issuer', lambda r: street(r['tls_cert_issuer']), False, str, None),
    ('x509', 'certificate.serial', lambda r: r['tls_cert_serial'].upper(), False, str, None),
    ('x509', 'certificate.version', lambda r: str(r['tls_cert_version']), False, str, None),
    ('x509', 'certificate.not_valid_before', lambda r: f'{r["tls_cert_not_before"]}.000000', False, str, None),
    ('x509', 'certificate.not_valid_after', lambda r: f'{r["tls_cert_not_after"]}.000000', False, str, None),
    ('x509', 'certificate.key_length', lambda r: str(r['tls_cert_key_bits']), False, str, None),
    ('x509', 'san.dns', lambda r: r['tls_cert_san_dns'], True, str.lower, None),
    ('x509', 'san.ip', lambda r: r['tls_cert_san_ip'], True, str, None),
    ('x509', 'basic_constraints.ca', lambda r: flag(r['tls_cert_is_ca']), False, str, None),
    ('quic', 'server_name', lambda r: r['quic_sni'], True, str, None),
    ('quic', 'client_protocol', lambda r: r['quic_alpn'], True, str, None),
    ('quic', 'version', lambda r: r['quic_version_str'], True, lambda v: {'1': 'QUIC v1', 'quicv2': 'QUIC v2'}.get(v, v), None),
    ('quic', 'client_initial_dcid', lambda r: r['quic_dcid'], True, str, None),
    ('ssh', 'client', lambda r: blanks(r['ssh_client_banner']), True, str, None),
    ('ssh', 'server', lambda r: blanks(r['ssh_server_banner']), True, str, None),
    ('ssh', 'kex_alg', lambda r: r['ssh_kex_alg'], True, str, None),
    ('ssh', 'host_key_alg', lambda r: r['ssh_host_key_alg'], True, str, None),
    ('ssh', 'cipher_alg', lambda r: r['ssh_cipher_alg'], True, str, None),
    ('ssh', 'mac_alg', mac, True, str, None),
    ('ssh', 'compression_alg', lambda r: r['ssh_compression_alg'], True, str, None),
    ('ssh', 'host_key_fingerprint', lambda r: r['ssh_host_key_sha256'][:39], False, lambda v: v[:39], None),  # Zeek keeps 32 digits
    ('ssh', 'auth_success', lambda r: {1: 'T', 0: 'F', -1: ''}[r['ssh_auth_success']], True, str, plain),
    ('ssh', 'auth_attempts', lambda r: str(r['ssh_auth_attempts']), False, str, plain),
    ('dns', 'query', lambda r: escaped(r['dns_query_name']), True, lambda v: escaped(v) or '.', None),
    ('dns', 'qtype', lambda r: str(r['dns_query_type']), False, str, None),
    ('dns', 'rcode', lambda r: str(r['dns_response_code']), False, str, None),
    ('dns', 'AA', lambda r: flag(r['dns_authoritative']), False, str, answered),
    ('dns', 'RD', lambda r: flag(r['dns_recursion_desired']), False, str, asked),
    ('dns', 'RA', lambda r: flag(r['dns_recursion_available']), False, str, answered),
    ('dns', 'TTLs', lambda r: f'{r["dns_min_ttl"]} {r["dns_max_ttl"]}', False,
     lambda v: f'{int(min(map(float, v.split(","))))} {int(max(map(float, v.split(","))))}', None),
)
DETECTED = {'ssl': lambda r: r['tls_transport'] or r['tls_detected'], 'quic': lambda r: r['quic_detected'],
            'ssh': lambda r: r['ssh_detected'], 'dns': lambda r: r['dns_detected']}


def records(path):
    names, empty = None, '(empty)'
    with open(path, encoding='utf8', errors='surrogateescape') as f:
        for line in f:
            line = line.rstrip('\n')
            if line.startswith('#fields'):
                names = line.split('\t')[1:]
            elif line.startswith('#') or not line:
                continue
            elif names is None:
                names = line.split('\t')  # zeek-cut -m
                if 'uid' not in names:
                    return
            else:
                yield {k: '' if v == empty else v for k, v in zip(names, line.split('\t'))}


def tests(root):
    """Test name -> its traces."""
    out = collections.defaultdict(list)
    for d, dirs, files in os.walk(root):
        if d == root:
            dirs[:] = [x for x in dirs if x not in ('Baseline', 'Traces') and not x.startswith('.')]
        for name in files:
            path = os.path.join(d, name)
            with open(path, errors='replace') as f:
                text = f.read()
            found = TRACE.findall(text)
            if found:
                out[os.path.splitext(os.path.relpath(path, root))[0].replace(os.sep, '.')] += dict.fromkeys(found)
    return out


def agreement(log, record, row):
    return sum(read(record[f]) == ours(row) for l, f, ours, _, read, _ in FIELDS if l == log and record.get(f, '-') != '-')


def compare(log, name, flow, record, row):
    for l, field, ours, unset, read, counts in FIELDS:
        if l != log or field not in record or counts and not counts(record, row):
            continue
        want = record[field]
        if want == '-':
            if unset:
                yield vector.Case('zeek', f'{log}: {field}', name, flow, '', [ours(row)] if row else ['no flow'])
        else:
            yield vector.Case('zeek', f'{log}: {field}', name, flow, read(want), [ours(row)] if row else [])


def baseline(path, traces):
    """Cases of one log. traces are vector.Flows."""
    log = LOG.match(os.path.basename(path))[1]
    name = os.path.relpath(path, os.path.join(path.split('/Baseline/')[0], 'Baseline'))
    grouped = {}
    for r in records(path):
        if log == 'x509':
            found = [x for t in traces for x in t.rows if x['tls_cert_sha256'] == r.get('fingerprint')]
            if found:
                yield from compare(log, name, r['fingerprint'][:16], r, found[0])
            continue
        ends = tuple(r.get(f) for f in ENDS)
        grouped.setdefault((r.get('uid'), ends), []).append(r)
    taken = set()
    for (uid, ends), recs in grouped.items():
        flow = ' '.join(e for e in ends if e) or uid
        if all(ends):
            found = [x for t in traces for x in t.find(vector.ends(*ends))]
        else:
            found = [x for t in traces for x in t.where(DETECTED[log]) if id(x) not in taken]
        pairs = [(agreement(log, rec, row), rec, row) for row in found for rec in recs]
        if pairs:
            _, rec, row = max(pairs, key=lambda p: p[0])
            taken.add(id(row))
        else:
            rec, row = recs[0], None
        yield from compare(log, name, flow, rec, row)


def cases(folder, pool, only):
    root = os.path.join(folder, ROOT)
    of = tests(root)
    wanted = []
    for path in sorted(glob.glob(os.path.join(root, 'Baseline/*/*'))):
        test = os.path.basename(os.path.dirname(path))
        if not LOG.match(os.path.basename(path)) or only not in path:
            continue
        found = of.get(test) or of.get(re.sub(r'-\d+$', '', test))
        if found and any(True for _ in records(path)):
            wanted.append((path, [os.path.join(root, 'Traces', t) for t in found]))
    names = sorted({t for _, ts in wanted for t in ts})
    for t in names:
        if not os.path.exists(t):
            print(f'zeek: no such trace, its flows are missing: {t}', file=sys.stderr)
    names = [t for t in names if os.path.exists(t)]
    flows = dict(zip(names, pool.map(vector.Flows, names)))
    out = []
    for path, ts in wanted:
        out += baseline(path, [flows[t] for t in ts if t in flows])
    order = {f'{f[0]}: {f[1]}': i for i, f in enumerate(FIELDS)}
    return sorted(out, key=lambda c: order[c.field])
