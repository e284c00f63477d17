"""One OAuth client for all login services: the address people are sent to, and who came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import structlog

from yaohe.platforms.logins.services import Ask, Fields, LoginService
from yaohe.platforms.outgoing import Outgoing, PlatformAway, PlatformRefused

TEXT_CHARS_MAX: Final = 1_024
# Where the services put their "no", each of its own: 0 and "" mean all is well.
_NO: Final = ("errcode", "error_code", "error", "ret")

log = structlog.get_logger(__name__)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as the service knows them. Name and picture may be empty."""

    service: str
    app_id: str
    subject: str
    union: str = ""
    name: str = ""
    picture_url: str = ""


class LoginClient:
    """One service with one app of the shop's there."""

    def __init__(
        self, outgoing: Outgoing, service: LoginService, *, app_id: str, secret: str
    ) -> None:
        self._outgoing, self.service, self.app_id = outgoing, service, app_id
        self._own = {"app_id": app_id, "secret": secret}

    def door_url(self, *, redirect_uri: str, state: str) -> str:
        """Where the person agrees to be known here."""
        known = {**self._own, "redirect_uri": redirect_uri, "state": state}
        query = urlencode(_filled(self.service.door_fields, known))
        return f"{self._outgoing.at(self.service.door)}?{query}{self.service.door_end}"

    async def person(self, *, code: str, redirect_uri: str) -> Person:
        """Who gave us this code; raises `PlatformRefused` and `PlatformAway`."""
        service = self.service
        known = await self.known(code=code, redirect_uri=redirect_uri)
        try:
            known |= await self._asked(service.profile, {**known, **self._own})
        except (PlatformAway, PlatformRefused) as error:
            log.warning("login_without_profile", service=service.id, code=error.code)
        return Person(
            service=service.id,
            app_id=self.app_id,
            subject=known[service.subject],
            union=known.get(service.union, "") if service.union else "",
            name=known.get(service.name, "")[:60],
            picture_url=_https(known.get(service.picture, "")),
        )

    async def known(self, *, code: str, redirect_uri: str) -> dict[str, str]:
        """What the service says for a code, the subject at least; raises like `person`."""
        own = {**self._own, "redirect_uri": redirect_uri, "code": code}
        known: dict[str, str] = {}
        for ask in self.service.asks:
            known |= await self._asked(ask, {**known, **own})
        if not known.get(self.service.subject):
            raise PlatformAway
        if known.get("is_snapshotuser") == "1":
            # WeChat shows pages to a made-up person until the real one agrees; it is nobody.
            raise PlatformRefused("snapshot_user")
        return known

    async def _asked(self, ask: Ask, known: Mapping[str, str]) -> dict[str, str]:
        """The texts and numbers of one answer."""
        fields = _filled(ask.fields, known)
        if ask.form:
            answer = await self._outgoing.ask("POST", ask.address, form=fields)
        else:
            answer = await self._outgoing.ask("GET", ask.address, params=fields)
        said = answer.json()
        if self.service.inside:
            said = {**said, **_object(said.get(self.service.inside))}
        for name in _NO:
            if said.get(name):
                raise PlatformRefused(str(said[name])[:60])
        if answer.status != 200:
            raise PlatformRefused(str(answer.status))
        return {
            name: str(value)
            for name, value in said.items()
            if isinstance(value, str | int) and len(str(value)) <= TEXT_CHARS_MAX
        }


def _filled(fields: Fields, known: Mapping[str, str]) -> dict[str, str]:
    """The fields with what is known in their places; a value is never a template itself."""
    made = {}
    for name, template in fields:
        if not template.startswith("{"):
            made[name] = template
            continue
        value = known.get(template[1:-1])
        if value is None:
            raise PlatformAway
        made[name] = value
    return made


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _https(url: str) -> str:
    """A picture's address as our pages may show it, or none."""
    url = "https://" + url.removeprefix("http://") if url.startswith("http://") else url
    return url if url.startswith("https://") and url.isprintable() and " " not in url else ""
