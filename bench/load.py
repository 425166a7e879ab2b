"""A load generator: a process of its own that asks for one address as fast as it is answered."""

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def ask(host: str, port: int, request: bytes, seconds: float) -> int:
    """Requests that one connection got answered in that time. Bare sockets: an HTTP library of
    Python's would be slower than the server it measures."""
    answered = 0
    until = time.perf_counter() + seconds
    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.perf_counter() < until:
            connection.sendall(request)
            read(connection)
            answered += 1
    return answered


def read(connection: socket.socket) -> bytes:
    """One answer, by its Content-Length; a 304 has no body."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("the server went away")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 304"):
        return head
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head[:200].decode())
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(1 << 20)
    return head


def main() -> None:
    """`python -m bench.load HOST PORT SECONDS CONNECTIONS < REQUEST`: prints requests a second."""
    host, port, seconds, connections = sys.argv[1:]
    request = sys.stdin.buffer.read()
    with ThreadPoolExecutor(int(connections)) as pool:
        jobs = [
            pool.submit(ask, host, int(port), request, float(seconds))
            for _ in range(int(connections))
        ]
        print(sum(job.result() for job in jobs) / float(seconds))


if __name__ == "__main__":
    main()
