"""What must be true of shares, hits, clicks, watching, helps, rewards and credits. Each rule is a
question in plain SQL; every row it answers breaks the rule.

Where the pages may show what is written here once more, on purpose: an auditor who asks the house
for its own rules would find them kept.
"""

# ruff: noqa: S608 - SQL put together from our own words

from __future__ import annotations

from typing import Final

from tests.sim.told import MARK

PRODUCTIVE_MS: Final = 30_000
ASSIST_MS: Final = 15_000
SILENCE_MS: Final = 7_000  # the longest silence that counts as watching
_COUPON_PLACES: Final = "('browser', 'wechat', 'mini_program', 'wecom')"
_HELP_PLACES: Final = "('browser', 'mini_program', 'wecom')"

HITS: Final = {
    "an acknowledged hit is a row, exactly once": f"""
        select t.mark, t.token, t.acked, count(h.hit_id) as rows
          from told_hits t left join sharing.hits h on h.referer = t.mark
         group by t.mark, t.token, t.acked
        having count(h.hit_id) > 1 or t.acked and count(h.hit_id) = 0
        union all
        select h.referer, h.token, false, count(*) from sharing.hits h
         where h.referer like '{MARK}%' and not exists (
               select from told_hits t where t.mark = h.referer) group by 1, 2
    """,
    "a hit says who fetched what": """
        select t.mark, t.token, h.token as hit_token, h.visitor_id, h.is_bot, h.room_id
          from told_hits t join sharing.hits h on h.referer = t.mark
          left join sharing.shares s on s.token = h.token
         where h.token <> t.token or h.is_bot <> t.is_bot
            or t.visitor_id not in ('', h.visitor_id)
            or h.room_id not in ('', coalesce(s.room_id, ''))
    """,
    "totals of hits are the rows": """
        select coalesce(t.token, h.token) as token, t.hits, h.hits as rows, t.bot_hits, h.flagged,
               t.openings
          from sharing.hit_totals t
          full join (select token, count(*) as hits,
                            count(*) filter (where is_bot or is_prefetch) as flagged
                       from sharing.hits where method = 'GET' group by token) h using (token)
         where t.hits is distinct from h.hits or t.bot_hits is distinct from h.flagged
            or t.openings <> (select count(*) from sharing.openings o where o.token = t.token)
    """,
}

CLICKS: Final = {
    "a click is a person who came by the link": """
        select c.token, c.visitor_id from sharing.clicks c
         where not exists (select from sharing.hits h
                            where h.token = c.token and h.visitor_id = c.visitor_id
                              and h.method = 'GET' and not h.is_bot)
           and not exists (select from told_joins j
                            where j.token = c.token and j.visitor_id = c.visitor_id)
    """,
    "a click is of a share, and not one's own": """
        select c.token, c.visitor_id, c.sharer_id, s.sharer_id as shares
          from sharing.clicks c left join sharing.shares s on s.token = c.token
         where s.token is null or c.visitor_id = s.sharer_id or c.sharer_id <> s.sharer_id
            or c.room_id <> s.room_id or c.shop_id <> s.shop_id or c.first_at > c.last_at
    """,
    "a click that was counted is there": """
        select t.token, t.visitor_id from told_clicks t
          left join sharing.clicks c on c.token = t.token and c.visitor_id = t.visitor_id
         where c.token is null
    """,
}

SHARES: Final = {
    "a share that was made is there as it was made": """
        select t.token, t.room_id, t.sharer_id, t.pressed, s.intended_at, s.channel
          from told_shares t left join sharing.shares s on s.token = t.token
         where s.token is null or s.room_id <> t.room_id or s.sharer_id <> t.sharer_id
            or (s.intended_at is not null) <> t.pressed or s.channel <> t.channel
            or s.prepared_at is null
    """,
    "effective is a click of another visitor": """
        select s.token, s.effective_at from sharing.shares s
         where (s.effective_at is not null) <> exists (
               select from sharing.clicks c where c.token = s.token)
    """,
    "productive is a friend who watched, took part or bought": f"""
        select s.token, s.productive_at from sharing.shares s
         where (s.productive_at is not null) <> (
               exists (select from sharing.clicks c
                         join sharing.visits v on v.token = c.token and v.room_id = c.room_id
                              and v.visitor_id = c.visitor_id
                        where c.token = s.token and (v.interacted_at is not null
                              or v.watch_ms >= {PRODUCTIVE_MS}))
               or exists (select from sharing.credits k where k.token = s.token))
            or s.productive_at is not null and s.effective_at is null
    """,
    "a share hangs under the share that led to it": """
        select s.token, s.parent_token, s.generation, p.generation as parents
          from sharing.shares s left join sharing.shares p on p.token = s.parent_token
         where s.generation <> coalesce(p.generation, 0) + 1
            or s.parent_token is not null and (
               p.token is null or p.room_id <> s.room_id or p.sharer_id = s.sharer_id)
    """,
    "nobody watched longer than time passed": """
        select v.token, v.visitor_id, v.watch_ms, t.ms from sharing.visits v, told_time t
         where v.watch_ms > t.ms
    """,
}

