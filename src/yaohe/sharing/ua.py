"""Who is asking, by the words of the user agent: a person, or a fetcher of which kind.

    person    somebody's browser or the browser inside an app they use; never a bot
    preview   fetches a link to draw its card in a chat or a feed
    search    crawls for a search engine           ai    crawls or reads for a model
    tool      libraries, command lines, monitors, headless browsers
    scanner   checks links for harm, or probes for holes

Names are matched as whole tokens of known fetchers first and by generic words last, because loose
words hit real people: Baidu's app, Sogou's browser and Cubot phones are people. The answer is
kept per user agent, so a crowd with one phone model costs one look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

import msgspec

Kind = Literal["person", "preview", "search", "ai", "tool", "scanner"]

UA_CHARS_MAX: Final = 512


class UaClass(msgspec.Struct, frozen=True):
    kind: Kind
    app: str = ""  # the app or fetcher, when its name is known
    is_prefetch: bool = False  # the browser fetched ahead; nobody has looked yet

    @property
    def is_bot(self) -> bool:
        return self.kind != "person"


class Env(StrEnum):
    """Where a page is open, as far as other people's rules differ there."""

    BROWSER = "browser"
    WECHAT = "wechat"
    WECHAT_MOMENTS = "wechat_moments"
    MINI_PROGRAM = "mini_program"
    WECOM = "wecom"
    DOUYIN = "douyin"


