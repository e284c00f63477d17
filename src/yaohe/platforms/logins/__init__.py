"""Logins: who somebody is at another service, by OAuth 2 (WeChat, Weibo, QQ, Douyin).

Words owned: login service, subject (somebody's id there, for one app), union (their id there, for
all apps of one owner).
"""

from yaohe.platforms.logins.client import LoginClient, Person
from yaohe.platforms.logins.services import SERVICES, WECHAT_SILENT, LoginService

__all__ = ["SERVICES", "WECHAT_SILENT", "LoginClient", "LoginService", "Person"]
