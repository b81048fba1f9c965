#!/usr/bin/env python3
"""Tests of the witness itself: python3 scripts/witness/test_witness.py"""
from __future__ import annotations

import math
import struct
import tempfile
import unittest

import capture
import guesses
import headers
import split
import witness
from craft import CLIENT, ETHERNET, RAW, SERVER, START, ethernet, ipv4, ipv6, pcap, segment, udp
from craft import tcp as tcp_bytes
from flow import Flow

MS = 10**6
SYN, ACK, FIN, RST, PSH = 2, 16, 1, 4, 8
# Check vector V1x of the column definitions: fwd, ms, total, payload, flags, seq, ack, window, TSval, TSecr.
V1X = [
    (1, 0, 60, 0, 2, 1000, 0, 64240, 100, 0), (0, 20, 60, 0, 18, 5000, 1001, 65160, 900, 100),
    (1, 21, 52, 0, 16, 1001, 5001, 502, 121, 900), (1, 25, 569, 517, 24, 1001, 5001, 502, 125, 900),
    (0, 45, 1500, 1448, 16, 5001, 1518, 501, 925, 125), (0, 45.2, 1500, 1448, 16, 6449, 1518, 501, 925, 125),
    (1, 46, 52, 0, 16, 1518, 7897, 480, 146, 925), (1, 150, 585, 533, 24, 1518, 7897, 502, 250, 925),
    (0, 170, 585, 533, 24, 7897, 2051, 501, 1050, 250), (0, 470, 252, 200, 24, 8430, 2051, 501, 1350, 250),
    (1, 471, 52, 0, 17, 2051, 8630, 502, 571, 1050), (0, 490, 52, 0, 17, 8630, 2052, 501, 1370, 571),
    (1, 491, 52, 0, 16, 2052, 8631, 502, 591, 1370)]
WANT = {
    'flow_id': 'afbe9a93598761d356a33403ba8fa20d', 'duration': 0.491, 'flow_stat': 79, 'hdr_desc': 'ETH-IP-TCP',
    'packets_per_second': 26.476578411405296, 'bytes_ratio': 0.36009116231957455,
    'iat_mean': 0.040916666666666664, 'iat_std': 0.08281837390069642, 'iat_median': 0.0115, 'iat_p25': 0.001,
    'iat_p75': 0.02, 'iat_p90': 0.0956, 'iat_p99': 0.27844, 'burstiness_index': 2.02407431121865,
    'iat_fwd_std': 0.11178463917531584, 'iat_bwd_mean': 0.094, 'iat_bwd_median': 0.025, 'burst_count': 3,
    'avg_burst_packets': 4.333333333333333, 'avg_burst_duration': 0.029, 'max_burst_packets': 7, 'idle_count': 2,
    'avg_idle_duration': 0.202, 'max_idle_duration': 0.3, 'first_response_time': 0.02,
    'pkt_len_mean': 413.15384615384613, 'pkt_len_std': 509.4027945551454, 'pkt_len_p90': 1317.0,
    'pkt_len_bwd_median': 418.5, 'payload_len_std': 510.2635007882559, 'payload_len_bwd_mean': 604.8333333333334,
    'header_only_ratio': 0.5384615384615384, 'pkt_len_variance': 259491.2071005917, 'dominant_pkt_size': 52,
    'byte_asymmetry': -0.47048966672872833, 'pkt_size_cv': 1.232961520986202, 'size_entropy': 0.9074994274322401,
    'iat_variance': 0.0068588830555555555, 'burst_padding_ratio': 0.12884006702662446, 'burst_overhead_bytes': 692,
    'avg_burst_payload_efficiency': 0.7670408796849144, 'padding_score': 0.0,
    'entropy_payload': 6.1371987351738495, 'entropy_initiator': 5.25, 'entropy_ratio': 1.0,
    'byte_distribution_uniformity': 0.986328125, 'printable_ratio': 0.3671875, 'high_byte_ratio': 0.4375,
    'mac_src': '02:00:00:00:00:01', 'mac_eth_type': 2048, 'mac_stat': 3, 'mac_unique_src_count': 2,
    'ip_ttl_bwd_mean': 57.0, 'ip_tos_unique_count': 2, 'ip_flags': 2, 'ip_df_count': 13, 'ip_id_gaps': 0,
    'ipv4_packet_count': 13, 'tcp_fstat': 95, 'tcp_flags_agg': 27, 'tcp_ack_only_packets': 3, 'tcp_data_packets': 6,
    'tcp_isn_bwd': 5000, 'tcp_seq_fwd_bytes_sent': 1050, 'tcp_seq_bwd_bytes_sent': 3629, 'tcp_ack_fwd_count': 6,
    'tcp_total_ooo': 0, 'tcp_total_dup_acks': 0, 'tcp_win_fwd_mean': 9604.285714285714, 'tcp_win_bwd_mean': 11277.5,
    'tcp_win_fwd_up_count': 2, 'tcp_win_fwd_down_count': 1, 'tcp_win_bwd_change_count': 1,
    'tcp_scaled_win_fwd_max': 64256, 'tcp_scaled_win_bwd_max': 65160, 'tcp_ts_fwd_diff': 491,
    'tcp_ts_ecr_fwd_first': 900, 'tcp_options_bitmap': 15, 'tcp_options_pkt_count': 13, 'is_mptcp': 0,
    'tcp_rtt_handshake': 0.021, 'tcp_rtt_samples': 8, 'tcp_rtt_mean': 0.047875, 'tcp_rtt_std': 0.09606565137966848,
    'tcp_rtt_jitter_avg': 0.10016666666666667, 'tcp_rtt_ack_mean': 0.01045, 'tcp_rtt_ack_max': 0.02,
    'tcp_fp_fwd': 't64240_1460_7_840e6a1d73a6', 'tcp_fp_bwd': 't65160_1460_7_ec98291f0b85',
    'tcp_os_hint_fwd': 'linux', 'tcp_uptime_fwd': 2.777777777777778e-05, 'tcp_uptime_bwd': 0.00025}


