#!/usr/bin/env python3
"""Sends rows to a real Kafka broker and looks at what arrives.

    scripts/kafka.py --pinyon ./pinyon --capture mix.pcap values|rates|kills [--rounds 20]

values  every row arrives once, equal to the row that a Parquet file has, in JSON, Avro and Arrow
rates   rows a second for each of them, beside Parquet
kills   the broker is killed at random moments: every row that was told to be committed is there; so is pinyon, which
        then tells nothing: how many rows had arrived

The broker is the published artefact from Maven, in KRaft mode, on ports of 127.0.0.1 that are free; it needs java (17 or
later) and mvn. Messages are read by librdkafka (confluent-kafka) and fastavro. It ends with status 1 if anything is missing.
"""
from __future__ import annotations

import argparse
import io
import json
import math
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

VERSION = '4.1.2'
POM = f'''<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>broker</groupId><artifactId>broker</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>'''


def free_port() -> int:
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Broker:
    """A broker with its data in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / 'pom.xml').write_text(POM)
        subprocess.run(['mvn', '-q', '-B', 'dependency:build-classpath', '-Dmdep.outputFile=classpath'], cwd=folder, check=True)
        self.classpath = (folder / 'classpath').read_text()
        self.port, control = free_port(), free_port()
        self.address = f'127.0.0.1:{self.port}'
        (folder / 'server.properties').write_text(f'''process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
listeners=PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{control}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
offsets.topic.replication.factor=1
auto.create.topics.enable=false
log.retention.hours=-1
''')
        self.run('kafka.tools.StorageTool', 'format', '-t', 'pinyon-pinyon-pinyon-w', '-c', 'server.properties').wait()
        self.process: subprocess.Popen | None = None

    def run(self, *words: str) -> subprocess.Popen:
        with (self.folder / 'log').open('a') as log:
            return subprocess.Popen(['java', '-Xmx1g', '-cp', self.classpath, *words], cwd=self.folder, stdout=log, stderr=log)

    def start(self) -> None:
        self.process = self.run('kafka.Kafka', 'server.properties')
        end = time.time() + 120
        while time.time() < end:
            try:
                AdminClient({'bootstrap.servers': self.address, 'log_level': 0}).list_topics(timeout=2)
                return
            except Exception:
                time.sleep(0.3)
        sys.exit((self.folder / 'log').read_text()[-2000:])

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def topic(self, name: str) -> None:
        admin = AdminClient({'bootstrap.servers': self.address})
        admin.create_topics([NewTopic(name, 4, 1)])[name].result(60)

    def messages(self, topic: str):
        """All messages of a topic."""
        c = Consumer({'bootstrap.servers': self.address, 'group.id': 'check', 'enable.partition.eof': True, 'auto.offset.reset': 'earliest',
                      'enable.auto.commit': False})
        c.assign([TopicPartition(topic, p, 0) for p in range(4)])
        left = 4
        while left:
            m = c.poll(60)
            if m is None:
                sys.exit('the broker is silent')
            if m.error():
                if m.error().code() != KafkaError._PARTITION_EOF:
                    sys.exit(str(m.error()))
                left -= 1
                continue
            yield m
        c.close()


def number(m) -> tuple[str, int]:
    h = dict(m.headers())
    return h['pinyon-run'].decode(), int(h['pinyon-row'])


def same(a, b) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b or math.isnan(a) and math.isnan(b)
    if isinstance(a, float) and not math.isfinite(a) and b is None:
        return True  # JSON has no word for it
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, list):
        return same(list(a.values()), b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b and (isinstance(a, bool) == isinstance(b, bool))


def options(a: argparse.Namespace, *more: str) -> list[str]:
    return [a.pinyon, 'extract', a.capture, '--no-progress', '--features', 'all', '--missing', 'null', *more]


def avro_schema(table: pa.Table) -> dict:
    """The schema of the values, made anew from that of the Parquet file."""
    fields, triple = [], False
    for f in table.schema:
        t: object
        if pa.types.is_int64(f.type):
            t = 'long'
        elif pa.types.is_float64(f.type):
            t = 'double'
        elif pa.types.is_boolean(f.type):
            t = 'boolean'
        elif pa.types.is_string(f.type):
            t = 'string'
        elif pa.types.is_struct(f.type.value_type):
            t = {'type': 'array', 'items': 'pinyon.Triple' if triple else {
                'type': 'record', 'name': 'pinyon.Triple',
                'fields': [{'name': 'length', 'type': 'long'}, {'name': 'gap', 'type': 'double'}, {'name': 'direction', 'type': 'long'}]}}
            triple = True
        else:
            t = {'type': 'array', 'items': 'long' if pa.types.is_int64(f.type.value_type) else 'double'}
        fields.append({'name': re.sub(r'\W', '_', f.name), 'type': ['null', t] if f.nullable else t})
    return {'type': 'record', 'name': 'pinyon.Flow', 'fields': fields}


def values(a: argparse.Namespace, broker: Broker) -> bool:
    subprocess.run(options(a, '-o', 'rows.parquet'), cwd=broker.folder, check=True, capture_output=True)
    table = pq.read_table(broker.folder / 'rows.parquet')
    rows = table.to_pylist()
    schema = fastavro.parse_schema(avro_schema(table))
    good = True
    for encoding in ('json', 'avro', 'arrow'):
        topic = f'values-{encoding}'
        broker.topic(topic)
        subprocess.run(options(a, '-o', f'kafka://{broker.address}/{topic}', '--kafka-encoding', encoding, '--kafka-compression', 'zstd'),
                       check=True, capture_output=True)
        got: dict[int, object] = {}
        twice = 0
        for m in broker.messages(topic):
            _, n = number(m)
            if encoding == 'json':
                part = [json.loads(m.value())]
            elif encoding == 'avro':
                part = [fastavro.schemaless_reader(io.BytesIO(m.value()[10:]), schema)]
            else:
                part = pa.ipc.open_stream(m.value()).read_all().to_pylist()
            for k, row in enumerate(part):
                twice += n + k in got
                got[n + k] = list(row.values())
        different = 0
        for n, row in enumerate(rows):
            for name, want, have in zip(row, row.values(), got.get(n, [])):
                if not same(want, have):
                    different += 1
                    if different < 5:
                        print(f'row {n}, {name}: {have!r}; want {want!r}')
        missing = len(rows) - len(got)
        print(f'{encoding}: {len(rows)} rows, {len(rows) * table.num_columns} values: {missing} rows missing, {twice} twice, {different} values differ')
        good &= missing == 0 and twice == 0 and different == 0
    return good


def rates(a: argparse.Namespace, broker: Broker) -> bool:
    runs = [('parquet', ['-o', '/dev/null', '-f', 'parquet'])]
    for encoding in ('json', 'avro', 'arrow'):
        for compression in ('none', 'lz4'):
            topic = f'rates-{encoding}-{compression}'
            broker.topic(topic)
            runs.append((f'{encoding} {compression}', ['-o', f'kafka://{broker.address}/{topic}', '--kafka-encoding', encoding,
                                                       '--kafka-compression', compression]))
    for name, more in runs:
        start, before = time.time(), os.times()
        said = subprocess.run(options(a, *more, '-w', '2', '--summary', 'json'), check=True, capture_output=True, text=True).stderr
        took, after = time.time() - start, os.times()
        flows = json.loads(said[said.index('{'):])['flows']
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        print(f'{name:14s} {flows} rows in {took:.2f} s, {cpu:.2f} s of CPU: {flows / took:.0f} rows a second', flush=True)
    return True


def kills(a: argparse.Namespace, broker: Broker) -> bool:
    good = True
    start = time.time()
    subprocess.run(options(a, '-o', '/dev/null', '-f', 'jsonl'), check=True, capture_output=True)
    usual = time.time() - start
    for victim in ('pinyon', 'broker'):
        finished = told = there = twice = 0
        for k in range(a.rounds):
            topic = f'kills-{victim}-{k}'
            broker.topic(topic)
            p = subprocess.Popen(options(a, '-o', f'kafka://{broker.address}/{topic}', '--kafka-timeout', '60s'),
                                 stderr=subprocess.PIPE, text=True)
            time.sleep(random.uniform(0.05, 1.5 * usual))
            if victim == 'pinyon':
                p.send_signal(signal.SIGKILL)
            else:
                broker.kill()
                time.sleep(random.uniform(0, 2))
                broker.start()
            said = p.communicate()[1]
            seen: dict[int, int] = {}
            for m in broker.messages(topic):
                seen[number(m)[1]] = seen.get(number(m)[1], 0) + 1
            found = re.search(r'(\d+) flows from', said)
            counts = re.search(r'(\d+) rows accepted, (\d+) committed, (\d+) lost', said)
            committed = int(counts[2]) if counts else int(found[1]) if found else 0
            finished += p.returncode == 0
            told += committed
            repeated = sum(n - 1 for n in seen.values())
            there, twice = there + len(seen), twice + repeated
            if len(seen) < committed:
                good = False
                print(f'{topic}: {committed} rows committed, {len(seen)} there, status {p.returncode}: {said}')
        print(f'{victim} killed {a.rounds} times: {finished} runs finished, {told} rows told to be committed, {there} there, {twice} of them twice; '
              f'none that was told is missing: {good}', flush=True)
    return good


def main() -> int:
    p = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[0])
    p.add_argument('--pinyon', required=True)
    p.add_argument('--capture', required=True)
    p.add_argument('--rounds', type=int, default=20)
    p.add_argument('what', choices=['values', 'rates', 'kills'], nargs='+')
    a = p.parse_args()
    a.pinyon, a.capture = os.path.abspath(a.pinyon), os.path.abspath(a.capture)
    folder = Path(tempfile.mkdtemp(prefix='pinyon-kafka-'))
    broker = Broker(folder)
    try:
        broker.start()
        return 0 if all([{'values': values, 'rates': rates, 'kills': kills}[w](a, broker) for w in a.what]) else 1
    finally:
        broker.kill()
        shutil.rmtree(folder)


if __name__ == '__main__':
    sys.exit(main())
