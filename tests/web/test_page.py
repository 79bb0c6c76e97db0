"""The pages as they are made: what stands on them, what never does, and how large they become."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, get_args

import pytest

from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.judge.liveness import PROOFS
from hermes_exporter.judge.platforms import Platform
from hermes_exporter.judge.report import FATES, Evidence, Outcome, Report, Slot
from hermes_exporter.sources.gateway_state import PlatformEntry
from hermes_exporter.status.host import profile, status
from hermes_exporter.values import replace
from hermes_exporter.web import job_wording, page, wording
from hermes_exporter.web.links import of_overview, of_profile
from tests.views import DEAD, HIDDEN, HOUR, NOW, SETTLED, holding, job, process, unit, view

if TYPE_CHECKING:
    from hermes_exporter.collectors.view import ProfileView

AROUND = page.Around("/metrics", "1.2.3", made_up=False, paused=False)
PAUSED = AROUND._replace(paused=True)
DAY, MINUTE = 24 * HOUR, 60.0
NASTY = "<script>alert(1)</script>\u202egnp.exe\x00\x1b[31m \"'&\u2067אבג"
LONGEST = 50_000
"""Bytes of a page of a usual home."""
HISTORY = tuple(
    Slot(NOW - number * HOUR, NOW, fate, outcome, evidence, began)  # type: ignore[arg-type]
    for number, (fate, outcome, evidence, began) in enumerate(
        [
            ("settled", "delivered", "ledger", NOW - HOUR),
            ("late", "partial", "claim", NOW - HOUR),
            ("missed", None, None, NOW - HOUR),
            ("missed", None, None, None),
            ("unknown", None, None, NOW - HOUR),
            ("settled", "suppressed", None, NOW - HOUR),
        ]
    )
)
LATE = Report(
    last_slot=NOW - HOUR,
    next_slot=NOW + HOUR,
    owed_slot=NOW + 1 - HOUR,
    deadline=NOW - 45 * MINUTE,
    overdue=True,
    judged=True,
    last_delivery_at=NOW - DAY,
    last_delivery_evidence="log",
    last_outcome="failed",
    history=HISTORY,
)


class Reader(HTMLParser):
    """Reads a page as a browser does: its text, its elements, its links."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.links = "", []  # type: ignore[var-annotated]
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        self.text += " " if tag in ("dd", "dt", "p", "li", "section", "h1", "h2", "h3", "br") else ""

    def handle_data(self, data: str) -> None:
        if not self.elements or self.elements[-1][0] != "style":
            self.text += data


def read(html: bytes) -> Reader:
    """A page, read."""
    reader = Reader()
    reader.feed(html.decode())
    reader.text = " ".join(reader.text.split())
    return reader


def overview(*views: ProfileView, around: page.Around = AROUND) -> Reader:
    """The page of all profiles."""
    return read(page.overview(status(views, NOW, "1.2.3"), around))


def of_one(around: page.Around = AROUND, asked: dict[str, str] | None = None, **fields: Any) -> Reader:
    """The page of one profile."""
    return read(page.profile(profile(view(**fields)), NOW, around, asked or {}))


def test_a_profile_that_is_well() -> None:
    """Headline, gateway since when and on what proof, messengers, the reports at either side, the zone."""
    entry = PlatformEntry("", "telegram", "connected", None, NOW - HOUR, None, None)
    well = replace(
        view("coder", jobs=(job("a", "Morning brief"),), timezone="Asia/Seoul"),
        liveness=replace(view().liveness, process=process()),
        platforms=(Platform("telegram", True, entry),),
        reports={
            "a": replace(
                SETTLED, last_delivery_at=NOW - HOUR, last_delivery_evidence="log", next_slot=NOW + 23 * HOUR
            )
        },
        units=(unit(),),
    )

    said = overview(well).text

    for part in (
        "coder is well.",
        "Gateway alive since 16:00 KST, for 1 h; proof: a live process holds its lock",
        "Unit hermes-gateway.service (user): active, running",
        "Messengers telegram: connected since 16:00 KST (Hermes says)",
        "Last report Morning brief: 16:00 KST, 1 h ago; proved by Hermes' log",
        "Next report Morning brief: Sat 16:00 KST, in 23 h",
        "Time zone Asia/Seoul",
        "1 job",
    ):
        assert part in said


