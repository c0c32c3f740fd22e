#!/usr/bin/env python3
"""Says what policies allow, by the IAM evaluator of ministack, whose Python runs this.

    simulate.py <QUESTIONS

Standard input is a JSON list of questions: {"trust": POLICY, "provider": ARN, "claims": {…}} asks whether a role may
be assumed with such a token, {"policy": POLICY, "action": …, "resource": …, "context": {…}} whether a role may do
that, and {"of_resource": POLICY, "who": ARN, "action": …, "resource": …, "context": {…}, "secure": …} whether a
resource's own policy lets somebody do it, without an ARN anybody without credentials. Prints a JSON list with true or
false for each.
"""

import json
import sys

from ministack.core.iam_evaluator import (
    EvalContext,
    evaluate,
    evaluate_resource_policy,
    evaluate_trust_policy,
    parse_policy_document,
)

ISSUER = "token.actions.githubusercontent.com"
ACCOUNT = "123456789012"


REQUEST_TAG = "aws:RequestTag/"


def context(who: str, action: str, resource: str, keys: dict) -> EvalContext:
    tags = {name.removeprefix(REQUEST_TAG): value for name, value in keys.items() if name.startswith(REQUEST_TAG)}
    return EvalContext(
        principal_arn=who,
        principal_type="FederatedUser",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region="us-east-1",
        secure_transport=True,
        request_tags=tags,
        # It looks for them in small letters.
        service_context={name.lower(): value for name, value in keys.items()},
    )


def answer(question: dict) -> bool:
    if "trust" in question:
        claims = {f"{ISSUER}:{name}": value for name, value in question["claims"].items()}
        provider = question["provider"]
        asked = context(provider, "sts:AssumeRoleWithWebIdentity", "*", claims)
        return evaluate_trust_policy(question["trust"], provider, asked)
    if "of_resource" in question:
        who = question.get("who", "")
        asked = context(who, question["action"], question["resource"], question.get("context", {}))
        asked.secure_transport = question.get("secure", True)
        return evaluate_resource_policy(question["of_resource"], asked, who).decision == "Allow"
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/a-role/a-session"
    asked = context(who, question["action"], question["resource"], question.get("context", {}))
    return evaluate(asked, [parse_policy_document(question["policy"])]).decision == "Allow"


if __name__ == "__main__":
    print(json.dumps([answer(question) for question in json.load(sys.stdin)]))
