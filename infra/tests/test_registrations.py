"""What of GitHub's answers is waited for, and whose names are ours."""

import unittest

import requests
import stage  # finds the scripts
from registrations import NAME, seconds_to_wait

NOW = 1_800_000_000


def answer(status: int, message: str = "", **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = f'{{"message": "{message}"}}'.encode()
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


class Waits(unittest.TestCase):
    def test_github_says_how_long(self):
        for it, seconds, why in [
            (answer(403, retry_after="17"), 17, "a secondary limit"),
            (answer(429, retry_after="0"), 0, "at once"),
            (
                answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(NOW + 30)),
                30,
                "the primary limit",
            ),
            (answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(NOW - 30)), 0, "it is over"),
            (answer(429), 60, "a limit without a time: at least a minute"),
            (answer(403, "You have exceeded a secondary rate limit"), 60, "said in words alone"),
            (answer(403, "Resource not accessible by integration"), None, "the App may not"),
            (answer(401), None, "the key is wrong"),
            (answer(502), 2, "GitHub itself"),
        ]:
            self.assertEqual(seconds_to_wait(it, NOW), seconds, why)


class Names(unittest.TestCase):
    def test_the_id_is_at_the_end_of_names_of_ours(self):
        runner = "0123456789abcdefghjk"
        for name, found, why in [
            (f"mayfly-ec2-x64-{runner}", runner, "ours"),
            ("mayfly-p-zzzzzzzzzzzzzzzzzzzz", "z" * 20, "the shortest pool"),
            ("build-box-7", None, "another system's"),
            ("mayfly-ec2-x64", None, "no id"),
            (f"mayfly-ec2-x64-{runner}1", None, "an id too long"),
            ("mayfly-ec2-x64-0123456789abcdefghil", None, "i and l are no base-32 digits"),
            (f"mayflyx-{runner}", None, "another prefix"),
            ("", None, "no name"),
        ]:
            match = NAME.fullmatch(name)
            self.assertEqual(match and match[1], found, why)


if __name__ == "__main__":
    unittest.main()