# Lower case; the first token found decides, so that what is narrow stands before what is wide.
_FETCHERS: Final[tuple[tuple[Kind, tuple[tuple[str, str], ...]], ...]] = (
    (
        "scanner",
        (
            ("wechatdevtools", "wechat"), ("qcloudcdn", "wechat"),
            ("dingtalkbot-securityservice", "dingtalk"),
            ("google-safety", "google"), ("googlesafebrowsing", "google"),
            ("virustotal", "virustotal"), ("urlscan", "urlscan"), ("phishtank", "phishtank"),
            ("netcraftsurvey", "netcraft"), ("netcraft web server survey", "netcraft"),
            ("proofpoint", "proofpoint"), ("barracuda", "barracuda"), ("mimecast", "mimecast"),
            ("trendmicro", "trendmicro"), ("symantec", "symantec"), ("fortiguard", "fortinet"),
            ("censysinspect", "censys"), ("expanse", "palo_alto"), ("internet-measurement", ""),
            ("shodan", "shodan"), ("zgrab", "zgrab"), ("masscan", "masscan"), ("nmap", "nmap"),
            ("nuclei", "nuclei"), ("nikto", "nikto"), ("sqlmap", "sqlmap"), ("wpscan", "wpscan"),
            ("burpcollaborator", "burp"), ("acunetix", "acunetix"), ("clamav", "clamav"),
            ("bitsightbot", "bitsight"), ("l9explore", "leakix"), ("leakix", "leakix"),
            ("checkmarknetwork", "checkmark"), ("security scanner", ""), ("vulnerability", ""),
        ),
    ),
    (
        "ai",
        (
            ("gptbot", "openai"), ("chatgpt-user", "openai"), ("oai-searchbot", "openai"),
            ("claudebot", "anthropic"), ("claude-user", "anthropic"),
            ("claude-searchbot", "anthropic"), ("claude-web", "anthropic"),
            ("anthropic-ai", "anthropic"),
            ("perplexitybot", "perplexity"), ("perplexity-user", "perplexity"),
            ("meta-externalagent", "meta"), ("google-extended", "google"),
            ("googleother", "google"), ("google-notebooklm", "google"),
            ("applebot-extended", "apple"), ("bytespider", "bytedance"), ("ccbot", "common_crawl"),
            ("cohere-ai", "cohere"), ("cohere-training", "cohere"), ("diffbot", "diffbot"),
            ("youbot", "you"), ("duckassistbot", "duckduckgo"), ("mistralai-user", "mistral"),
            ("amazonbot", "amazon"), ("ai2bot", "ai2"), ("timpibot", "timpi"),
            ("imagesiftbot", "imagesift"), ("omgili", "webz"), ("deepseekbot", "deepseek"),
            ("kimibot", "moonshot"), ("chatglm-spider", "zhipu"), ("pangubot", "huawei"),
        ),
    ),
    (
        "preview",
        (
            # Messages of Apple signs as Facebook and Twitter together, after a Mac browser.
            ("facebookexternalhit/1.1 facebot twitterbot/1.0", "imessage"),
            ("telegrambot", "telegram"), ("line-poker", "line"), ("linespider", "line"),
            ("kakaotalk-scrap", "kakaotalk"), ("facebookexternalhit", "facebook"),
            ("facebookcatalog", "facebook"), ("facebookplatform", "facebook"),
            ("facebot", "facebook"), ("meta-externalfetcher", "meta"),
            ("meta-externalads", "meta"), ("whatsapp/", "whatsapp"), ("twitterbot", "x"),
            ("linkedinbot", "linkedin"), ("slackbot", "slack"), ("slack-imgproxy", "slack"),
            ("discordbot", "discord"), ("skypeuripreview", "skype"), ("msteams", "teams"),
            ("microsoftpreview", "teams"), ("viber", "viber"), ("vkshare", "vk"),
            ("odklbot", "ok_ru"), ("redditbot", "reddit"), ("pinterestbot", "pinterest"),
            ("pinterest/0", "pinterest"), ("snap url preview", "snapchat"),
            ("snapurlpreview", "snapchat"), ("blueskypreview", "bluesky"),
            ("cardyb", "bluesky"), ("mastodon/", "mastodon"), ("pleroma", "pleroma"),
            ("akkoma", "akkoma"), ("misskey/", "misskey"), ("lemmy/", "lemmy"),
            ("friendica", "friendica"), ("kakaostory-og", "kakaotalk"),
            ("naver scrap", "naver"), ("dingtalkbot", "dingtalk"),
            ("larkurlpreview", "feishu"), ("feishu-bot", "feishu"),
            ("micromessenger client", "wechat"), ("weixin client", "wechat"),
            ("zalobot", "zalo"), ("signal-desktop", "signal"), ("iframely", "iframely"),
            ("embedly", "embedly"), ("embed.ly", "embedly"), ("bingpreview", "bing"),
            ("google web preview", "google"), ("googleimageproxy", "gmail"),
            ("+/web/snippet", "google"), ("yahoomailproxy", "yahoo"), ("bitlybot", "bitly"),
            ("flipboardproxy", "flipboard"), ("tumblr/", "tumblr"), ("discourse", "discourse"),
            ("wordpress.com mshots", "wordpress"), ("notionembedder", "notion"),
            ("synapse (bot", "matrix"), ("nextcloud server crawler", "nextcloud"),
            ("quora link preview", "quora"), ("link preview", ""), ("linkpreview", ""),
            ("urlpreview", ""), ("opengraph", ""),
        ),
    ),
    (
        "search",
        (
            ("googlebot", "google"), ("google-inspectiontool", "google"),
            ("adsbot-google", "google"), ("mediapartners-google", "google"),
            ("apis-google", "google"), ("feedfetcher-google;", "google"),
            ("storebot-google", "google"), ("google-site-verification", "google"),
            ("bingbot", "bing"), ("adidxbot", "bing"), ("msnbot", "bing"),
            ("meta-webindexer", "meta"), ("applebot", "apple"), ("duckduckbot", "duckduckgo"),
            ("duckduckgo-favicons", "duckduckgo"), ("baiduspider", "baidu"),
            ("baidu transcoder", "baidu"), ("sogou web spider", "sogou"),
            ("sogou spider", "sogou"), ("sogou inst spider", "sogou"),
            ("sogou news spider", "sogou"), ("sogou pic spider", "sogou"),
            ("sogou-test-spider", "sogou"), ("360spider", "360"), ("haosouspider", "360"),
            ("yisouspider", "shenma"), ("easouspider", "easou"), ("youdaobot", "youdao"),
            ("toutiaospider", "toutiao"), ("tiktokspider", "tiktok"), ("petalbot", "petal"),
            ("aspiegelbot", "petal"), ("yandexbot", "yandex"), ("yandeximages", "yandex"),
            ("yandexmobilebot", "yandex"), ("yandexrenderresourcesbot", "yandex"),
            ("yeti/", "naver"), ("daumoa", "daum"), ("coccocbot", "coccoc"),
            ("seznambot", "seznam"), ("qwantbot", "qwant"), ("qwantify", "qwant"),
            ("mojeekbot", "mojeek"), ("exabot", "exalead"), ("slurp", "yahoo"),
            ("ia_archiver", "archive"), ("archive.org_bot", "archive"),
        ),
    ),
    (
        "tool",
        (
            ("headlesschrome", "headless"), ("phantomjs", "headless"), ("puppeteer", "headless"),
            ("playwright", "headless"), ("electron-prerender", "headless"),
            ("chrome-lighthouse", "lighthouse"), ("page speed insights", "lighthouse"),
            ("gtmetrix", "gtmetrix"), ("curl/", "curl"), ("wget/", "wget"),
            ("httpie/", "httpie"), ("postmanruntime", "postman"), ("insomnia/", "insomnia"),
            ("python-requests", "python"), ("python-httpx", "python"), ("python-urllib", "python"),
            ("aiohttp", "python"), ("scrapy", "scrapy"), ("go-http-client", "go"),
            ("fasthttp", "go"), ("go-resty", "go"), ("okhttp", "java"), ("java/", "java"),
            ("apache-httpclient", "java"), ("jakarta commons", "java"), ("axios/", "node"),
            ("node-fetch", "node"), ("undici", "node"), ("got (http", "node"),
            ("libwww-perl", "perl"), ("lwp::", "perl"), ("guzzlehttp", "php"),
            ("symfony httpclient", "php"), ("faraday", "ruby"), ("http.rb", "ruby"),
            ("reqwest", "rust"), ("apachebench", "load"), ("wrk/", "load"),
            ("k6/", "load"), ("vegeta", "load"), ("bombardier", "load"),
            ("apache-jmeter", "load"), ("locust", "load"), ("uptimerobot", "monitor"),
            ("pingdom", "monitor"), ("statuscake", "monitor"), ("better uptime", "monitor"),
            ("uptime-kuma", "monitor"), ("datadog", "monitor"), ("newrelicpinger", "monitor"),
            ("site24x7", "monitor"), ("catchpoint", "monitor"), ("gomezagent", "monitor"),
            ("kube-probe", "monitor"), ("elb-healthchecker", "monitor"),
            ("googlehc", "monitor"), ("route53-health", "monitor"),
            ("cloudflare-healthchecks", "monitor"), ("prometheus/", "monitor"),
            ("blackbox exporter", "monitor"), ("ahrefs", "seo"), ("semrush", "seo"),
            ("mj12bot", "seo"), ("dotbot", "seo"), ("dataforseo", "seo"), ("blexbot", "seo"),
            ("serpstatbot", "seo"), ("barkrowler", "seo"), ("screaming frog", "seo"),
            ("w3c_validator", "w3c"), ("w3c-checklink", "w3c"), ("feedly", "feed"),
            ("feedbin", "feed"), ("newsblur", "feed"), ("inoreader", "feed"),
        ),
    ),
)  # fmt: skip

