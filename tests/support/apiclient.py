"""A client of the API that holds every answer against the API's own description."""
import json
import re

import jsonschema


class ApiClient:
    def __init__(self, http, token):
        self.http, self.token = http, token
        self.description = json.loads(http.get("/api/v1/openapi.json").text)
        self.seen = set()

    def template(self, path):
        """The path of the description that an address belongs to; plain words go before {parameters}."""
        path = path.split("?")[0]
        fits = [known for known in self.description["paths"]
                if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)]
        return min(fits, key=lambda known: known.count("{"))

    def check(self, schema, value):
        whole = {**schema, "components": self.description["components"]}
        jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)

    def raw(self, method, path, body=None, token=None, **headers):
        fields = {"Authorization": f"Bearer {token or self.token}", **headers}
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.request(method, "/api/v1" + path, body=body, headers=fields)

    def call(self, method, path, body=None, expect=200, token=None, **headers):
        """Calls, checks the answer against the description, and returns its JSON (None for nothing). The last answer
        is self.answer."""
        answer = self.answer = self.raw(method, path, body, token, **headers)
        assert answer.status == expect, (method, path, answer.status, answer.text)
        operation = self.description["paths"][self.template(path)][method.lower()]
        described = operation["responses"][str(expect)]
        if "$ref" in described:
            described = self.description["components"]["responses"][described["$ref"].split("/")[-1]]
        if "content" not in described:
            assert answer.text == ""
            return None
        if expect < 300:
            self.seen.add(operation["operationId"])
            for name in described.get("headers", ()):
                replayed = name == "ETag" and answer.getheader("Idempotency-Replayed")  # read it again before changing it
                assert answer.getheader(name) or replayed, (name, path)
        value = json.loads(answer.text)
        self.check(described["content"][answer.getheader("Content-Type")]["schema"], value)
        return value