def test_what_is_wrong_comes_with_the_command_to_run_first() -> None:
    """The page has the sentences and commands of the document, no others."""
    ill = view(liveness=DEAD, conditions=holding("gateway_dead", "provider_quota"), units=(unit(exit_status=203),))
    told = profile(ill).problems

    said = overview(ill).text

    assert len(told) == 2
    for problem in told:
        command = f"Run first, on the host: {problem.command}"
        assert f"{problem.severity.capitalize()}: {problem.sentence} {command}" in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"liveness": HIDDEN}, "Gateway unknown: whether it lives cannot be told"),
        ({"succeeded": {"gateway": True}}, "Messengers unknown: nobody looks at them"),
        ({"succeeded": {"gateway": False, "platforms": True}}, "Messengers unknown: they could not be read"),
        ({}, "Messengers none is configured"),
        ({"succeeded": {"cron": False}}, "Last report unknown Next report unknown"),
        ({"succeeded": {"cron": False}}, "Jobs: unknown"),
        ({"succeeded": {"cron": False}}, "Not read cron"),
        ({"jobs": (job("a"),)}, "Last report unknown Next report unknown"),
        ({"jobs": (job("a"),), "reports": {"a": SETTLED}}, "Last report none came yet Next report none is due"),
        ({"liveness": DEAD, "expected": False}, "Gateway none, and nobody expects one"),
        ({"liveness": DEAD, "expected": False}, "✓ idle"),
        (
            {"liveness": DEAD, "expected": False, "succeeded": {"gateway": False}},
            "Gateway none, and whether one is expected cannot be told",
        ),
        ({"timezone_mismatch": True}, "UTC, but Hermes writes in another zone than it is told to use"),
        ({"host": "default"}, "Gateway that of default, alive, since when is unknown"),
        ({"platforms": (Platform("slack", True, None),)}, "slack: unknown, no live gateway says anything of it"),
    ],
)
def test_what_is_unknown_is_called_unknown(fields: dict[str, Any], said: str) -> None:
    """None, unknown and well are three things."""
    assert said in overview(view(**fields)).text


def test_a_job_that_is_overdue_is_open_at_once() -> None:
    """Its slots say what became of each: in time, late, missed, run or not, delivered or not, on what proof."""
    jobs = (job("b", "Well"), job("a", "Morning brief", last_run_at=NOW - HOUR))

    said = of_one(jobs=jobs, reports={"a": LATE, "b": SETTLED}).text

    assert said.index("Morning brief") < said.index("Well")
    for part in (
        "✕ 59 min overdue",
        "Schedule 0 7 * * * (UTC)",
        "Owes the report of 07:00 UTC, late since 07:15 UTC",
        "Last arrived Thu 08:00 UTC; proved by Hermes' log",
        "Last run 07:00 UTC: it reached nobody",
        "✓ in time 08:00 UTC: delivered, proved by Hermes' ledger of deliveries; ran 07:00 UTC",
        "! late 07:00 UTC: delivered, but not to all of its targets, Hermes says so, and nothing else proves it",
        "✕ missed 06:00 UTC: ran 07:00 UTC, and no report arrived",
        "✕ missed 05:00 UTC: no run for it is known",
        "? unknown 04:00 UTC: ran 07:00 UTC, and nobody can tell what became of the report",
        "✓ in time 03:00 UTC: the job had nothing to say; ran 07:00 UTC",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("fields", "word", "sign"),
    [
        ({"overdue": False}, "well", "✓"),
        ({"overdue": False, "owed_slot": NOW, "deadline": NOW + HOUR}, "due, and not late yet", "…"),
        ({"judged": False, "overdue": None}, "unknown: its reports cannot be judged", "?"),
    ],
)
def test_the_state_of_a_job(fields: dict[str, Any], word: str, sign: str) -> None:
    """Well, waited for, or unknown; the slot that is waited for ends the strip."""
    found = of_one(jobs=(job("a"),), reports={"a": replace(SETTLED, **fields)})

    assert f"{sign} {word}" in found.text
    strips = [attributes["aria-label"] for tag, attributes in found.elements if attributes.get("role") == "img"]
    assert strips == (["Last 1 slot, oldest first: 1 not late yet"] if "owed_slot" in fields else [])


def test_a_job_that_is_off_owes_nothing() -> None:
    """It is neither well nor unknown."""
    assert "off: paused, disabled or done" in of_one(jobs=(job("a", enabled=False),)).text


def test_jobs_open_and_close() -> None:
    """Each has a link that opens it, or closes it where it is open, and keeps the page and the pause."""
    jobs = tuple(job(f"j {number}&", f"Job {number}") for number in range(30))

    second = of_one(PAUSED, {"page": "2", "job": "j 27&"}, jobs=jobs)

    links = [link for link in second.links if "#job-" in link]
    assert links[:3] == [
        "?page=2&job=j+25%26&refresh=off#job-26",
        "?page=2&job=j+26%26&refresh=off#job-27",
        "?page=2&job=&refresh=off#job-28",
    ]
    assert len(links) == 5
    assert "Job 27 (close)" in second.text


@pytest.mark.parametrize("number", ["0", "-1", "3", "x", "", "9" * 99, "²"])
def test_a_page_that_is_not_there_is_the_first(number: str) -> None:
    """Whatever stands in the address."""
    jobs = tuple(job(f"j{number}", f"Job {number}") for number in range(30))

    assert "Job 0 " in of_one(asked={"page": number}, jobs=jobs).text


def test_links_are_relative_and_keep_the_pause() -> None:
    """Below any path of a proxy, and at any depth of a label."""
    ways, paused = of_overview(paused=False), of_overview(paused=True)
    deep = of_profile("team/o ps?", {"job": "x"}, paused=True)

    assert (ways.home, ways.profile("coder")) == ("./", "profiles/coder")
    assert (paused.home, paused.profile("team/o ps?")) == ("./?refresh=off", "profiles/team/o%20ps%3F?refresh=off")
    assert (deep.home, deep.root) == ("../../?refresh=off", "../../")
    assert (deep.paused_here, deep.refreshed_here) == ("?job=x&refresh=off", "?job=x")
    assert ways.refreshed_here == "?"