def v1x():
    ident = 100
    for k, (fwd, ms, total, payload, flags, seq, ack, window, val, ecr) in enumerate(V1X, 1):
        clock = struct.pack('>BBII', 8, 10, val, ecr)
        options = b'\x02\x04\x05\xb4\x04\x02' + clock + b'\x01\x03\x03\x07' if k < 3 else b'\x01\x01' + clock
        ends = [b'\x0a\0\0\x05', b'\xc0\0\x02\x0a'][::1 if fwd else -1]
        body = tcp_bytes(*(51000, 443)[::1 if fwd else -1], seq, ack, flags,
                         bytes((j * j + k) % 256 for j in range(payload)), options, window)
        head = struct.pack('>BBHHHBBH', 0x45, 2 if payload else 0, total, ident if fwd else 0, 0x4000,
                           64 if fwd else 57, 6, 0)
        ident += fwd
        macs = [b'\x02\0\0\0\0\x01', b'\x02\0\0\0\0\x02'][::1 if fwd else -1]
        yield 100 * 10**9 + round(ms * MS), ethernet(head + b''.join(ends) + body, 0x0800, *macs)


def packets(frames, link=RAW, tshark=False, **changed):
    """Frames, a millisecond apart where they bring no time of their own, as the witness reads them."""
    options = witness.arguments(['x'])
    vars(options).update(changed)
    timed = [f if isinstance(f, tuple) else (START + i * MS, f) for i, f in enumerate(frames)]
    if tshark:
        with tempfile.NamedTemporaryFile(suffix='.pcap') as file:
            pcap(file.name, timed, link)
            return capture.read(file.name, options).packets, options
    found = [headers.Packet(i, t, len(f), len(f)) for i, (t, f) in enumerate(timed, 1)]
    for p, (_, f) in zip(found, timed, strict=True):
        at = 0
        if link == ETHERNET:
            p.dmac, p.smac, p.eth_type = f[:6].hex(':'), f[6:12].hex(':'), int.from_bytes(f[12:14], 'big')
            at = 14
            if p.eth_type == 0x8100:
                p.vlan, at = int.from_bytes(f[14:16], 'big') & 0xfff, 18
        headers.read_ip(p, f, at, None)
    capture.finish(found, [t for t, _ in timed], options)
    return found, options