# Browsers inside apps. Narrow before wide: WeChat's Android kernel also says MQQBrowser.
_APPS: Final[tuple[tuple[str, str], ...]] = (
    ("wxwork/", "wecom"), ("micromessenger", "wechat"), ("dingtalk/", "dingtalk"),
    ("dingtalk-win", "dingtalk"), ("lark/", "feishu"), ("feishu/", "feishu"),
    ("qzone/", "qzone"), (" qq/", "qq"), ("mqqbrowser", "qq_browser"),
    ("qqbrowser", "qq_browser"), ("weibo", "weibo"), ("musical_ly", "tiktok"), ("trill_", "tiktok"),
    ("tiktok", "tiktok"), ("newsarticle/", "toutiao"), ("toutiao", "toutiao"),
    ("aweme", "douyin"), ("bytedancewebview", "douyin"), ("kwai/", "kuaishou"),
    ("ksnebula", "kuaishou"), ("xiaohongshu", "xiaohongshu"), ("xhsapp", "xiaohongshu"),
    ("biliapp", "bilibili"), ("bili-", "bilibili"), ("zhihu", "zhihu"),
    ("baiduboxapp", "baidu"), ("tieba/", "tieba"), ("aliapp(tb", "taobao"),
    ("aliapp(tm", "tmall"), ("alipayclient", "alipay"), ("jdapp", "jd"),
    ("pinduoduo", "pinduoduo"), ("quark/", "quark"), ("ucbrowser", "uc"),
    ("instagram", "instagram"), ("barcelona", "threads"), ("messengerforios", "messenger"),
    ("orca-android", "messenger"), ("fban/", "facebook"), ("fbav/", "facebook"),
    ("fb_iab", "facebook"), ("twitter for", "x"), ("twitterandroid", "x"),
    ("linkedinapp", "linkedin"), (" line/", "line"), ("kakaotalk", "kakaotalk"),
    ("naver(", "naver"), ("telegram-android", "telegram"), ("telegram-ios", "telegram"),
    ("snapchat", "snapchat"), ("[pinterest/", "pinterest"), ("reddit/", "reddit"),
    ("zalo", "zalo"), ("slack_ssb", "slack"), ("discord/", "discord"), ("gsa/", "google"),
    ("bingsapphire", "bing"), ("bingweb", "bing"), ("duckduckgo/", "duckduckgo"),
)  # fmt: skip

