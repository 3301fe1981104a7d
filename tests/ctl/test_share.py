"""share: a page as a headless browser shows it, from text that tries to be more than text"""

import html.parser
import http.server
import random
import re
import stat
import sys
import threading

import pytest
from conftest import OTHER, SESSION
from scrubjay_test import SOURCES

sys.path.insert(0, str(SOURCES / "tests" / "agentsview"))
from browser import Browser  # noqa: E402

import planted  # noqa: E402


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def server():
    """Whatever is requested from it is noted in `asked`."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = asked
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Tags(html.parser.HTMLParser):
    """What the page is made of, as a browser would read it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]


def content(sample, text, session=SESSION, ordinal=4):
    sample.write(f"UPDATE messages SET content = {quoted(text)} WHERE session_id = '{session}' AND ordinal = {ordinal};\n")


def quoted(text):
    return "'" + text.replace("'", "''").replace(";\n", "; \n") + "'"


def share(sample, tmp_path, session=SESSION):
    path = tmp_path / "page.html"
    path.unlink(missing_ok=True)
    out = sample.run("share", session, "--yes", "--output", path).out
    return path, path.read_text(), out


def hostile(port):
    base = f"http://127.0.0.1:{port}"
    return f"""# A heading

<script>document.title = "owned"; fetch("{base}/script")</script>
<img src="{base}/img" onerror="document.title='owned'"> <iframe src="{base}/frame"></iframe>
<style>@import url({base}/css);</style><link rel="stylesheet" href="{base}/link">
<svg onload="document.title='owned'"><use href="{base}/use"/></svg>
<meta http-equiv="refresh" content="0;url={base}/meta"><base href="{base}/"><form action="{base}/form"><button>x</button></form>

![picture]({base}/picture) [script](javascript:document.title='owned') [data](data:text/html,x) [file](file:///etc/passwd)
[web](https://example.com/a?b=1&c="2") <https://example.com/auto> [ref]: {base}/ref "title [REDACTED:jwt]"
![](javascript:1 "a") **[REDACTED:aws-access-key]** `[REDACTED:jwt]` \u202egnp.exe\u202c

| a | b |
|---|---|
| `x` | <b>y</b> |

</div></article></main></body></html>
"""


def test_hostile_text_is_text(sample, tmp_path, browser, server):
    content(sample, hostile(server.server_port))
    sample.write("UPDATE sessions SET display_name = '</title><script>document.title=1</script>' WHERE id = :a;\n"
                 "UPDATE tool_calls SET input_json = '{\"command\":\"<script>alert(1)</script> \\u0022\"}', "
                 "tool_name = '<b>Bash</b>';\n"
                 "UPDATE tool_result_events SET content = '</pre><script>alert(2)</script>';\n"
                 "UPDATE messages SET role = 'user\" onclick=\"alert(1)' WHERE session_id = :a AND ordinal = 0;\n")
    path, text, _ = share(sample, tmp_path)
    page = Tags(text)
    assert set(page.tags) <= {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "dl", "dt", "dd", "aside", "p", "ul", "li", "main",
        "article", "a", "div", "pre", "code", "details", "summary", "mark", "table", "thead", "tbody", "tr", "th", "td", "strong", "em",
        "footer", "blockquote", "del", "br", "hr", "ol"}
    assert page.tags.count("style") == 1 and page.tags.count("html") == 1 and page.tags.count("body") == 1
    assert {(tag, name) for tag, name, _ in page.attributes} <= {
        ("html", "lang"), ("meta", "charset"), ("meta", "http-equiv"), ("meta", "content"), ("meta", "name"), ("article", "class"),
        ("article", "id"), ("a", "href"), ("a", "title"), ("div", "class"), ("code", "class"), ("th", "align"), ("td", "align")}
    links = {value for tag, name, value in page.attributes if name == "href" and not value.startswith("#")}
    assert all(link.startswith(("https://example.com/", f"http://127.0.0.1:{server.server_port}/")) for link in links)
    assert "\u202e" not in text and "gnp.exe" in text

    shown = browser.page(path.as_uri())
    assert "owned" not in re.search("<title>(.*?)</title>", shown).group(1)
    assert server.asked == []
    assert "&lt;script&gt;" in shown and "</tbody>" in shown


