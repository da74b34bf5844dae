"""Hostile requests, written byte by byte: what no client sends; the same from a seed."""

from __future__ import annotations

import json
import random
from typing import Any

CLIMBS = (
    "../" * 8,
    "..%2f" * 8,
    "%2e%2e/" * 8,
    "..%5c" * 8,
    "..\\" * 8,
    "%252e%252e%252f" * 4,
    "..;/" * 4,
    "....//" * 6,
    "%c0%ae%c0%ae/" * 4,
    "%00/",
    "%0d%0aSet-Cookie:x=1",
    "%ff%fe",
    "//",
    "/./",
    "~root/",
    "C:%5c",
)
TARGETS = (
    "outside/secret.txt",
    "etc/passwd",
    "state/web_users.json",
    "config.txt",
    "proc/self/environ",
)
WORDS = (
    "",
    "0",
    "-1",
    "9" * 400,
    "1e309",
    "NaN",
    "null",
    "true",
    "front",
    "FRONT",
    "front ",
    "front_detect",
    "é" * 50,
    "2026-11-20",
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "2026-11-20_18-03-04-120_motion",
    "\u202e",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "%s%s%n",
    "index.m3u8",
    "A" * 9000,
    "\ud7ff",
    "a%00b",
    "2026-11-20T18:03:04Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-20T18:03:04",
)
METHODS = (
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PUT",
    "PATCH",
    "DELETE",
    "POST",
    "get",
    "PROPFIND",
    "X" * 60,
    "G@T",
)
RANGES = (
    "bytes=0-",
    "bytes=-1",
    "bytes=99999999999999999999-",
    "bytes=5-2",
    "bytes=0-0,1-1,2-2",
    "bytes=a-b",
    "items=0-5",
    "bytes=" + "0-1," * 500,
    "bytes=-" + "9" * 300,
    "bytes=1-2-3",
    "bytes",
    "bytes=--1",
    "bytes=0-9" * 3,
)
DATES = (
    "Sat, 21 Nov 2026 18:03:04 GMT",
    "yesterday",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Sat, 99 Foo 99999 99:99:99 GMT",
)
HEADERS = (
    "Range",
    "If-Range",
    "If-None-Match",
    "If-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "Accept",
    "Host",
    "Accept-Encoding",
    "Accept-Language",
    "Cookie",
    "Origin",
    "Referer",
    "X-Forwarded-For",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-CSRFToken",
    "Authorization",
    "Content-Type",
    "Expect",
    "Upgrade",
    "User-Agent",
    "Via",
    "Transfer-Encoding",
    "Content-Encoding",
    "X-HTTP-Method-Override",
    "Access-Control-Request-Method",
    "Forwarded",
)
VALUES = (
    "*",
    '"' * 40,
    "W/",
    "gzip;q=nan",
    "gzip;q=-1,*;q=9e999",
    "text/html",
    "application/json",
    "null",
    "chunked",
    "Bearer ",
    "Bearer birbcam_" + "a" * 43,
    "Basic YTpi",
    "Basic ÿ",
    "127.0.0.1, 127.0.0.1",
    "https",
    "/../..",
    "::1",
    "birbcam_8080=" + "A" * 500,
    "session=.eJw; session=; ;=",
    "100-continue",
    "localhost:8080",
    "[::",
    "a b",
    "x" * 7000,
    "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 300,
    "application/x-www-form-urlencoded",
    "en;q=x",
)
NAMES = (
    "seconds",
    "action",
    "stems",
    "name",
    "source",
    "start",
    "end",
    "confirm",
    "request",
    "part",
    "web.port",
    "title",
)
QUERIES = ("day", "clip", "from", "to", "limit", "cursor", "next", "kind", "width", "bucket", "at", "level", "v")


