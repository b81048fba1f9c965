"""Network Protocol Fingerprints that cisco/mercury gives for captures and payloads of its own.

Its list for the hundred most frequent hellos has the form with extensions in wire order, "tls/(version)(suites)
(extensions)"; the column tls_npf has them sorted, "tls/1/(version)(suites)[extensions]". Sorting the list makes them
comparable. Its unit test has payloads as arrays and what comes of them, in the sorted form, DTLS among them; the
payloads are put behind IP headers here. The form of QUIC is no column. vectors.py runs it.
"""
import os, re, struct, tempfile

import vector

LIST, CAPTURE = 'test/data/top_100_fingerprints.fp', 'test/data/top_100_fingerprints.pcap'
# Payloads of the unit test: transport, arrays in order, the name of what is expected.
TESTS, PAYLOADS = 'unit_tests/libmerc_driver_fdc.cc', (
    ('tcp', ['tls_client_hello_tcp_payload'], 'tls_client_hello'),
    ('udp', ['dtls_client_hello_udp_payload'], 'dtls_client_hello'),
    ('udp', ['dtls_fragment_1_udp_payload', 'dtls_fragment_2_udp_payload'], 'dtls_fragment_reassembly'),
    ('udp', ['dtls_partial_fragment_1_udp_payload', 'dtls_partial_fragment_2_udp_payload'], 'dtls_partial_fragment_reassembly'))


def packets(transport, payloads):
    """A pcap file of link type RAW with one flow that carries the payloads."""
    out, seq = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)], 1
    for p in payloads:
        head = struct.pack('>HHIIBBHHH', 40000, 443, seq, 0, 0x50, 0x18, 1024, 0, 0) if transport == 'tcp' else struct.pack('>HHHH', 40000, 443, 8 + len(p), 0)
        seq += len(p)
        data = head + p
        ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(data), 0, 0, 64, 6 if transport == 'tcp' else 17, 0, b'\x0a\0\0\1', b'\x0a\0\0\2')
        out.append(struct.pack('<IIII', 0, seq, len(ip + data), len(ip + data)) + ip + data)
    return b''.join(out)


def unit_tests(path):
    with open(path) as f:
        text = f.read()
    arrays = {m[1]: bytes(int(b, 16) for b in re.findall(r'0x\w\w', m[2])) for m in re.finditer(r'unsigned char (\w+)\[\] = \{(.*?)\}', text, re.S)}
    wanted = {m[1]: m[2] for m in re.finditer(r'expected_(\w+)_json = R"json\(\{.*?"fingerprints":\["(.*?)"', text)}
    for transport, names, expected in PAYLOADS:
        with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
            f.write(packets(transport, [arrays[n] for n in names]))
            f.flush()
            have = vector.values(vector.Flows(f.name).rows, 'tls_npf')
        want = wanted[expected]
        yield vector.Case('npf', f'NPF of payloads, {want.partition("/")[0].upper()}', os.path.basename(path), expected, want, have)


def groups(s):
    """The parenthesized parts of s, one level deep."""
    depth = start = 0
    for i, c in enumerate(s):
        if c == '(':
            if not depth:
                start = i
            depth += 1
        elif c == ')':
            depth -= 1
            if not depth:
                yield s[start:i + 1]


def sorted_form(line):
    version, suites, extensions = groups(line[len('tls/'):])
    return f'tls/1/{version}{suites}[{"".join(sorted(groups(extensions[1:-1])))}]'


def cases(folder, pool, only):
    name = os.path.basename(CAPTURE)
    if only not in name:
        return []
    out = list(unit_tests(os.path.join(folder, TESTS)))
    have = vector.values(vector.Flows(os.path.join(folder, CAPTURE)).rows, 'tls_npf')
    with open(os.path.join(folder, LIST)) as f:
        lines = [l.strip() for l in f if l.strip()]
    return out + [vector.Case('npf', 'NPF', name, f'line {i}', sorted_form(l), have if sorted_form(l) in have else []) for i, l in enumerate(lines, 1)]