def test_nothing_is_run_or_loaded() -> None:
    """No script, picture, frame or form; one style, whose hash the policy names."""
    html = page.overview(status((view(),), NOW, "1.2.3"), AROUND).decode()

    assert {tag for tag, _attributes in read(html.encode()).elements} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section"),
        *("h1", "h2", "p", "span", "a", "dl", "dt", "dd"),
    }
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ) == page.POLICY
    assert "style=" not in html
    assert "url(" not in style[1]


def test_names_are_text() -> None:
    """A job may be called anything: no tag, no control character and no change of direction gets through."""
    nasty = view(jobs=(job("<b>", NASTY),), reports={"<b>": LATE}, conditions=holding("report_missing"))

    for html in (
        page.overview(status((nasty,), NOW, "1"), AROUND).decode(),
        page.profile(profile(nasty), NOW, AROUND, {}).decode(),
    ):
        found = read(html.encode())
        assert "<script>alert(1)</script>" in found.text
        assert not {tag for tag, _attributes in found.elements} & {"script", "b>"}
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)


def test_states_without_anything_to_see() -> None:
    """No home, a home in which nothing could be read, and a demonstration say what they are."""
    blind = view(liveness=HIDDEN, succeeded={"gateway": False, "cron": False})
    gone = replace(view(expected=False), profile=replace(view().profile, present=False))

    assert "No Hermes home was found." in overview(gone).text
    assert overview(gone).text.count("default") == 0
    assert "default: not everything could be read: gateway, cron." in overview(blind).text
    assert "none of it is real" in overview(view(), around=AROUND._replace(made_up=True)).text
    assert "none of it is real" not in overview(view()).text


def test_a_page_that_says_why_there_is_nothing() -> None:
    """Its title, the reason, and the command to run first, if one helps."""
    said = page.Message("Nothing can be told right now.", "A disk may not answer.", "hermes-exporter check")

    shown = read(page.message(said, NOW, AROUND, of_profile("team/ops", {}, paused=False)))
    without = read(page.message(said._replace(command=""), NOW, AROUND, of_overview(paused=False)))

    assert "Nothing can be told right now." in shown.text
    assert "A disk may not answer. Run first, on the host: hermes-exporter check" in shown.text
    assert "Run first" not in without.text
    assert (shown.links[0], without.links[0]) == ("../../", "./")


def test_every_word_of_the_document_has_its_words() -> None:
    """Conditions, proofs, outcomes, evidence and fates: none is shown raw, none is missing."""
    assert set(wording.HEADLINES) == {*CONDITIONS, "ok", "warning", "critical", "unknown"}
    assert set(wording.PROOFS) == set(PROOFS)
    assert set(job_wording.MARKS) == {*FATES, None}
    assert set(job_wording.OUTCOMES) == set(get_args(Outcome))
    assert set(wording.EVIDENCE) == set(get_args(Evidence))


def home(profiles: int, jobs: int) -> tuple[ProfileView, ...]:
    """A home of so many profiles with so many jobs each; every fourth profile is ill, every job has its slots."""
    named = tuple(job(f"{number:012x}", f"Report number {number}") for number in range(jobs))
    entry = PlatformEntry("", "telegram", "connected", None, NOW - HOUR, None, None)
    found = []
    for number in range(profiles):
        late = number % 4 == 0
        reports = {each.job.id: replace(LATE, overdue=late and index < 3) for index, each in enumerate(named)}
        found.append(
            view(
                f"profile-{number:03d}",
                jobs=named,
                reports=reports,
                platforms=(Platform("telegram", True, entry), Platform("mattermost", True, None)),
                conditions=holding("report_missing", "provider_quota") if late else holding(),
                units=(unit(f"hermes-gateway-profile-{number:03d}.service"),),
            )
        )
    return tuple(found)


@pytest.mark.parametrize(("profiles", "jobs"), [(5, 10), (20, 10), (100, 50), (1000, 1), (1, 500)])
def test_pages_are_bounded(profiles: int, jobs: int) -> None:
    """So many profiles and jobs as there may be: what a phone has to load stays small."""
    views = home(profiles, jobs)

    assert len(page.overview(status(views, NOW, "1"), AROUND)) < LONGEST
    assert len(page.profile(profile(views[0]), NOW, AROUND, {})) < LONGEST


def test_profiles_that_are_not_shown_are_counted() -> None:
    """Beyond the first ones a line each, beyond those a number; the worst are among the first."""
    views = (*home(300, 0)[1:4] * 100, view("dead", liveness=DEAD, conditions=holding("gateway_dead")))

    found = overview(*views)

    assert found.text.index("its gateway is dead") < found.text.index("profile-001")
    shown = page.FULL_PROFILES + page.LISTED_PROFILES
    assert f"And {301 - shown} more, none of them worse" in found.text
