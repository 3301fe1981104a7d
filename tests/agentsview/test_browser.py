"""What a person sees in a browser of `agentsview pg serve`, started as a reader: each kind of page, masked, and a picture of it

Where SCRUBJAY_PICTURES names a folder, the pictures go there: so tools/pictures makes those of docs/team-server.md.
"""

import contextlib
import os
import time
from datetime import datetime, timezone

import pytest
from browser import PATIENCE, OpenPage
from desk import Desk
from fixtures import rng, seeded  # noqa: F401
from planted import EVERY
from scrubjay_test import wait_for
from test_pages import pages

NOON = datetime(2026, 9, 7, 12, 0, tzinfo=timezone.utc)


def plant(transcript, rng, kind):
    """A secret of this kind as text, which counts as planted from now on."""
    made = next(planted for planted in (make(rng) for make in EVERY) if planted.kind == kind)
    transcript.planted.append(made)
    return made.text


def plan(desk, rng):
    """A session with thinking, tools and a subagent, with a secret in each; and two more sessions."""
    story, other, quiet = (desk.transcript(project) for project in (0, 1, 1))
    for n, transcript in enumerate((quiet, other, story)):
        transcript.time = NOON.replace(day=7 + n)

    def secret(kind):
        return plant(story, rng, kind)

    story.user("The deploy to staging fails since this morning. The variables are\n%s\nWhat is wrong?" % secret("aws-access-key"))
    story.assistant("I look at the log of the last run first.",
                    thinking="The log may say which migration is missing. The key of the agent is %s, which I do not need." % secret("github-pat"))
    story.shell("kubectl logs deploy/web | tail -3",
                'INFO  connecting to %s\nERROR relation "orders" does not exist\nINFO  exit 1' % secret("database-url"))
    agent = story.agent("Find the migration", "Which migration makes the table orders? The registry's key is %s" % secret("stripe"),
                        "It is 0042_orders.sql, of last Friday. I asked with the key %s" % secret("slack"))
    story.assistant("The migration 0042_orders.sql has not run. I would run it now.")
    story.user("Yes, please.")
    story.shell("make migrate", "applied 0042_orders.sql")
    story.assistant("Done: the migration is applied, and the deploy is green.")
    other.user("Make a bot that posts releases. Its token is %s" % secret("github-pat"))
    other.assistant("I shall read it from a file of mode 0600 that stays out of the repository.")
    other.user("And for the chat?")
    other.assistant("The same.")
    quiet.user("Sort these notes by date, and make a table of them.")
    quiet.assistant("| date | note |\n|---|---|\n| 2026-09-01 | bring the bicycle to the workshop |")
    quiet.user("Thank you.")
    quiet.assistant("With pleasure.")
    for transcript in (story, agent, other, quiet):
        transcript.save()
    return story, agent, other, quiet


class Team:
    """What one person delivered, and the pages that another person opens."""

    def __init__(self, desk, url, browser, transcripts):
        self.desk, self.url, self.browser = desk, url, browser
        self.story, self.agent, self.other, self.quiet = transcripts
        self.folder = os.environ.get("SCRUBJAY_PICTURES") or desk.home

    def open(self, path, *texts):
        self.browser.open(self.url + path, *texts)

    def listed(self):
        """What the list shows for each session."""
        return self.browser.run("[...document.querySelectorAll('.session-item')].map(e => e.innerText)")

    def at_the_end(self):
        """Scrolls there and checks what is visible: what is far out of sight is not in the page."""
        self.browser.run("""
            (async () => {
                const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
                const all = [...document.querySelectorAll("*")].filter(e => e.scrollHeight > e.clientHeight);
                all.forEach(e => { e.scrollTop = 0 });
                await drawn();
                all.forEach(e => { e.scrollTop = e.scrollHeight });
                await drawn();
            })()""")
        return self.browser.text()

    def is_masked(self):
        """No secret is anywhere in the page, visible or not."""
        page = self.browser.html() + self.browser.text()
        assert [planted.kind for planted in self.desk.planted for text in planted.gone if text in page] == []

    def look(self, name, *texts):
        """These texts are visible, and no secret; a picture shows the page."""
        self.browser.wait(*texts)
        self.is_masked()
        path = os.path.join(self.folder, "pages-%s.png" % name)
        self.browser.picture(path)
        assert os.path.getsize(path) > 10000


@contextlib.contextmanager
def opened(home, postgresql, rng):
    home.mkdir(parents=True)
    desk = Desk(home)
    transcripts = plan(desk, rng)
    desk.viewer.sync()
    with desk.viewer.serve() as server:
        server.rename(transcripts[0].id, "Deploy fails on staging")
        server.star(transcripts[0].id)
    desk.share(postgresql)
    desk.scrubjay.once()
    assert len(desk.planted) == 6
    with pages(desk) as server, OpenPage() as browser:
        yield Team(desk, server.url, browser, transcripts)


