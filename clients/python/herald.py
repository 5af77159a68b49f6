"""A client of Herald's HTTP API in one file, with Python's own library (3.9 or newer).

Its methods are made of the description that the server gives at /openapi.json, or of a copy of it: one for each operation,
named by its operationId, as send_message for send-message.

    herald = Herald("https://herald.example", token)
    accepted = herald.send_message({"channel": "email", ...}, idempotency_key="order-1")
    herald.get_message(id=accepted["id"])

Parameters of path and query are named arguments; so is idempotency_key. The body is the one argument without a name: JSON
for a dict or list, else bytes or an iterable of bytes, with content_type where the operation takes several.
"""

import json
import urllib.error
import urllib.parse
import urllib.request


class Problem(Exception):
    """What Herald refused: status, code, detail, and the faults in errors, each with pointer, code and detail."""

    def __init__(self, status, problem, retry_after=None):
        super().__init__("%d %s: %s" % (status, problem.get("code"), problem.get("detail")))
        self.status = status
        self.code = problem.get("code")
        self.detail = problem.get("detail")
        self.errors = problem.get("errors", [])
        self.request_id = problem.get("requestId")
        self.retry_after = retry_after  # seconds, where Herald said so


class Herald:
    def __init__(self, url, token=None, description=None, timeout=30):
        self.url, self.token, self.timeout = url.rstrip("/"), token, timeout
        if description is None:
            description = json.loads(self._open("GET", "/openapi.json", None, {}))
        self.operations = {}
        for path, item in description["paths"].items():
            for method, operation in item.items():
                self.operations[operation["operationId"].replace("-", "_")] = (method.upper(), path, operation)

    def __getattr__(self, name):
        if name not in self.__dict__.get("operations", {}):
            raise AttributeError("Herald's description has no operation %s" % name.replace("_", "-"))
        return lambda body=None, **arguments: self._call(name, body, arguments)

    def __dir__(self):
        return list(self.operations) + list(super().__dir__())

    def _call(self, name, body, arguments):
        method, path, operation = self.operations[name]
        key, content_type = arguments.pop("idempotency_key", None), arguments.pop("content_type", None)
        query = {}
        places = {p["name"]: p["in"] for p in operation.get("parameters", [])}
        for argument, value in arguments.items():
            if places.get(argument) == "path":
                path = path.replace("{%s}" % argument, urllib.parse.quote(str(value), safe=""))
            elif places.get(argument) == "query":
                query[argument] = str(value).lower() if isinstance(value, bool) else value
            else:
                raise TypeError("%s has no parameter %s" % (name, argument))
        if "{" in path:
            raise TypeError("%s needs the parameter in %s" % (name, path))
        if query:
            path += "?" + urllib.parse.urlencode(query)
        headers = {}
        if key is not None:
            headers["Idempotency-Key"] = key
        if isinstance(body, (dict, list)):
            body, content_type = json.dumps(body).encode(), "application/json"
        if body is not None:
            taken = list(operation.get("requestBody", {}).get("content", {}))
            headers["Content-Type"] = content_type or (taken[0] if taken else "application/json")
        answer = self._open(method, path, body, headers)
        try:
            return json.loads(answer) if answer else None
        except ValueError:
            return answer  # CSV, a mail, a stream of events

    def _open(self, method, path, body, headers):
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        request = urllib.request.Request(self.url + path, method=method, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                text = refused.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"code": "unreadable", "detail": text[:200].decode(errors="replace")}
            wait = refused.headers.get("Retry-After")
            raise Problem(refused.code, problem, int(wait) if wait else None) from None
