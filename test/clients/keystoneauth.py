"""Signs in with keystoneauth1 as Python programs do. Input: JSON with url, user (id), password, project (id) and
three unused codes. Prints one line for each step; the test beside it knows what they have to say."""

import json
import sys

from keystoneauth1 import exceptions, loading, session
from keystoneauth1.identity import v3

given = json.load(sys.stdin)
common = {"auth_url": given["url"] + "/v3", "project_id": given["project"]}
codes = iter(given["codes"])


def step(name, plugin):
    """Signs in and prints what came of it."""
    try:
        access = plugin.get_access(session.Session())
        print(name, "token", ",".join(sorted(access._data["token"]["methods"])), access.user_id == given["user"])
    except exceptions.MissingAuthMethods as e:
        print(name, "more", "receipt" if e.receipt else "-", json.dumps(e.required_auth_methods))
        return e.receipt
    except exceptions.http.Unauthorized:
        print(name, "unauthorized")
    return None


def password():
    return v3.Password(user_id=given["user"], password=given["password"], **common)


def multifactor(code):
    """Is what a configuration with auth_type v3multifactor makes."""
    loader = loading.get_plugin_loader("v3multifactor")
    loader._methods = ["v3password", "v3totp"]
    return loader.load_from_options(
        auth_methods=["v3password", "v3totp"], user_id=given["user"], password=given["password"], passcode=code, **common)


receipt = step("password", password())

# A receipt is completed with the methods that are missing.
totp = v3.TOTP(user_id=given["user"], passcode=next(codes), **common)
totp.add_method(v3.ReceiptMethod(receipt=receipt))
step("receipt+totp", totp)

# Further methods may be added to the plugin that failed.
plugin = password()
step("password again", plugin)
plugin.add_method(v3.TOTPMethod(user_id=given["user"], passcode=next(codes)))
step("password+totp", plugin)

code = next(codes)
step("multifactor", multifactor(code))
step("multifactor with the same code", multifactor(code))
step("totp alone", v3.TOTP(user_id=given["user"], passcode=code, **common))