HELPS: Final = {
    "a help is another's, once, who came and watched": f"""
        select a.assist_id, a.token, a.helper_id, a.watch_ms, v.watch_ms as seen_ms
          from campaigns.assists a
          left join sharing.shares s on s.token = a.token
          left join sharing.clicks c on c.token = a.token and c.visitor_id = a.helper_id
          left join sharing.visits v on v.token = a.token and v.visitor_id = a.helper_id
               and v.room_id = a.room_id
         where a.sharer_id = a.helper_id or s.token is null or s.sharer_id <> a.sharer_id
            or s.room_id <> a.room_id or c.token is null
            or a.watch_ms < {ASSIST_MS} or a.watch_ms > coalesce(v.watch_ms, 0) + {SILENCE_MS}
            or a.env not in {_HELP_PLACES}
        union all
        select min(assist_id), room_id, helper_id, count(*), null from campaigns.assists
         group by room_id, sharer_id, helper_id having count(*) > 1
    """,
    "a help that was counted is there": """
        select t.token, t.helper_id from told_helps t
          left join campaigns.assists a on a.token = t.token and a.helper_id = t.helper_id
         where a.token is null
    """,
    "a reward is for one help": """
        select c.id as coupon, c.visitor_id, c.slot, c.source_ref, count(a.assist_id) as helps
          from commerce.coupons c
          left join campaigns.share_offers o on o.sharer_template_id = c.template_id
          left join campaigns.assists a on a.room_id = o.room_id and a.sharer_id = c.visitor_id
               and a.token = c.source_ref
               and c.slot = 'assist:' || a.room_id || ':' || a.sharer_id || ':' || a.helper_id
         where c.source = 'assist' group by c.id, c.visitor_id, c.slot, c.source_ref
        having count(a.assist_id) <> 1
    """,
    "a help is rewarded while there are rewards": """
        select a.assist_id, a.token, a.sharer_id, a.helper_id
          from campaigns.assists a
          join campaigns.share_offers o on o.room_id = a.room_id
          join commerce.coupon_templates t on t.id = o.sharer_template_id
         where t.claimed < t.total and t.status = 'active'
           and (t.valid_until is null or t.valid_until > now())
           and t.per_person > (select count(*) from commerce.coupons c
                                where c.template_id = t.id and c.visitor_id = a.sharer_id)
           and not exists (select from commerce.coupons c
                            where c.template_id = t.id and c.visitor_id = a.sharer_id
                              and c.slot = 'assist:' || a.room_id || ':' || a.sharer_id
                                           || ':' || a.helper_id)
    """,
    "who arrives has the coupon while there are any": f"""
        select c.token, c.visitor_id, c.env from sharing.clicks c
          join campaigns.share_offers o on o.room_id = c.room_id
          join commerce.coupon_templates t on t.id = o.friend_template_id
         where c.env in {_COUPON_PLACES} and t.claimed < t.total and t.status = 'active'
           and (t.valid_until is null or t.valid_until > now())
           and not exists (select from commerce.coupons k
                            where k.template_id = t.id and k.visitor_id = c.visitor_id)
    """,
    "a share brought a coupon only to who came by it": """
        select k.id, k.visitor_id, k.source_ref from commerce.coupons k
         where k.source = 'arrival'
           and not exists (select from live.rooms r where r.id = k.source_ref)
           and not exists (select from sharing.clicks c
                            where c.token = k.source_ref and c.visitor_id = k.visitor_id)
    """,
}

# A click that was told before the order is one the credit must know; one that became true before
# the order, but was perhaps committed after, is one it may know.
_TOUCHES: Final = """
    with paid as (
        select body->>'order_id' as order_id, body->>'visitor_id' as visitor_id, position, at,
               (body->>'paid_minor')::bigint as paid_minor
          from kernel.outbox where type = 'order_paid.v1'
    ), touch as (
        select p.order_id, c.token, c.first_at, c.last_at, coalesce(o.position < p.position, false)
               as certain
          from paid p join sharing.clicks c on c.visitor_id = p.visitor_id and c.first_at <= p.at
          left join kernel.outbox o on o.type = 'click_confirmed.v1'
               and o.body->>'token' = c.token and o.body->>'visitor_id' = c.visitor_id
    )
"""

CREDITS: Final = {
    "an order a share led to is credited": _TOUCHES
    + """
        select p.order_id, p.visitor_id from paid p
         where exists (select from touch t where t.order_id = p.order_id and t.certain)
           and not exists (select from sharing.credits k where k.order_id = p.order_id)
    """,
    "a credit pins the first and the last touch before the order": _TOUCHES
    + """
        select k.order_id, k.token, k.first_token, k.last_token, k.amount_minor, p.paid_minor
          from sharing.credits k
          left join paid p on p.order_id = k.order_id and p.visitor_id = k.visitor_id
          left join touch f on f.order_id = k.order_id and f.token = k.first_token
          left join touch l on l.order_id = k.order_id and l.token = k.last_token
          left join sharing.shares s on s.token = k.token
         where p.order_id is null or k.amount_minor <> p.paid_minor or f.token is null
            or l.token is null or s.room_id <> k.room_id or k.reversed_at is not null
            or k.token <> case k.model when 'first' then k.first_token else k.last_token end
            or exists (select from touch t where t.order_id = k.order_id and t.certain
                          and (t.first_at < f.first_at or t.first_at > l.last_at))
    """,
}
