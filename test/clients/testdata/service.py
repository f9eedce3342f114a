"""A service behind keystonemiddleware's auth_token, as nova and its kin are. Input: a line with a JSON object of
configurations of the middleware by name. It writes the port of 127.0.0.1 that it serves on, and ends with its input.
The header Test-Middleware names the configuration that a request passes. Who gets through is told, as JSON, what the
middleware says of them."""

import json
import os
import sys
import threading
from wsgiref import simple_server

from keystonemiddleware import auth_token


def app(environ, start_response):
    told = {name[5:].replace("_", "-").lower(): value for name, value in environ.items()
            if name.startswith(("HTTP_X_", "HTTP_OPENSTACK_"))}
    for secret in ("x-auth-token", "x-service-token"):
        told.pop(secret, None)
    known = told["x-identity-status"] == "Confirmed"  # delay_auth_decision leaves that to the service
    start_response("200 OK" if known else "401 Unauthorized", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


behind = {name: auth_token.AuthProtocol(app, conf) for name, conf in json.loads(sys.stdin.readline()).items()}


class Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


def choose(environ, start_response):
    return behind[environ["HTTP_TEST_MIDDLEWARE"]](environ, start_response)


server = simple_server.make_server("127.0.0.1", 0, choose, handler_class=Handler)
threading.Thread(target=lambda: os._exit(0 if sys.stdin.read() == "" else 1), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
