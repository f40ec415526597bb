"""A local stand-in of the Hugging Face hub's HTTP API, as far as textrae uses it through ``huggingface_hub``."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_right"
LARGE = (".safetensors", ".model")
"""Endings of files that the hub keeps as LFS."""


@dataclass
class Repository:
    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files by path, of each commit by its name."""
    branches: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, branch: str, files: dict[str, bytes], message: str) -> str:
        name = hashlib.sha1(f"{len(self.commits)} {sorted(files)}".encode()).hexdigest()
        self.commits[name], self.branches[branch] = files, name
        self.messages.append(message)
        return name

    def files(self, branch: str = "main") -> dict[str, bytes]:
        return self.commits[self.branches[branch]]


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of the files in a folder, by name."""
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


class StandIn:
    """The server: repositories by name, and a record of what was asked."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.stored: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.sizes: dict[str, int] = {}
        """Sizes that it tells of files, instead of the true ones."""
        self.readonly = False
        self.down = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def add(self, name: str, files: dict[str, bytes], **facts: Any) -> Repository:
        self.repositories[name] = Repository(**facts)
        self.repositories[name].commit("main", files, "first")
        return self.repositories[name]

    def downloads(self) -> list[str]:
        """Names of the files that were downloaded, in order."""
        return [one.rsplit("/", 1)[1] for one in self.asked if one.startswith("GET") and "/resolve/" in one]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: StandIn

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def _handle(self) -> None:
        self.path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.hub.down:
            self._refuse(503, "", "Service Unavailable")
        elif token not in ("", TOKEN):
            self._refuse(401, "", "Invalid credentials in Authorization header")
        elif self.path.startswith("/upload/"):
            assert hashlib.sha256(body).hexdigest() == self.path[8:]
            self.hub.stored[self.path[8:]] = body
            self._answer({})
        elif self.path.startswith("/api/") or self.path.endswith("/objects/batch"):
            self._api(self.path.removeprefix("/api/").split("/"), body, token)
        else:
            self._file(self.path.strip("/").split("/"), token)

    def _api(self, parts: list[str], body: bytes, token: str) -> None:
        if parts == ["validate-yaml"]:
            self._validate(json.loads(body)["content"])
        elif self.command == "POST" and (not token or self.hub.readonly):
            self._refuse(403 if token else 401, "", "you may only read")
        elif parts == ["repos", "create"]:
            given = json.loads(body)
            name = f"{given['organization']}/{given['name']}"
            self.hub.add(name, {".gitattributes": b""}, private=given.get("visibility") == "private")
            self._answer({"url": f"{self.hub.url}/{name}"})
        elif parts[-1] == "batch":
            self._answer(
                {"transfer": "basic", "objects": [self._large(one) for one in json.loads(body)["objects"]]}
            )
        elif repository := self._repository("/".join(parts[1:3]), token):
            self._of_repository(repository, parts[1:], body)

    def _of_repository(self, repository: Repository, parts: list[str], body: bytes) -> None:
        match parts:
            case [_, _, "branch", branch]:
                repository.branches[branch] = repository.branches["main"]
                self._answer({})
            case [_, _, "preupload", branch]:
                there = repository.files(branch)
                names = [one["path"] for one in json.loads(body)["files"]]
                self._answer({"files": [_mode(name, there.get(name)) for name in names]})
            case [user, name, "commit", branch]:
                self._commit(
                    repository, branch, f"{user}/{name}", [json.loads(line) for line in body.splitlines()]
                )
            case _:
                self._info(repository, parts[3] if len(parts) > 3 else "main")

    def _info(self, repository: Repository, revision: str) -> None:
        commit = self._resolved(repository, revision)
        if commit is not None:
            files = repository.commits[commit]
            siblings = [
                {"rfilename": name, "size": self.hub.sizes.get(name, len(content))}
                for name, content in files.items()
            ]
            self._answer({"id": "a/b", "sha": commit, "private": repository.private, "siblings": siblings})

    def _commit(self, repository: Repository, branch: str, where: str, lines: list[dict[str, Any]]) -> None:
        files, message = dict(repository.files(branch)), lines[0]["value"]["summary"]
        assert lines[0]["value"]["parentCommit"] == repository.branches[branch]
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "deletedFile":
                del files[value["path"]]
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
            else:
                files[value["path"]] = base64.b64decode(value["content"])
        name = repository.commit(branch, files, message)
        self._answer({"commitOid": name, "commitUrl": f"{self.hub.url}/{where}/commit/{name}"})

    def _large(self, given: dict[str, Any]) -> dict[str, Any]:
        upload = {"href": f"{self.hub.url}/upload/{given['oid']}"}
        return {**given, **({} if given["oid"] in self.hub.stored else {"actions": {"upload": upload}})}

    def _validate(self, content: str) -> None:
        found = yaml.safe_load(content.split("---")[1]) if content.startswith("---") else {}
        wrong = [] if isinstance(found.get("license", ""), str) else [{"message": "license must be a string"}]
        self._answer({"errors": wrong, "warnings": []}, 400 if wrong else 200)

    def _file(self, parts: list[str], token: str) -> None:
        repository = self._repository("/".join(parts[:2]), token)
        commit = None if repository is None else self._resolved(repository, parts[3])
        if repository is None or commit is None:
            return
        content = repository.commits[commit].get("/".join(parts[4:]))
        if content is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        tag = hashlib.sha256(content).hexdigest()
        self._send(200, content, {"X-Repo-Commit": commit, "ETag": f'"{tag}"'})

    def _repository(self, name: str, token: str) -> Repository | None:
        found = self.hub.repositories.get(name)
        if found is None or (found.private and not token):
            self._refuse(404 if token else 401, "RepoNotFound", "Repository not found")
            return None
        if found.gated:
            self._refuse(403, "GatedRepo", "Access to this model is restricted")
            return None
        return found

    def _resolved(self, repository: Repository, revision: str) -> str | None:
        commit = repository.branches.get(revision, revision)
        if commit in repository.commits:
            return commit
        self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return None

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._answer({"error": message}, status, {"X-Error-Code": code, "X-Error-Message": message})

    def _answer(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        named = {"Content-Type": "application/json", **(headers or {})}
        self._send(status, json.dumps(value).encode(), named)

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _mode(name: str, there: bytes | None) -> dict[str, Any]:
    """How a file is to be sent, and how git or LFS names what is there of it."""
    large, known = name.endswith(LARGE), {}
    if there is not None:
        blob = hashlib.sha1(f"blob {len(there)}\0".encode() + there)
        known = {"oid": (hashlib.sha256(there) if large else blob).hexdigest()}
    return {"path": name, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, **known}
