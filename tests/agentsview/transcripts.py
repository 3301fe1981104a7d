"""Transcripts as Claude Code writes them, for the real agentsview to read

A Transcript is a list of entries that a test may append to, edit, cut or move, and save again. Everything in it follows
from its seed. Secrets go in through `say(..., secret)`, and are remembered in `planted`.
"""

import json
import os
import random
import subprocess
import uuid
from datetime import datetime, timedelta, timezone

WORDS = (
    "the build stopped because its parser reads a file before the cache is warm so try again after the lock is "
    "released and look at the depth of the queue then write the index to disk while a loop waits for the signal that "
    "the pool of threads has ended and count rows in each column of the table"
).split()

EPOCH = datetime(2026, 9, 1, tzinfo=timezone.utc)


def make_repository(path, origin=None):
    """Its own git repository at `path`, which can be a session's cwd."""
    quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.makedirs(path)
    subprocess.run(["git", "init", "-q", "-b", "main", path], **quiet)
    if origin:
        subprocess.run(["git", "-C", path, "remote", "add", "origin", origin], **quiet)
    return path


class Transcript:
    def __init__(self, home, cwd, seed):
        self.rng = random.Random("transcript %s" % seed)
        self.home, self.cwd = home, str(cwd)
        self.id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.time = EPOCH + timedelta(minutes=self.rng.randrange(40000))
        self.entries = []
        self.planted = []
        self.more = {}  # what each of its entries has in addition
        folder = "".join(c if c.isalnum() else "-" for c in self.cwd)
        self.path = os.path.join(home, ".claude", "projects", folder, self.id + ".jsonl")

    # text

    def text(self, n_words=30):
        return " ".join(self.rng.choice(WORDS) for _ in range(n_words)) + "."

    def say(self, words=None, secret=None):
        """A piece of text, with `secret` (a Planted) between its two halves."""
        words = words or self.text()
        if secret is None:
            return words
        self.planted.append(secret)
        cut = words.find(" ", len(words) // 2)
        return words[:cut] + "\n" + secret.text + "\n" + words[cut + 1:]

    # entries

    def _add(self, kind, message, **more):
        self.time += timedelta(seconds=self.rng.randrange(3, 40))
        entry = {
            "parentUuid": self.entries[-1]["uuid"] if self.entries else None,
            "isSidechain": False,
            "userType": "external",
            "cwd": self.cwd,
            "sessionId": self.id,
            "version": "2.1.30",
            "gitBranch": "main",
            "type": kind,
            "message": message,
            "uuid": str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            "timestamp": self.time.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (self.time.microsecond // 1000),
        }
        entry.update(self.more | more)
        self.entries.append(entry)
        return entry

    def _name(self, prefix, n):
        return prefix + "".join(self.rng.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(n))

    def user(self, text):
        return self._add("user", {"role": "user", "content": text})

    def _assistant(self, content, stop_reason):
        message = {
            "id": self._name("msg_", 22),
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-4-6",
            "stop_reason": stop_reason,
            "usage": {
                "input_tokens": self.rng.randrange(5, 900),
                "cache_read_input_tokens": self.rng.randrange(90000),
                "output_tokens": self.rng.randrange(10, 2000),
            },
            "content": content,
        }
        return self._add("assistant", message, requestId=self._name("req_", 20))

    def assistant(self, text, thinking=None):
        content = [{"type": "text", "text": text}]
        if thinking is not None:
            content.insert(0, {"type": "thinking", "thinking": thinking, "signature": self._name("", 24)})
        return self._assistant(content, "end_turn")

    def call(self, name, arguments, text=None):
        """A tool call; returns its id, for result()."""
        tool = self._name("toolu_", 24)
        content = [{"type": "tool_use", "id": tool, "name": name, "input": arguments}]
        if text is not None:
            content.insert(0, {"type": "text", "text": text})
        self._assistant(content, "tool_use")
        return tool

    def result(self, tool, text, is_error=False):
        content = [{"type": "tool_result", "tool_use_id": tool, "content": text, "is_error": is_error}]
        output = {"stdout": text, "stderr": "", "interrupted": False}
        return self._add("user", {"role": "user", "content": content}, toolUseResult=output)

    def shell(self, command, output):
        tool = self.call("Bash", {"command": command, "description": "run it"})
        self.result(tool, output)

    def agent(self, task, question, answer):
        """Another agent is asked, and answers; its work is a Transcript of its own, to be saved as well."""
        tool = self.call("Task", {"description": task, "prompt": question, "subagent_type": "general-purpose"})
        asked = Transcript(self.home, self.cwd, seed=tool)
        asked.name = self._name("a", 7)
        asked.path = os.path.join(self.path.removesuffix(".jsonl"), "subagents", "agent-%s.jsonl" % asked.name)
        asked.id, asked.time, asked.more = self.id, self.time, {"isSidechain": True, "agentId": asked.name}
        asked.user(question)
        asked.assistant(answer, thinking=asked.text())
        self.result(tool, answer)["toolUseResult"] = {"status": "completed", "prompt": question, "agentId": asked.name,
                                                      "content": [{"type": "text", "text": answer}]}
        return asked

    def rounds(self, n, secrets=()):
        """`n` rounds of talk with a shell and a file tool; the secrets go to all kinds of places by turns."""
        secrets = iter(secrets)
        for _ in range(n):
            self.user(self.say(secret=next(secrets, None)))
            self.assistant(self.say(secret=next(secrets, None)), thinking=self.say(secret=next(secrets, None)))
            shell = self.call("Bash", {"command": "make 2>&1 | tail", "description": self.text(4)}, self.text(8))
            self.result(shell, self.say(secret=next(secrets, None)))
            path = self.cwd + "/src/%s.c" % self.rng.choice(WORDS)
            write = self.call("Write", {"file_path": path, "content": self.say(secret=next(secrets, None))})
            self.result(write, "The file was written: " + path)
        assert next(secrets, None) is None, "more secrets than places"
        return self

    # the file

    def save(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "w") as f:
            for entry in self.entries:
                f.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.touch()
        return self

    def touch(self):
        """Sets a later time than any before, however coarse the file system's clock is."""
        self.mtime = max(getattr(self, "mtime", 0) + 10**9, os.stat(self.path).st_mtime_ns)
        os.utime(self.path, ns=(self.mtime, self.mtime))

    def relink(self):
        """Makes each entry the child of the one before it again."""
        for before, entry in zip([None] + self.entries, self.entries):
            entry["parentUuid"] = before["uuid"] if before else None
