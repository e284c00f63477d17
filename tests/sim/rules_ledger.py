"""What must be true of the ledger: it balances, it holds every payment and refund once, and it says
the same as the orders. Each rule is a question in plain SQL; every row it answers breaks it."""

from __future__ import annotations

from typing import Final

LEDGER: Final = {
    "the ledger has the sum zero": """
        select split_part(account_id, '/', 4) as currency, sum(amount_minor) as sum
          from ledger.entries group by 1 having sum(amount_minor) <> 0
    """,
    "a movement has two entries": """
        select t.id, t.kind, count(e.*) as entries, sum(e.amount_minor) as sum
          from ledger.transfers t left join ledger.entries e on e.transfer_id = t.id
         group by t.id
        having count(e.*) <> case when t.kind in ('transfer', 'post') then 2 else 0 end
            or max(e.amount_minor) <> t.amount_minor or sum(e.amount_minor) <> 0
    """,
    "an account stands where its entries and holds say": """
        select a.id, a.balance_minor, a.held_minor, e.sum as entries, h.sum as holds
          from ledger.accounts a
         cross join lateral (select coalesce(sum(amount_minor), 0) as sum
                               from ledger.entries where account_id = a.id) e
         cross join lateral (select coalesce(sum(h.left_minor), 0) as sum
                               from ledger.holds h join ledger.transfers t on t.id = h.id
                              where t.source_id = a.id) h
         where a.guarded and (a.balance_minor <> e.sum or a.held_minor <> h.sum)
            or a.guarded and e.sum < h.sum
    """,
    "money that came is booked once, for the sale or to go back": """
        select p.id, p.state, p.amount_minor, t.amount_minor as booked, t.source_id, t.target_id
          from (select p.*, o.status in ('expired', 'canceled', 'paid_late')
                            or exists (select from commerce.refunds r where r.payment_id = p.id
                                          and r.reason in ('late', 'double')) as too_late
                  from commerce.payments p join commerce.orders o on o.id = p.order_id
                 where p.state in ('paid', 'refunded')) p
          full join (select * from ledger.transfers where id like 'payment:%') t
            on t.id = 'payment:' || p.id
         where t.kind is distinct from 'transfer'
            or t.amount_minor is distinct from p.amount_minor
            or split_part(t.source_id, '/', 2) <> 'provider_clearing'
            or split_part(t.source_id, '/', 3) <> p.gateway
            or split_part(t.target_id, '/', 2)
               <> case when p.too_late then 'refund_payable' else 'sales' end
    """,
    "a refund is held until it is done, then posted": """
        select r.id, r.state, r.amount_minor, t.amount_minor as held, h.left_minor, p.id as post
          from commerce.refunds r
          full join (select * from ledger.transfers where id like 'refund:%') t
            on t.id = 'refund:' || r.id
          left join ledger.holds h on h.id = t.id
          left join ledger.transfers p
            on p.hold_id = t.id and p.kind = 'post' and p.amount_minor = r.amount_minor
         where (t.kind = 'hold' and t.amount_minor = r.amount_minor
                and h.left_minor = case r.state when 'done' then 0 else r.amount_minor end
                and (p.id is not null) = (r.state = 'done')) is not true
    """,
    "what is owed is what is on its way back": """
        select a.id, a.balance_minor, coalesce(sum(r.amount_minor), 0) as on_its_way
          from ledger.accounts a
          left join commerce.refunds r on r.currency = a.currency and r.state <> 'done'
         where a.kind = 'refund_payable' group by a.id
        having a.balance_minor <> coalesce(sum(r.amount_minor), 0)
    """,
}