def cuts(frames, link=RAW, **changed):
    """Record numbers and end reason of every flow."""
    found, options = packets(frames, link, **changed)
    return [([p.number for p in c.packets], c.reason) for c in split.split(found, found[-1].clock, options)]


def columns(frames, link=RAW, **changed):
    """Columns of a capture of one flow."""
    found, options = packets(frames, link, **changed)
    only, = split.split(found, found[-1].clock, options)
    return witness.columns(Flow(only.packets, only.initiator), options, {})


def opening(client=1000, server=5000):
    return [segment(True, client, 0, SYN), segment(False, server, client + 1, SYN | ACK),
            segment(True, client + 1, server + 1, ACK)]


class Vector(unittest.TestCase):
    def test_v1x(self):
        row = columns(list(v1x()), ETHERNET, tshark=True, max_sequence_length=6)
        for name, want in WANT.items():
            with self.subTest(name):
                if isinstance(want, float):
                    self.assertTrue(math.isclose(row[name], want, rel_tol=1e-12), (row[name], want))
                else:
                    self.assertEqual(row[name], want)


class WhoBegan(unittest.TestCase):
    def test_answer_first(self):
        row = columns([ethernet(segment(False, 5000, 1001, SYN | ACK), src=b'\2\0\0\0\0\2', dst=b'\2\0\0\0\0\1')],
                      ETHERNET)
        self.assertEqual((row['src_ip'], row['src_port'], row['dst_port']), ('10.0.0.1', 40000, 80))
        self.assertEqual((row['packets_fwd'], row['packets_bwd'], row['tcp_responder_synack']), (0, 1, True))
        self.assertEqual(row['mac_src'], '02:00:00:00:00:01')

    def test_swapped(self):
        a, b, c = opening()
        row = columns([b, a, c])
        self.assertEqual((row['src_ip'], row['tcp_complete_handshake']), ('10.0.0.1', True))
        self.assertIsNone(row['tcp_rtt_handshake'])

    def test_without_handshake_the_first_packet_decides(self):
        row = columns([segment(False, 1, 1, ACK), segment(True, 1, 1, ACK)])
        self.assertEqual(row['src_ip'], '10.0.0.2')


class InitialNumbers(unittest.TestCase):
    def test_second_syn_is_answered(self):
        row = columns([segment(True, 1000, 0, SYN), segment(True, 777000, 0, SYN),
                       segment(False, 5000, 777001, SYN | ACK), segment(True, 777001, 5001, ACK),
                       segment(True, 777001, 5001, ACK, b'x' * 10)])
        self.assertEqual((row['tcp_isn_fwd'], row['tcp_seq_fwd_gaps'], row['tcp_total_ooo']), (777000, 0, 0))
        self.assertEqual(row['tcp_seq_fwd_bytes_sent'], 10)

    def test_another_answer_changes_nothing(self):
        frames = opening() + [segment(False, 4000000, 1001, SYN | ACK), segment(False, 5001, 1001, ACK, b'y' * 7)]
        row = columns(frames)
        self.assertEqual((row['tcp_isn_bwd'], row['tcp_seq_bwd_gaps'], row['tcp_seq_bwd_bytes_sent']), (5000, 0, 7))


