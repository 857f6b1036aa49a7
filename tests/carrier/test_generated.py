"""Does the simulator keep Twilio's own description whatever it is asked? Requests generated from the description.

schemathesis makes the requests and judges the answers: none is a fault of the server, and every success has the shape
and the type that Twilio's document gives it. The account in the address is ours, and some ids are of texts that are
there, or nothing but refusals would be seen. The statuses themselves are not judged: Twilio describes no refusal. And
where the document says `uri` its own examples have a path alone: `uri-reference` is what it means.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from bot.simulator.server import SimulatorServer
from tests.carrier.line import ACCOUNT, ANA, BEA, OURS, TOKEN, settings_for, started_line
from tests.carrier.spec import HERE, PARTS

SERVICE = "MG" + "5e" * 16
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


def operations() -> list[Any]:
    found = []
    for ours in PARTS:
        described = (HERE / ours).read_text(encoding="utf-8").replace('"format": "uri"', '"format": "uri-reference"')
        document = json.loads(described)
        for path in document["paths"].values():
            path.pop("servers", None)
        schema = schemathesis.openapi.from_dict(document)
        found += [result.ok() for result in schema.get_all_operations()]
    return found


@pytest.fixture(scope="module")
def simulator() -> Any:
    with started_line() as line:
        server = SimulatorServer(
            settings_for(line, numbers=(OURS, "262966"), messaging_service_sid=SERVICE, receipt_delay_s=60.0)
        ).start()
        yield server
        server.close()


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_whatever_is_asked_the_answer_is_as_described(operation: Any, simulator: SimulatorServer) -> None:
    answered: set[int] = set()

    @settings(
        max_examples=25, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(), real=st.booleans(), to=st.sampled_from((ANA, BEA, "+1", "junk")))
    def ask(case: Any, real: bool, to: str) -> None:
        text = simulator.carrier.text_in(ANA, OURS, "hi")
        _place(case, text.sid, real=real)
        if operation.method == "post" and real and isinstance(case.body, dict):
            changes = case.path.endswith("{Sid}.json")
            case.body = {"Body": ""} if changes else {**case.body, "To": to, "From": OURS, "Body": "hi"}
        answer = case.call(base_url=simulator.base, auth=(ACCOUNT, TOKEN), timeout=10)
        case.validate_response(answer, checks=CHECKS)
        answered.add(answer.status_code)

    ask()
    assert any(status < 300 for status in answered), f"nothing but refusals: {sorted(answered)}"


def _place(case: Any, text_sid: str, *, real: bool) -> None:
    """The account is ours; another id in the address is, half the time, of something that is there."""
    given_ = case.path_parameters
    for name in given_:
        if name == "AccountSid" or (name == "Sid" and case.path.endswith("Accounts/{Sid}.json")):
            given_[name] = ACCOUNT
        elif real and "Service" in case.path:
            given_[name] = SERVICE
        elif real and name == "Sid":
            given_[name] = text_sid
