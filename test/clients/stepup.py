"""Is asked for a proof by keystoneauth1, as Python programs are. Input: JSON with url, user (id), password and an unused
code. Prints one line for each step; the test beside it knows what they have to say."""

import json
import sys

from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

given = json.load(sys.stdin)
action = "%s/v3/users/%s/mfa/recovery_codes" % (given["url"], given["user"])


def act(name, sess):
    """Does what demands a recent proof and prints what came of it."""
    try:
        print(name, sess.post(action).status_code)
    except exceptions.MissingAuthMethods as e:
        print(name, "more", "receipt" if e.receipt else "-", json.dumps(e.required_auth_methods),
              json.dumps(e.response.json()["step_up_methods"]))


plugin = v3.Password(auth_url=given["url"] + "/v3", user_id=given["user"], password=given["password"], unscoped=True)
signed_in = session.Session(auth=plugin)
act("without a code", signed_in)

again = v3.Auth(given["url"] + "/v3", [v3.TokenMethod(token=signed_in.get_token()),
                                       v3.TOTPMethod(user_id=given["user"], passcode=given["code"])], unscoped=True)
act("with a code", session.Session(auth=again))