@pytest.fixture(scope="module")
def team(tmp_path_factory, postgresql):
    with opened(tmp_path_factory.mktemp("team") / "home", postgresql, seeded()) as team:
        yield team


def test_the_list(team):
    team.open("/", "Deploy fails")
    team.look("list", "Make a bot that posts", "Sort these notes", "3 SESSIONS", "3 sessions", "2 projects")
    assert len(team.listed()) == 3 and "[REDACTED:github-pat]" in team.browser.html()


def test_a_session_with_thinking_and_tools(team):
    team.open("/sessions/" + team.story.id, "I look at the log of the last run first.", "[REDACTED:aws-access-key]")
    assert "The log may say" not in team.browser.text()
    team.browser.click(".thinking-header")
    team.browser.click(".tool-header", "kubectl")
    team.look("session", "The log may say which migration is missing. The key of the agent is [REDACTED:github-pat]",
              "INFO connecting to postgres://app:[REDACTED:database-url]@db.internal:5432/prod", "the deploy is green.")


def test_a_subagent(team):
    team.open("/sessions/" + team.story.id, "Subagent session")
    team.browser.click(".subagent-toggle")
    team.browser.wait("Which migration makes the table orders? The registry's key is [REDACTED:stripe-key]")
    team.browser.run("document.querySelector('.subagent-toggle').scrollIntoView()")
    team.look("subagent", "It is 0042_orders.sql, of last Friday. I asked with the key [REDACTED:slack-token]")
    team.open("/sessions/agent-" + team.agent.name, "Which migration makes the table orders?", "[REDACTED:slack-token]")


def test_the_search(team):
    team.open("/sessions/" + team.quiet.id, "With pleasure.")
    team.browser.click(".search-hint")
    team.browser.type("migration")
    team.look("search", "The migration 0042_orders.sql has not run. I would run it now.", "Which migration makes the table orders?")


def test_no_secret_is_found(team):
    team.open("/sessions/" + team.quiet.id, "With pleasure.")
    team.browser.click(".search-hint")
    for text in (text for planted in team.desk.planted for text in planted.gone):
        team.browser.run("document.activeElement.select()")
        team.browser.type("migration")
        team.browser.wait("Which migration makes the table orders?")
        team.browser.run("document.activeElement.select()")
        team.browser.type(text)
        team.browser.wait("No results")


def test_the_stars(team):
    team.open("/sessions/" + team.story.id, "3 SESSIONS")
    wait_for(lambda: len(team.listed()) == 3, "all are listed", PATIENCE)
    team.browser.click(".filter-btn")
    team.browser.click("button", "Starred only")
    wait_for(lambda: len(team.listed()) == 1, "only what is starred is listed", PATIENCE)
    assert "Deploy fails" in team.listed()[0]
    team.look("stars", "1 SESSION")


def test_the_usage(team):
    """The cost is what the person's own agentsview shows."""
    with team.desk.viewer.serve() as here:
        cost = here.get("usage/summary?from=2026-09-01&to=2026-09-30")["totals"]["totalCost"]["microdollars"] / 1e6
    team.open("/usage?from=2026-09-01&to=2026-09-30", "Cost Over Time")
    assert cost > 0.1
    team.look("usage", "$%.2f\nTotal Cost" % cost, "alpha", "beta", "3\nActive Days", "Updated just now")


def looks(server):
    """How many of the pages' connections were last used for what the page of an open session does every 1.5 s."""
    (n,), = server.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND datname = '%s'"
                         " AND query LIKE '%%SELECT message_count, COALESCE(updated_at%%'" % server.database)
    return int(n)


def test_a_change_is_in_an_open_page(tmp_path, postgresql, rng):
    """Without a reload. It takes QuietTime and the page's polling; the time is printed, since a busy machine has no limit."""
    with opened(tmp_path / "home", postgresql, rng) as team, team.desk.scrubjay.daemon() as daemon:
        daemon.wait_idle()
        team.open("/sessions/" + team.story.id, "I look at the log of the last run first.")
        team.browser.run("window.since = 'the first load'")
        wait_for(lambda: looks(team.desk.server) > 0, "the page has looked once: what it finds then is what it compares with", PATIENCE)
        took = []
        for n in range(3):
            secret = plant(team.story, rng, "github-pat")
            team.story.user("One thing more, the %d. The new token is %s" % (n, secret))
            team.story.save()
            team.desk.viewer.sync()
            began = time.monotonic()
            wait_for(lambda: "One thing more, the %d. The new token is [REDACTED:github-pat]" % n in team.at_the_end(), "the page shows it", PATIENCE)
            took.append(time.monotonic() - began)
            team.is_masked()
        assert team.browser.run("window.since") == "the first load"
        print("QuietTime=500ms: in the open page after %s" % ", ".join("%.1f s" % seconds for seconds in took))
