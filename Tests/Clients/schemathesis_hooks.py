"""What schemathesis does before each request of its own."""

import re

import schemathesis

#: As the document describes `wait`, for what may take long.
SPAN = re.compile(r"([0-9]{1,5}(\.[0-9]{1,9})?(ns|us|ms|s|m|h)){1,4}")


@schemathesis.hook
def before_call(context, case, kwargs):
    """An index that happens to be the present one would be waited for, as it should be; not for minutes."""
    query = case.query
    if not query or "index" not in query:
        return
    wait = query.get("wait", "")
    if isinstance(wait, str) and (not wait or SPAN.fullmatch(wait)):
        query["wait"] = "1ms"