class Sequence(unittest.TestCase):
    def test_keep_alive_in_mid_connection(self):
        frames = opening() + [segment(True, 1001, 5001, ACK, b'k'), segment(False, 5001, 1002, ACK),
                              segment(True, 1001, 5001, ACK, b'k'), segment(False, 5001, 1002, ACK),
                              segment(True, 1001, 5001, ACK)]
        row = columns(frames)
        self.assertEqual((row['tcp_seq_fwd_retrans'], row['tcp_seq_fwd_bytes_sent']), (0, 1))

    def test_a_byte_that_nobody_acknowledged_is_sent_again(self):
        row = columns(opening() + [segment(True, 1001, 5001, ACK, b'k')] * 2)
        self.assertEqual(row['tcp_seq_fwd_retrans'], 1)

    def test_round_trip_of_data_with_fin(self):
        row = columns(opening() + [segment(True, 1001, 5001, ACK | FIN, b'x' * 9), segment(False, 5001, 1011, ACK)])
        self.assertAlmostEqual(row['tcp_rtt_ack_min'], 0.001)

    def test_round_trip_of_data_with_syn(self):
        row = columns([segment(True, 1000, 0, SYN, b'x' * 5), segment(False, 5000, 1006, SYN | ACK)])
        self.assertAlmostEqual(row['tcp_rtt_ack_min'], 0.001)

    def test_a_segment_sent_twice_gives_no_round_trip(self):
        again = segment(True, 1001, 5001, ACK | FIN, b'x' * 9)
        row = columns(opening() + [again, again, segment(False, 5001, 1011, ACK)])
        self.assertIsNone(row['tcp_rtt_ack_min'])


class Cuts(unittest.TestCase):
    closing = [segment(True, 1001, 5001, FIN | ACK), segment(False, 5001, 1002, FIN | ACK),
               segment(True, 1002, 5002, ACK)]

    def test_each_fin_is_acknowledged_by_number(self):
        stale = segment(True, 1002, 5001, ACK)
        self.assertEqual(cuts([*opening(), *self.closing[:2], stale])[0][1], 'flushed')
        self.assertEqual(cuts([*opening(), *self.closing])[0][1], 'fin')

    def test_an_answered_syn_begins_a_new_flow(self):
        self.assertEqual(cuts([*opening(), *opening(90000, 70000)]), [([1, 2, 3], 'reused'), ([4, 5, 6], 'flushed')])
        self.assertEqual(cuts([*opening(), *self.closing, *opening(90000, 70000)]),
                         [([1, 2, 3, 4, 5, 6], 'fin'), ([7, 8, 9], 'flushed')])

    def test_a_challenge_answers_nothing(self):
        frames = [*opening(), segment(True, 90000, 0, SYN), segment(False, 5001, 1001, ACK),
                  segment(True, 1001, 5001, ACK)]
        self.assertEqual(cuts(frames), [([1, 2, 3, 4, 5, 6], 'flushed')])

    def test_an_attempt_that_nobody_answered_goes_on(self):
        frames = [segment(True, 1000, 0, SYN), *opening(90000, 70000)]
        self.assertEqual(cuts(frames), [([1, 2, 3, 4], 'flushed')])

    def test_what_comes_before_the_proof_is_the_old_connection(self):
        syn, answer, ack = opening(90000, 70000)
        data = segment(False, 5001, 1001, ACK)
        self.assertEqual(cuts([*opening(), syn, data, answer, ack]), [([1, 2, 3, 5], 'reused'), ([4, 6, 7], 'flushed')])
        self.assertEqual(cuts([*opening(), syn, *self.closing, answer, ack]),
                         [([1, 2, 3, 5, 6, 7], 'fin'), ([4, 8, 9], 'flushed')])
        for n in 15, 16:
            first = cuts([*opening(), syn, *[data] * n, answer, ack])[0][0]
            self.assertEqual(4 in first, n == 16)

    def test_a_late_copy_of_the_syn_belongs_to_the_closed_connection(self):
        self.assertEqual(cuts([*opening(), *self.closing, segment(True, 1000, 0, SYN)]), [([1, 2, 3, 4, 5, 6, 7], 'fin')])

    def test_a_refused_syn_that_is_answered_after_all(self):
        refused = [segment(True, 1000, 0, SYN), segment(False, 0, 1001, RST | ACK)]
        frames = [(START + i * MS, f) for i, f in enumerate([*refused, *opening()])]
        later = (START + 8 * 10**9, segment(True, 1001, 5001, ACK))
        self.assertEqual(cuts([*frames, later]), [([1, 2, 3, 4, 5, 6], 'flushed')])
        self.assertEqual([len(c[0]) for c in cuts([*frames[:2], later])], [2, 1])

    def test_a_late_packet_joins_only_for_a_while(self):
        frames = [(START + i * MS, f) for i, f in enumerate([*opening(), *self.closing])]
        late = segment(False, 5001, 1002, FIN | ACK)
        self.assertEqual(len(cuts([*frames, (START + 5 * 10**9, late)])), 1)
        self.assertEqual(len(cuts([*frames, (START + 6 * 10**9, late)])), 2)

    def test_silence(self):
        frames = [(START, segment(True, 1, 1, ACK)), (START + 60 * 10**9, segment(True, 1, 1, ACK)),
                  (START + 121 * 10**9, segment(True, 1, 1, ACK))]
        self.assertEqual(cuts(frames), [([1, 2], 'idle'), ([3], 'flushed')])
        self.assertEqual(cuts(frames, timeout=200.0), [([1, 2, 3], 'flushed')])

    def test_a_step_back_in_time(self):
        frames = [(START, segment(True, 1, 1, ACK)), (START - 61 * 10**9, segment(True, 1, 1, ACK))]
        self.assertEqual(cuts(frames), [([1], 'idle'), ([2], 'flushed')])

    def test_active_timeout_keeps_the_initiator(self):
        frames = [(START, segment(True, 1, 1, ACK)), (START + 2 * 10**9, segment(False, 1, 1, ACK))]
        found, options = packets(frames, active_timeout=1.0)
        self.assertEqual([c.reason for c in split.split(found, found[-1].clock, options)], ['active', 'flushed'])
        self.assertEqual([c.initiator for c in split.split(found, found[-1].clock, options)], [('10.0.0.1', 40000)] * 2)


