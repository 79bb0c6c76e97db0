"""The wall times of an expression against croniter's own steps on naive times, which is how Hermes means them."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from itertools import islice

from croniter import CroniterBadDateError, croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hermes_exporter.judge.cron_times import CronTimes
from tests.judge.test_slots import expressions, field

EPOCH = datetime.fromisoformat("1970-01-01")
NAMES = st.sampled_from(["mon", "tue-thu", "sat-mon", "sun,wed", "l5", "fri#3", "mon#1,mon#5"])
MONTHS = st.sampled_from(["jan", "feb-apr", "nov-feb", "jun,dec"])
NUMBERS = (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
ANY_FIELDS = st.one_of(
    expressions(*NUMBERS),
    expressions(*NUMBERS, field(0, 59)),
    expressions(*NUMBERS, field(0, 59), field(2024, 2030)),
    expressions(field(0, 59), field(0, 23), st.just("*"), MONTHS, NAMES),
    expressions(field(0, 59), field(0, 23), st.sampled_from(["l", "15,l", "1-5"]), MONTHS, st.just("*")),
)
MINUTES = st.integers(50 * 366 * 1440, 62 * 366 * 1440)


@settings(deadline=None)
@given(ANY_FIELDS, MINUTES)
def test_times_are_those_that_croniter_comes_to(expression: str, minute: int) -> None:
    """Five steps forward and five back: numbers, names, last days and weekdays of a month, seconds, years."""
    begin = minute * 60
    start = EPOCH + timedelta(seconds=begin)
    stepper = croniter(expression, start)
    try:
        forward = [stepper.get_next(datetime) for _ in range(5)]
        stepper = croniter(expression, start)
        back = [stepper.get_prev(datetime) for _ in range(5)]
    except CroniterBadDateError:
        assume(False)
    times = CronTimes(expression)

    assert [EPOCH + timedelta(seconds=wall) for wall in islice(times.since(begin + 1), 5)] == forward
    assert [EPOCH + timedelta(seconds=wall) for wall in islice(times.back_from(begin - 1), 5)] == back


PROGRAMS = """
import sys
sys.addaudithook(lambda event, _arguments: print(event) if event in ("subprocess.Popen", "os.exec") else None)
from hermes_exporter.judge.cron_times import CronTimes
CronTimes("0 9 * * *")
"""


def test_no_program_is_run() -> None:
    """Reading the first expression, which loads the library for it, starts no other program."""
    done = subprocess.run([sys.executable, "-c", PROGRAMS], capture_output=True, text=True, check=True)
    assert done.stdout == ""
