"""What to do if CloudFormation fails, by the words of its reasons."""

AGAIN = "`make deploy` again in a minute"
PERMISSION = "the deployer needs that permission"
MORE = "`aws service-quotas request-service-quota-increase --service-code {} --quota-code {} --desired-value 10`"

# Words of a reason, in lower case, and what it calls for; the first that is in it. The tests have the reasons as
# somebody was given them.
REMEDIES = [
    (
        "explicit deny in a service control policy",
        "the organisation forbids it: for Function URLs, Ingress = httpapi",
    ),
    (
        "not authorized to use launch template",
        "the deployer needs ec2:RunInstances, ec2:CreateTags and iam:PassRole, which Auto Scaling asks for",
    ),
    ("is not authorized to perform", PERMISSION),
    ("accessdenied", PERMISSION),
    ("access denied", PERMISSION),
    ("unreservedconcurrentexecution", "leave ReservedConcurrency at 0, or ask for a higher Lambda quota"),
    (
        "service linked role does not exist",
        "`aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com` by who may, then `make deploy`",
    ),
    ("service linked role", f"the role is new: {AGAIN}"),
    ("service-linked role", f"the role is new: {AGAIN}"),
    ("iaminstanceprofile", f"the instance profile is new: {AGAIN}"),
    ("cannot be assumed by lambda", f"the role is new: {AGAIN}"),
    (
        "maximum number of vpcs",
        f"set VpcId and SubnetIds to an existing network, or: {MORE.format('vpc', 'L-F678F1CE')}",
    ),
    (
        "maximum number of internet gateways",
        f"set VpcId and SubnetIds to an existing network, or: {MORE.format('vpc', 'L-F678F1CE')}",
    ),
    (
        "maximum number of addresses",
        "each NAT gateway takes an address: release one (`aws ec2 describe-addresses`), or: "
        f"{MORE.format('ec2', 'L-0263D0A3')}",
    ),
    (
        "provider with url https://token.actions.githubusercontent.com already exists",
        "put its ARN into GitHubOidcProviderArn: `aws iam list-open-id-connect-providers` shows it",
    ),
    ("already exists", "something else in the account has that name: another stack_name, or delete it"),
    ("provider is in use", "`make retire POOL=…` takes a pool out in order"),
]


def remedy_of(reason: str) -> str | None:
    """What to do; None if nothing is known to help."""
    told = reason.lower()
    return next((remedy for words, remedy in REMEDIES if words in told), None)