_GENERIC: Final = re.compile(
    r"(?<!cu)bot(?![a-z])|crawl|spider(?![a-z])|scrap(?:er|ing)|\bfetch(?:er)?\b|archiver"
    r"|\bpreview\b|link ?check|\bvalidator\b|\+https?://|; ?https?://|@[a-z0-9-]+\.[a-z]{2}"
)
_BROWSER: Final = re.compile(r"mozilla/\d|opera/\d|ucweb/|nokia|blackberry|dolfin")
_PURPOSES: Final = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_AHEAD: Final = (b"prefetch", b"prerender", b"preview")


def classify(user_agent: str, headers: Mapping[bytes, bytes] | None = None) -> UaClass:
    """The class of a request by its user agent and, when given, its lower-case raw headers."""
    found = _classify(user_agent[:UA_CHARS_MAX])
    if headers is not None and is_prefetch(headers):
        return UaClass(found.kind, found.app, True)
    return found


def is_prefetch(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that it only fetches ahead."""
    for name in _PURPOSES:
        value = headers.get(name)
        if value is not None and any(word in value.lower() for word in _AHEAD):
            return True
    return False


@lru_cache(maxsize=16_384)
def _classify(user_agent: str) -> UaClass:
    text = user_agent.lower()
    for kind, tokens in _FETCHERS:
        for token, name in tokens:
            if token in text:
                return UaClass(kind, name)
    if _BROWSER.match(text) is None and "applewebkit/" not in text:
        # Every browser, also inside an app, begins like one; what does not is somebody's program.
        return UaClass("preview" if "preview" in text else "tool")
    looks_like_program = _GENERIC.search(text) is not None
    if looks_like_program and "compatible;" in text:
        return UaClass("tool")
    for token, name in _APPS:
        if token in text:
            return UaClass("person", name)
    return UaClass("tool" if looks_like_program else "person")


@lru_cache(maxsize=16_384)
def _shell(user_agent: str) -> Env:
    text = user_agent.lower()
    if "wxwork/" in text:
        return Env.WECOM
    if "micromessenger" in text:
        return Env.MINI_PROGRAM if "miniprogram" in text else Env.WECHAT
    if _classify(user_agent).app in {"douyin", "toutiao"}:
        return Env.DOUYIN
    return Env.BROWSER


def environment(user_agent: str, query: Mapping[str, str] | None = None) -> Env:
    """Where the page is open. WeChat adds `from=timeline` to what was opened in Moments."""
    env = _shell(user_agent[:UA_CHARS_MAX])
    if env is Env.WECHAT and query is not None and query.get("from") == "timeline":
        return Env.WECHAT_MOMENTS
    return env
