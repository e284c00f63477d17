"""The plays: each one file of pure rules. So far there is one."""

from yaohe.campaigns.plays import share_coupon

PLAYS = (share_coupon.KIND,)
