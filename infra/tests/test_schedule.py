"""What the stack's parameters say of working hours, as the functions read it."""

import json
import unittest

from stage import OnDeployed


class Schedule(OnDeployed):
    def schedule(self, **given: str) -> dict:
        self.deploy(**given)
        parameter = self.client("ssm").get_parameter(Name="/mayfly/schedule/platform")["Parameter"]
        return json.loads(parameter["Value"])

    def test_the_usual_one_has_no_holidays(self):
        window = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "19:00"}
        usual = {"time_zone": "Etc/UTC", "lead_minutes": 10, "windows": [window], "holidays": []}
        self.assertEqual(self.schedule(), usual)

    def test_holidays_are_days(self):
        found = self.schedule(Holidays="2026-12-25,2026-12-26", TimeZone="Europe/London")
        self.assertEqual(found["holidays"], ["2026-12-25", "2026-12-26"])
        self.assertEqual(found["time_zone"], "Europe/London")


if __name__ == "__main__":
    unittest.main()
