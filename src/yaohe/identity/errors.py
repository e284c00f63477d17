"""What identity refuses, in words a client can read.

NotSignedIn 401
├── WrongPassword     wrong_password      also for an e-mail nobody has
├── LoginStale        login_stale         begun elsewhere, too long ago, or used already
└── SetupRefused      setup_refused       wrong, used or expired link, or an owner exists
NotAllowed 403
├── WrongOrigin       wrong_origin        the request came from another site
└── KeyReadOnly       key_read_only       this API key may only read
TooMany 429
└── TooManyLogins     too_many_logins     per account and per address
NotFound 404
├── LoginNotOffered   login_not_offered   no such service is connected
└── ApiKeyNotFound    api_key_not_found
"""

from __future__ import annotations

from yaohe.kernel.errors import NotAllowed, NotFound, NotSignedIn, TooMany


class WrongPassword(NotSignedIn):
    code = "wrong_password"
    message = "E-mail or password do not match."


class SetupRefused(NotSignedIn):
    code = "setup_refused"
    message = "This set-up link is used or has expired. Start the server again for a new one."


class WrongOrigin(NotAllowed):
    code = "wrong_origin"
    message = "This request came from another site."


class KeyReadOnly(NotAllowed):
    code = "key_read_only"
    message = "This API key may only read. Make one that may write."


class TooManyLogins(TooMany):
    code = "too_many_logins"
    message = "Too many tries. Wait a few minutes, then sign in again."


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    message = "There is no such API key."


class LoginNotOffered(NotFound):
    code = "login_not_offered"
    message = "Nobody can log in here with this service."


class LoginStale(NotSignedIn):
    code = "login_stale"
    message = "This login was begun elsewhere, too long ago, or is used. Begin again."
