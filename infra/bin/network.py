"""The runners' route to the internet, and its cost a month; CloudFormation reports neither."""

from pools import Pool
from says import listed

# AWS's list price in us-east-1 in 2026: $0.045 an hour and a gigabyte, and a month has 730 hours.
A_MONTH = 33
A_GIGABYTE = "0.045"
# An hour of a public IPv4 address.
AN_ADDRESS = "0.005"


def gateways(told: str, the_map: dict[str, Pool]) -> int:
    """The number of NAT gateways, as in infra/network.yaml: `auto` means one if there are pools on EC2, whose tasks
    can have no public address."""
    if told == "auto":
        return int(any(pool.on_ec2 for pool in the_map.values()))
    return int(told)


def said(parameters: dict[str, str], the_map: dict[str, Pool]) -> str:
    """One line about the gateways and their cost, with a warning about pools that would have no route out."""
    if parameters["VpcId"]:
        return f"{parameters['VpcId']}, which is there already; its way out is its owner's"
    told = parameters["NatGateways"]
    count = gateways(told, the_map)
    if count:
        word = "gateway" if count == 1 else "gateways"
        cost = f"about ${count * A_MONTH} a month, and ${A_GIGABYTE} a gigabyte"
        return f"NatGateways is {told}: {count} NAT {word}, {cost}"
    way = f"Fargate's runners get public addresses, ${AN_ADDRESS} an hour each"
    cut_off = [name for name, pool in the_map.items() if pool.on_ec2 and pool.in_service]
    if cut_off:
        way += f"; warning: {listed(cut_off)} have no route to the internet, so their jobs wait; set auto, 1 or 2"
    return f"NatGateways is {told}: no NAT gateway; {way}"
