"""A DNS server that takes queries and answers when the test says so, and programs that have no other one."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import threading

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest


class HeldDNS:
    """Listens on port 53 of a loopback address of its own. `asked` has the names, each once, in order.

    The system's resolver knows no other port, and finds its server in one file: that needs root.
    """

    def __init__(self):
        self.asked = []
        self._lock = threading.Lock()
        self._released = None
        self._queries = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.{random.randrange(1, 255)}.{random.randrange(256)}.53"
        try:
            self._socket.bind((self.address, 53))
        except PermissionError:
            pytest.skip("only root may listen on port 53")
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def release(self, address="127.0.0.1"):
        """Every name is this address from now on."""
        with self._lock:
            self._released = address
            for query, client in self._queries:
                self._answer(query, client)

    def _serve(self):
        while True:
            try:
                data, client = self._socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(data)
            name = query.question[0].name.to_text(omit_final_dot=True)
            with self._lock:
                if name not in self.asked:
                    self.asked.append(name)
                if self._released:
                    self._answer(query, client)
                else:
                    self._queries.append((query, client))

    def _answer(self, query, client):
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        question = query.question[0]
        if question.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", self._released))
        with contextlib.suppress(OSError):
            self._socket.sendto(answer.to_wire(), client)

    def program(self, directory, program):
        """A program that runs another one with this DNS server."""
        settings = directory / "resolv.conf"
        # No answer in time would be a failure: the test holds them for as long as it takes.
        settings.write_text(f"nameserver {self.address}\noptions timeout:30 attempts:2\n")
        script = directory / "with-held-dns"
        mount = f"mount --bind '{settings}' /etc/resolv.conf"
        script.write_text(
            f"""#!/bin/sh\nexec unshare -m sh -c "{mount} && exec '{program}' \\"\\$@\\"" sh "$@"\n"""
        )
        script.chmod(0o755)
        tried = shutil.which("unshare") and subprocess.run(
            ["unshare", "-m", "sh", "-c", mount], capture_output=True
        )
        if not tried or tried.returncode != 0 or not os.path.exists("/etc/resolv.conf"):
            pytest.skip("only root may give a program another /etc/resolv.conf")
        return str(script)
