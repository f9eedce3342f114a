"""Writes a line with openstackclient's commands for Identity v3, as a JSON object of their names and the flags of each.
Then it runs commands, one for each line of input: a JSON array of arguments. Each answer is a line
with [exit status, standard output, standard error]. One process for many commands saves their start, which takes
longer than the commands do. Each command signs in by itself, as on a shell."""

import contextlib
import importlib.metadata
import io
import json
import logging
import sys

from openstackclient import shell
from osc_lib import clientmanager


def flags(command):
    """The flags of a command in their longest form, without those that shape the output."""
    optional = command(None, None).get_parser("")._optionals._group_actions
    return [max(a.option_strings, key=len) for a in optional if "--help" not in a.option_strings]


plugins = importlib.metadata.entry_points(group="openstack.identity.v3")
print(json.dumps({p.name.replace("_", " "): flags(p.load()) for p in plugins}), flush=True)
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = shell.OpenStackShell().run(json.loads(line))
        except SystemExit as e:
            code = e.code
    if not isinstance(code, int):  # federation protocol set hands back a table, as if it were to be shown
        code = 0 if isinstance(code, (zip, type(None))) else 1
    for handler in logging.getLogger("").handlers[:]:  # each run adds those of its own
        logging.getLogger("").removeHandler(handler)
    for cache in vars(clientmanager.ClientManager).values():  # clients of the user before
        if isinstance(cache, clientmanager.ClientCache):
            cache._handle = None
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
