"""The apps in which people open links, by what their browser adds to the words of the phone's own.

Whoever names one of these and no program is a person, whatever else stands there.
"""

from __future__ import annotations

from typing import Final

# Lower case, narrow before wide: WeChat's Android kernel also says MQQBrowser.
APPS: Final[tuple[tuple[str, str], ...]] = (
    ("wxwork/", "wecom"), ("micromessenger", "wechat"), ("dingtalk/", "dingtalk"),
    ("dingtalk(", "dingtalk"), ("dingtalk-win", "dingtalk"), ("lark/", "feishu"),
    ("feishu/", "feishu"), ("feishu", "feishu"), ("larklocale", "feishu"), ("qzone/", "qzone"),
    (" qq/", "qq"), ("timapp", "qq"), ("mqqbrowser", "qq_browser"), ("qqbrowser", "qq_browser"),
    ("weibo", "weibo"), ("musical_ly", "tiktok"), ("trill_", "tiktok"), ("tiktok", "tiktok"),
    ("newsarticle/", "toutiao"), ("toutiao", "toutiao"), ("aweme", "douyin"),
    ("bytedancewebview", "douyin"), ("kwai/", "kuaishou"), ("ksnebula", "kuaishou"),
    ("kuaishou", "kuaishou"), ("xiaohongshu", "xiaohongshu"), ("xhsapp", "xiaohongshu"),
    ("discover/", "xiaohongshu"), ("biliapp", "bilibili"), ("bili-", "bilibili"),
    ("zhihu", "zhihu"), ("douban", "douban"), ("baiduboxapp", "baidu"),
    ("baidubrowser", "baidu"), ("bidubrowser", "baidu"), ("tieba/", "tieba"), ("tieba", "tieba"),
    ("aliapp(tb", "taobao"), ("aliapp(tm", "tmall"), ("aliapp(lt", "taobao"),
    ("aliapp(afwealth", "alipay"), ("alipayclient", "alipay"), ("alipay", "alipay"),
    ("jdapp", "jd"), ("jdpingou", "jd"), ("pinduoduo", "pinduoduo"), ("phh_android", "pinduoduo"),
    ("meituan", "meituan"), ("dianping", "meituan"), ("eleme", "eleme"), ("quark/", "quark"),
    ("ucbrowser", "uc"), ("instagram", "instagram"), ("barcelona", "threads"),
    ("messengerforios", "messenger"), ("messengerlite", "messenger"),
    ("orca-android", "messenger"), ("fban/", "facebook"), ("fbav/", "facebook"),
    ("fb_iab", "facebook"), ("whatsapp", "whatsapp"), ("viber", "viber"),
    ("twitter for", "x"), ("twitterandroid", "x"), ("linkedinapp", "linkedin"),
    (" line/", "line"), ("kakaotalk", "kakaotalk"), ("kakaostory", "kakaotalk"),
    ("naver(", "naver"), ("band/", "band"), ("telegram", "telegram"), ("snapchat", "snapchat"),
    ("[pinterest/", "pinterest"), ("pinterest for", "pinterest"), ("reddit/", "reddit"),
    ("tumblr/", "tumblr"), ("zalo", "zalo"), ("vkandroidapp", "vk"), ("vkclient", "vk"),
    ("slack_ssb", "slack"), ("slack/", "slack"), ("discord/", "discord"), ("teams/", "teams"),
    ("skype/", "skype"), ("gsa/", "google"), ("bingsapphire", "bing"), ("bingweb", "bing"),
    ("duckduckgo/", "duckduckgo"), ("ddg/", "duckduckgo"),
)  # fmt: skip