def test_the_policy_forbids_what_the_text_would_do(sample, tmp_path, browser, server):
    """Even if some of the text escaped from its place."""
    path, text, _ = share(sample, tmp_path)
    broken = path.with_name("broken.html")
    # except for navigating away as a whole, which no policy of a page can forbid
    inside = hostile(server.server_port).replace("http-equiv=\"refresh\"", "")
    broken.write_text(text.replace("<main>", "<main>" + inside))
    shown = browser.page(broken.as_uri())
    assert "owned" not in re.search("<title>(.*?)</title>", shown).group(1)
    assert server.asked == []


def test_the_page_says_what_was_masked(sample, tmp_path, browser):
    path, text, out = share(sample, tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "3 masked places" in out and "2 messages, 1 tool call" in out
    assert "<li>aws-access-key: 2</li>" in text and "<li>jwt: 1</li>" in text
    assert text.count("<mark>[REDACTED:aws-access-key]</mark>") == 2
    assert "<details><summary>Bash <code>make deploy</code></summary>" in text
    assert not re.search("<details open", text)
    browser.screenshot(path.as_uri(), str(tmp_path / "page.png"))
    assert (tmp_path / "page.png").stat().st_size > 10000


def test_it_is_masked_once_more(sample, tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    token = planted.aws_access_key(random.Random(seed)).text
    content(sample, f"it is {token} now")
    content(sample, "earlier, bare: " + token, ordinal=0)
    _, text, out = share(sample, tmp_path)
    assert token not in text and "[REDACTED:" in text
    assert "2 more that the current rules mask" in out and "2 more by the current rules" in text


def test_nothing_is_written_unasked(sample, tmp_path):
    path = tmp_path / "page.html"
    assert "Use --yes" in sample.run("share", SESSION, "--output", path, code=2, stdin="y\n").err
    assert not path.exists()
    path.write_text("mine")
    assert "already exists" in sample.run("share", SESSION, "--yes", "--output", path, code=1).err
    assert path.read_text() == "mine"
    sample.run("share", SESSION, "--yes")
    assert (sample.home / f"{SESSION}.html").exists()
    assert "cannot be written" in sample.run("share", SESSION, "--yes", "--output", tmp_path / "no" / "x.html", code=1).err


def test_trashed_and_metadata_only_sessions_are_refused(sample, tmp_path):
    sample.write("INSERT INTO session_deletes (session_id, cause, change_seq) VALUES (:a, 'trash', 4);\n"
                 "UPDATE sessions SET metadata_only = 1 WHERE id = :b;\n")
    assert "trash" in sample.run("share", SESSION, "--yes", code=1).err
    assert "MetadataOnly=" in sample.run("share", OTHER, "--yes", code=1).err
    assert not list(sample.home.glob("*.html"))


def test_long_messages_and_deep_nesting(sample, tmp_path, browser):
    content(sample, "A line of text with *Markdown* in it.\n" * 130000)  # 5 MB
    content(sample, "> " * 5000 + "deep\n\n" + "[" * 20000 + "\n\n" + "`" * 20000 + "\n\n" + "|a" * 5000, ordinal=0)
    path, text, _ = share(sample, tmp_path)
    assert len(text) > 5_000_000 and "with *Markdown* in it" in text
    assert "</html>" in browser.page(path.as_uri())[-100:]


def test_text_is_shown_as_markdown_means_it(sample, tmp_path):
    content(sample, "- one\n- **two**\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n```c\nint x < y;\n```\n")
    _, text, _ = share(sample, tmp_path)
    assert "<li><strong>two</strong></li>" in text and "<td><del>2</del></td>" in text
    assert '<pre><code class="language-c">int x &lt; y;' in text
