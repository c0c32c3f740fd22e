"""What `make destroy` waits for, by a clock of the test's: groups whose instances take minutes to go."""

import unittest
from unittest.mock import patch

from stage import BIN  # noqa: F401  infra/bin is on the path by it

import clearing


class Clock:
    """Seconds, which pass while somebody sleeps and at no other time."""

    def __init__(self):
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class SlowGroup:
    """An Auto Scaling whose group has each of its instances until a second of the clock; None: for ever."""

    def __init__(self, clock: Clock, leaves: dict[str, float | None]):
        self.clock, self.leaves, self.looks = clock, leaves, 0

    def describe_auto_scaling_groups(self, AutoScalingGroupNames: list[str]) -> dict:
        assert AutoScalingGroupNames == ["mayfly_ec2-x64"]
        self.looks += 1
        there = [it for it, at in self.leaves.items() if at is None or self.clock.seconds < at]
        return {"AutoScalingGroups": [{"Instances": [{"InstanceId": it} for it in there]}]}


class Groups(unittest.TestCase):
    def wait(self, leaves: dict[str, float | None]) -> tuple[str, Clock, SlowGroup]:
        clock = Clock()
        group = SlowGroup(clock, leaves)
        with patch("clearing.boto3.client", return_value=group):
            return clearing.wait_until_empty("mayfly_ec2-x64", clock.now, clock.sleep), clock, group

    def test_a_group_that_takes_minutes_to_empty_is_waited_for(self):
        said, clock, group = self.wait({"i-1": 180, "i-2": 425})
        self.assertEqual(said, "empty, after 7 minutes")
        self.assertEqual(clock.seconds, 430, "and no longer")
        self.assertEqual(group.looks, 44, "one look each ten seconds")

    def test_one_that_is_empty_or_gone_is_not(self):
        said, clock, _ = self.wait({})
        self.assertEqual((said, clock.seconds), ("empty", 0))

    def test_one_that_never_empties_is_named_with_its_instances(self):
        with self.assertRaisesRegex(RuntimeError, "^after 20 minutes it still has i-2$"):
            self.wait({"i-1": 60, "i-2": None})


if __name__ == "__main__":
    unittest.main()