class Vlans(unittest.TestCase):
    def frames(self):
        whole = udp(5000, 6000, b'v' * 32)
        first, later = (ipv4(CLIENT, SERVER, 17, whole[:16], ident=7, fragment=0x2000),
                        ipv4(CLIENT, SERVER, 17, whole[16:], ident=7, fragment=2))
        other = ipv4(CLIENT, SERVER, 17, udp(5001, 6001, b'w' * 32)[:16], ident=7, fragment=0x2000)
        return [ethernet(first, vlan=10), ethernet(other, vlan=20), ethernet(later, vlan=10), ethernet(later, vlan=20)]

    def test_fragments_are_kept_apart(self):
        self.assertEqual([c[0] for c in cuts(self.frames(), ETHERNET, key_vlan=True)], [[1, 3], [2, 4]])

    def test_without_the_key_the_latest_first_fragment_counts(self):
        self.assertEqual([c[0] for c in cuts(self.frames(), ETHERNET)], [[1], [2, 3, 4]])

    def test_no_tag_is_vlan_0(self):
        body = ipv4(CLIENT, SERVER, 17, udp(1, 2, b''))
        frames = [ethernet(body), ethernet(body, vlan=0), ethernet(body, vlan=3)]
        self.assertEqual([c[0] for c in cuts(frames, ETHERNET, key_vlan=True)], [[1, 2], [3]])


