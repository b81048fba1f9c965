"""A server that answers the pre-login of TDS and does a TLS handshake in its packets, once a connection.

    tds.py PORT CERTIFICATE KEY        prints "ready"

Debian has clients of SQL Server and no server: this one is as much of one as a handshake needs (MS-TDS, section 3.3).
"""
import socket
import ssl
import struct
import sys

port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.maximum_version = ssl.TLSVersion.TLSv1_2


def packet(connection: socket.socket) -> bytes:
    """The body of the next packet."""
    head = connection.recv(8, socket.MSG_WAITALL)
    if len(head) < 8:
        raise EOFError
    return connection.recv(struct.unpack('>H', head[2:4])[0] - 8, socket.MSG_WAITALL)


def send(connection: socket.socket, kind: int, body: bytes) -> None:
    for at in range(0, len(body), 4088):
        part = body[at:at + 4088]
        connection.sendall(struct.pack('>BBHHBB', kind, at + 4088 >= len(body), 8 + len(part), 0, 1, 0) + part)


listener = socket.create_server(('127.0.0.1', port))
print('ready', flush=True)
while True:
    connection, _ = listener.accept()
    try:
        packet(connection)
        # Version 15, encryption required, no instance error, no thread, no MARS.
        options = [(0, b'\x0f\x00\x07\xd0\x00\x00'), (1, b'\x03'), (2, b'\x00'), (3, b''), (4, b'\x00')]
        at, table, data = 5 * len(options) + 1, b'', b''
        for token, value in options:
            table += struct.pack('>BHH', token, at + len(data), len(value))
            data += value
        send(connection, 4, table + b'\xff' + data)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                if outgoing.pending:
                    send(connection, 0x12, outgoing.read())
                incoming.write(packet(connection))
        send(connection, 0x12, outgoing.read())
        connection.settimeout(2)
        connection.recv(4096)  # the login, in bare TLS
    except (EOFError, OSError, ssl.SSLError) as problem:
        print(problem, file=sys.stderr)
    connection.close()
