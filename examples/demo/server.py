#!/usr/bin/env python3
"""Answers every GET with one line, on ADDRESS PORT; also as a proxy."""
import http.server
import socket
import sys


ADDRESS = sys.argv[1].strip("[]")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"ok, says the server on {ADDRESS}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET


Server((ADDRESS, int(sys.argv[2])), Handler).serve_forever()
