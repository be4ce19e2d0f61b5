"""Functions of a pool for tests: one handler for every trigger, which notes each event in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SOURCE = """
import json
import pathlib

LOG = pathlib.Path(__file__).with_name("events.jsonl")


def handler(event, context):
    with LOG.open("a") as log:
        log.write(json.dumps(event) + "\\n")
    place = event["triggerSource"].partition("_")[0]
    return globals().get(place, lambda event, response: event)(event, event["response"])


def PreSignUp(event, response):
    data = event["request"]["validationData"] or {}
    if data.get("refuse"):
        raise Exception(data["refuse"])
    if data.get("forget"):
        return None
    response["autoConfirmUser"] = data.get("confirm") == "yes"
    response["autoVerifyEmail"] = data.get("verify") == "yes"
    return event


def PostConfirmation(event, response):
    if event["userName"].startswith("late-"):
        raise Exception("too late")
    return event


def PreAuthentication(event, response):
    if event["userName"] == "barred":
        raise Exception("not you")
    return event


def PostAuthentication(event, response):
    if event["userName"] == "after":
        raise Exception("no entry")
    return event


def DefineAuthChallenge(event, response):
    session = event["request"]["session"]
    if session and session[-1]["challengeResult"] and session[-1]["challengeName"] == "CUSTOM_CHALLENGE":
        response["issueTokens"] = len([entry for entry in session if entry["challengeResult"]]) >= 2
        if response["issueTokens"]:
            return event
    if len(session) >= 3:
        response["failAuthentication"] = True
        return event
    response["challengeName"] = "CUSTOM_CHALLENGE"
    return event


def CreateAuthChallenge(event, response):
    number = len(event["request"]["session"]) + 1
    response["publicChallengeParameters"] = {"question": f"what is {number} and {number}", "number": number}
    response["privateChallengeParameters"] = {"sum": str(2 * number)}
    response["challengeMetadata"] = f"SUM_{number}"
    return event


def VerifyAuthChallengeResponse(event, response):
    request = event["request"]
    response["answerCorrect"] = request["challengeAnswer"] == request["privateChallengeParameters"]["sum"]
    return event


def UserMigration(event, response):
    name, password = event["userName"], event["request"].get("password")
    if not name.startswith("old-") or password not in (None, "weak"):
        raise Exception("unknown there")
    response["userAttributes"] = {"email": f"{name}@example.com", "email_verified": "true"}
    response["finalUserStatus"] = "RESET_REQUIRED" if name == "old-reset" else "CONFIRMED"
    response["messageAction"] = "SUPPRESS"
    return event


def CustomMessage(event, response):
    if event["userName"].startswith("mute-"):
        response["emailMessage"] = "the code is not in here"
    elif event["userName"].startswith("own-"):
        response["emailSubject"] = "Hi from " + event["triggerSource"]
        response["emailMessage"] = "<b>Code</b> {####} for {username}"
    return event


def TokenGeneration(event, response):
    if event["version"] == "1":
        response["claimsOverrideDetails"] = {
            "claimsToAddOrOverride": {"tenant": "blue", "sub": "somebody-else", "cognito:username": "root"},
            "claimsToSuppress": ["email"],
            "groupOverrideDetails": {"groupsToOverride": ["staff"]},
        }
        return event
    response["claimsAndScopeOverrideDetails"] = {
        "idTokenGeneration": {"claimsToAddOrOverride": {"family": {"size": 2}, "aud": "another"}},
        "accessTokenGeneration": {
            "claimsToAddOrOverride": {"tenant": ["blue", 1], "client_id": "another"},
            "scopesToAdd": ["extra/read", "with blank"],
            "scopesToSuppress": ["api/write"],
        },
    }
    return event
"""

EVERY = (
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
    "PreTokenGeneration",
    "UserMigration",
    "CustomMessage",
)
FUNCTIONS = {"Functions": [{"FunctionName": "everything", "Handler": "functions.py:handler", "Timeout": 20}]}
ARN = "arn:aws:lambda:us-east-1:123456789012:function:everything"


class Functions:
    """The handler's file and what it noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "events.jsonl"
        (folder / "functions.py").write_text(SOURCE)

    def take(self) -> list[dict[str, Any]]:
        """Return the events since the last time."""
        if not self._log.exists():
            return []
        events = [json.loads(line) for line in self._log.read_text().splitlines()]
        self._log.unlink()
        return events

    def sources(self) -> list[str]:
        """Return the sources of the events since the last time, in order."""
        return [event["triggerSource"] for event in self.take()]