class Fuzzer:
    """Makes requests; the same from a seed."""

    def __init__(self, seed: int, paths: list[tuple[str, str]], tokens: list[str]) -> None:
        self._dice = random.Random(seed)
        self._paths, self._tokens = paths, tokens

    def request(self) -> bytes:
        """One request, whole or not."""
        dice = self._dice
        method, path = dice.choice(self._paths)
        for _ in range(dice.choice((0, 0, 1, 1, 2))):
            path = self._bent(path)
        if dice.random() < 0.2:
            method = dice.choice(METHODS)
        body = self._body() if method not in ("GET", "HEAD") or dice.random() < 0.05 else b""
        headers = [("Host", "localhost"), ("Connection", "close")]
        if token := dice.choice(self._tokens):
            headers.append(("Authorization", f"Bearer {token}"))
        if body:
            headers.append(("Content-Type", "application/json" if dice.random() < 0.8 else dice.choice(VALUES)))
        length = len(body) if dice.random() < 0.95 else dice.choice((0, 1, -5, 10**6, 10**30, 2**63))
        if body or length:
            headers.append(("Content-Length", str(length)))
        for _ in range(dice.choice((0, 0, 0, 0, 1, 2, 20))):
            headers.append((dice.choice(HEADERS), dice.choice((*VALUES, *RANGES, *DATES, *WORDS))))
        lines = [f"{method} {path} HTTP/1.{dice.choice('1110')}", *(f"{name}: {value}" for name, value in headers)]
        text = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body
        if dice.random() < 0.03:  # a byte that does not belong there
            place = dice.randrange(len(text))
            text = text[:place] + bytes([dice.randrange(256)]) + text[place + 1 :]
        return text

    def _bent(self, path: str) -> str:
        dice = self._dice
        parts = path.split("/")
        place = dice.randrange(len(parts))
        word = dice.choice(WORDS).replace(" ", "%20")
        kind = dice.randrange(6)
        if kind == 0:
            parts[place] = dice.choice(CLIMBS) + dice.choice(TARGETS)
        elif kind == 1:
            return path + "/" + dice.choice(CLIMBS) + dice.choice(TARGETS)
        elif kind == 2:
            parts[place] = word
        elif kind == 3:
            names = (
                "day",
                "clip",
                "from",
                "to",
                "limit",
                "cursor",
                "next",
                "kind",
                "width",
                "bucket",
                "at",
                "level",
                "v",
            )
            return path + ("&" if "?" in path else "?") + "&".join(f"{dice.choice(names)}={word}" for _ in range(3))
        elif kind == 4:
            parts.insert(place, dice.choice(("", ".", "..", "%2e", "static", "api", "v1", "%2F")))
        else:
            return "".join(f"%{ord(one):02x}" if dice.random() < 0.3 and one != "/" else one for one in path)
        return "/".join(parts)

    def _body(self) -> bytes:
        dice = self._dice
        kind = dice.randrange(8)
        if kind == 0:
            return dice.randbytes(dice.choice((1, 50, 5000)))
        if kind == 1:
            return b"[" * dice.choice((100, 30_000))
        if kind == 2:
            return b"x" * dice.choice((65_000, 70_000, 300_000))
        if kind == 3:
            return "&".join(f"{dice.choice(NAMES)}={dice.choice(WORDS)}" for _ in range(5)).encode("utf-8", "replace")
        text = json.dumps({dice.choice(NAMES): self._value(3) for _ in range(dice.randrange(6))})
        return text[: dice.randrange(len(text) + 1)].encode() if kind == 4 else text.encode()

    def _value(self, depth: int) -> Any:
        dice = self._dice
        plain = [None, True, -1, 0, 60, 1e308, float("inf"), float("nan"), 10**300, *WORDS]
        if depth and dice.random() < 0.3:
            return [self._value(depth - 1) for _ in range(dice.randrange(4))]
        if depth and dice.random() < 0.2:
            return {str(self._value(0)): self._value(depth - 1) for _ in range(dice.randrange(3))}
        return dice.choice(plain)