class Headers(unittest.TestCase):
    inner = ipv4(b'\x0a\1\0\1', b'\x0a\1\0\2', 17, udp(7, 9, b'i' * 100))

    def test_decap(self):
        gre = ipv4(CLIENT, SERVER, 47, b'\0\0\x08\0' + self.inner)
        vxlan = ipv4(CLIENT, SERVER, 17, udp(55555, 4789, b'\x08\0\0\0\0\0\1\0' + ethernet(self.inner)))
        both, _ = packets([gre, vxlan], tshark=True, decap='inner')
        self.assertEqual([(p.src, p.sport, p.payload_len) for p in both], [('10.1.0.1', 7, 100)] * 2)
        both, _ = packets([gre, vxlan], tshark=True)
        self.assertEqual([(p.src, p.proto) for p in both], [('10.0.0.1', 47), ('10.0.0.1', 17)])

    def test_what_icmp_quotes_is_no_tunnel(self):
        error = ipv4(CLIENT, SERVER, 1, b'\3\3\0\0\0\0\0\0' + self.inner)
        p, = packets([error], tshark=True, decap='inner')[0]
        self.assertEqual((p.src, p.proto), ('10.0.0.1', 1))

    def test_payload_ends_where_a_header_around_it_ends(self):
        cut = ipv4(CLIENT, SERVER, 47, b'\0\0\x08\0' + self.inner, length=20 + 4 + 20 + 8 + 30)
        p, = packets([cut], tshark=True, decap='inner')[0]
        self.assertEqual((p.total_len, p.payload_len, len(p.payload)), (128, 30, 30))
        pppoe = ethernet(struct.pack('>BBHHH', 0x11, 0, 1, 2 + 28 + 40, 0x21) + self.inner, 0x8864)
        p, = packets([pppoe], ETHERNET, tshark=True)[0]
        self.assertEqual((p.total_len, p.payload_len), (128, 40))

    def test_what_lies_behind_ah_is_the_flow(self):
        segment_ = tcp_bytes(1, 2, 3, 4, ACK, b'abc')
        ah = struct.pack('>BBHII', 6, 4, 0, 0x100, 1) + bytes(12)
        six = ipv6(bytes(15) + b'\1', bytes(15) + b'\2', 51, ah + segment_)
        four = ipv4(CLIENT, SERVER, 51, ah + segment_)
        for p in packets([six, four], tshark=True)[0]:
            self.assertEqual((p.proto, p.sport, p.dport, p.payload_len), (6, 1, 2, 3))

    def test_unknown_headers_end_the_walk(self):
        for proto in (50, 59, 253, 254, 99):
            p, = packets([ipv6(bytes(15) + b'\1', bytes(15) + b'\2', proto, bytes(24))])[0]
            self.assertEqual((p.proto, p.sport), (proto, 0))


def query(ident, response, name=b'\1a\0'):
    head = struct.pack('>HHHHHH', ident, 0x8180 if response else 0x100, 1, int(response), 0, 0)
    answer = b'\xc0\x0c' + struct.pack('>HHIH', 1, 1, 60, 4) + b'\x0a\0\0\x09'
    return head + name + struct.pack('>HH', 1, 1) + (answer if response else b'')


class Names(unittest.TestCase):
    def talk(self, *messages, port=53):
        return columns([ipv4(*((CLIENT, SERVER) if fwd else (SERVER, CLIENT)), 17,
                             udp(*((4000, port) if fwd else (port, 4000)), data)) for fwd, data in messages])

    def test_a_response_belongs_to_its_query(self):
        row = self.talk((1, query(7, False)), (0, query(7, True)))
        self.assertEqual((row['dns_query_name'], row['dns_response_code'], row['dns_min_ttl']), ('a', 0, 60))
        row = self.talk((1, query(7, False)), (0, query(8, True)))
        self.assertIsNone(row['dns_response_code'])


class Kinds(unittest.TestCase):
    row = {'tor_confidence': 0.0, 'vpn_confidence': 0.0, 'doh_confidence': 0.0, 'tls_detected': True, 'tls_sni': 'x.example',
           'tls_alpn_offered': 'h2'}

    def kind(self, **changed):
        found, options = packets(opening())
        return guesses.fingerprint(Flow(found), options, self.row | changed)

    def test_shape_alone_is_no_doh(self):
        frames = [*opening(), segment(False, 5001, 1001, ACK, b'y' * 90)]
        found, options = packets(frames)
        row = guesses.fingerprint(Flow(found), options, self.row)
        self.assertEqual((row['likely_doh'], row['doh_confidence']), (False, 0.3))

    def test_a_resolver_is_doh(self):
        self.assertEqual(self.kind(tls_sni='dns.quad9.net')['traffic_type'], 'doh')
        self.assertFalse(self.kind(tls_sni='dns.quad9.net', tls_alpn_offered='dot')['likely_doh'])
        clear = self.kind(tls_detected=False, http_detected=True, http_content_type='application/dns-message')
        self.assertTrue(clear['likely_doh'])


if __name__ == '__main__':
    unittest.main()
