"""To which opt-in a sale is credited: every rule as a drawn table, on both engines, in three orders of arrival.

Times are São Paulo time; a date without a time is a row that only knows its day. Where no source is drawn, opt-ins and
sales come from the same one. `lead` under a sale is the opt-in it is credited to.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.records import Lead, Offer, Order, Record, Utm, order_of_one
from analytics.repairs import attribute
from analytics.schema import UTM_COLUMNS, high_ticket_sales, identity_links, leads, sale_facts
from tests.tables import Row, drawn_apart, each, moment_in

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
RULES = Rules(CHALLENGE)
UTM_PARTS = ("source", "medium", "campaign", "term", "content")

WHO_IS_WHO = {
    "the same e-mail": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-02 10:00 | ana@x.com | fb_jan
        2    | 2026-01-01 10:00 | bo@x.com  | google

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | fb_jan   | matched | same e-mail | 8
    """,
    "capitals and blanks around an address do not matter": """
        lead | opted in         | e-mail         | campaign
        -----|------------------|----------------|---------
        1    | 2026-01-02 10:00 | " Ana@X.com  " | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome | reason                         | days
        -----|------------------|-----------|------|----------|---------|--------------------------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | fb_jan   | matched | same e-mail, typed differently | 8
    """,
    "full-width letters are the same letters": """
        lead | opted in         | e-mail        | campaign
        -----|------------------|---------------|---------
        1    | 2026-01-02 10:00 | ａｎａ@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome | reason                         | days
        -----|------------------|-----------|------|----------|---------|--------------------------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | fb_jan   | matched | same e-mail, typed differently | 8
    """,
    "dots mean nothing to Gmail": """
        lead | opted in         | e-mail             | campaign
        -----|------------------|--------------------|---------
        1    | 2026-01-02 10:00 | a.na.lu@gmail.com  | fb_jan

        sale | bought           | e-mail          | lead | campaign | outcome | reason             | days
        -----|------------------|-----------------|------|----------|---------|--------------------|-----
        A    | 2026-01-10 10:00 | analu@gmail.com | 1    | fb_jan   | matched | same Gmail mailbox | 8
    """,
    "googlemail.com is Gmail": """
        lead | opted in         | e-mail               | campaign
        -----|------------------|----------------------|---------
        1    | 2026-01-02 10:00 | analu@googlemail.com | fb_jan

        sale | bought           | e-mail          | lead | campaign | outcome | reason             | days
        -----|------------------|-----------------|------|----------|---------|--------------------|-----
        A    | 2026-01-10 10:00 | analu@gmail.com | 1    | fb_jan   | matched | same Gmail mailbox | 8
    """,
    "a tag after a plus means nothing to Gmail": """
        lead | opted in         | e-mail                | campaign
        -----|------------------|-----------------------|---------
        1    | 2026-01-02 10:00 | analu+promo@gmail.com | fb_jan

        sale | bought           | e-mail          | lead | campaign | outcome | reason                   | days
        -----|------------------|-----------------|------|----------|---------|--------------------------|-----
        A    | 2026-01-10 10:00 | analu@gmail.com | 1    | fb_jan   | matched | same Gmail mailbox, +tag | 8
    """,
    "the same tag with other dots needs no tag rule": """
        lead | opted in         | e-mail                 | campaign
        -----|------------------|------------------------|---------
        1    | 2026-01-02 10:00 | ana.lu+vip@gmail.com   | fb_jan

        sale | bought           | e-mail              | lead | campaign | outcome | reason             | days
        -----|------------------|---------------------|------|----------|---------|--------------------|-----
        A    | 2026-01-10 10:00 | analu+vip@gmail.com | 1    | fb_jan   | matched | same Gmail mailbox | 8
    """,
    "dots count on every other domain": """
        lead | opted in         | e-mail      | campaign
        -----|------------------|-------------|---------
        1    | 2026-01-02 10:00 | a.na@x.com  | fb_jan
        2    | 2026-01-02 10:00 | a.na@gmail.com.br | fb_br

        sale | bought           | e-mail           | lead | campaign | outcome      | reason         | days
        -----|------------------|------------------|------|----------|--------------|----------------|-----
        A    | 2026-01-10 10:00 | ana@x.com        |      |          | unattributed | no such person |
        B    | 2026-01-10 10:00 | ana@gmail.com.br |      |          | unattributed | no such person |
    """,
    "a tag counts on every other domain": """
        lead | opted in         | e-mail       | campaign
        -----|------------------|--------------|---------
        1    | 2026-01-02 10:00 | ana+vip@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome      | reason         | days
        -----|------------------|-----------|------|----------|--------------|----------------|-----
        A    | 2026-01-10 10:00 | ana@x.com |      |          | unattributed | no such person |
    """,
    "the same customer id at the same source": """
        lead | opted in         | source | customer | e-mail      | campaign
        -----|------------------|--------|----------|-------------|---------
        1    | 2026-01-02 10:00 | cf     | 77       | old@x.com   | fb_jan
        2    | 2026-01-02 09:00 | cf     | 78       | other@x.com | google

        sale | bought           | source | customer | e-mail    | lead | campaign | outcome | reason           | days
        -----|------------------|--------|----------|-----------|------|----------|---------|------------------|-----
        A    | 2026-01-10 10:00 | cf     | 77       | new@x.com | 1    | fb_jan   | matched | same customer id | 8
        B    | 2026-01-10 10:00 | cf     | 78       |           | 2    | google   | matched | same customer id | 8
    """,
    "an opt-in may have a customer id and no e-mail": """
        lead | opted in         | customer | e-mail | campaign
        -----|------------------|----------|--------|---------
        1    | 2026-01-02 10:00 | 77       |        | fb_jan

        sale | bought           | customer | e-mail    | lead | campaign | outcome | reason           | days
        -----|------------------|----------|-----------|------|----------|---------|------------------|-----
        A    | 2026-01-10 10:00 | 77       | new@x.com | 1    | fb_jan   | matched | same customer id | 8
    """,
    "a customer id means nothing at another source": """
        lead | opted in         | source | customer | e-mail    | campaign
        -----|------------------|--------|----------|-----------|---------
        1    | 2026-01-02 10:00 | cf     | 77       | old@x.com | fb_jan

        sale | bought           | source | customer | e-mail    | lead | campaign | outcome      | reason         | days
        -----|------------------|--------|----------|-----------|------|----------|--------------|----------------|-----
        A    | 2026-01-10 10:00 | stripe | 77       | new@x.com |      |          | unattributed | no such person |
    """,
    "customer ids are never folded": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-02 10:00 | cus_a    | old@x.com | fb_jan

        sale | bought           | customer | e-mail    | lead | campaign | outcome      | reason         | days
        -----|------------------|----------|-----------|------|----------|--------------|----------------|-----
        A    | 2026-01-10 10:00 | cus_A    | new@x.com |      |          | unattributed | no such person |
    """,
    "customer id and e-mail agree: the customer id is the stronger reason": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-02 10:00 | 77       | ana@x.com | fb_jan

        sale | bought           | customer | e-mail    | lead | campaign | outcome | reason           | days
        -----|------------------|----------|-----------|------|----------|---------|------------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com | 1    | fb_jan   | matched | same customer id | 8
    """,
    "two people without e-mail and without customer id are not the same": """
        lead | opted in         | customer | e-mail | campaign
        -----|------------------|----------|--------|---------
        1    | 2026-01-02 10:00 | 77       |        | fb_jan

        sale | bought           | customer | e-mail | lead | campaign | outcome      | reason         | days
        -----|------------------|----------|--------|------|----------|--------------|----------------|-----
        A    | 2026-01-10 10:00 |          |        |      |          | unattributed | no such person |
    """,
    "conflict: the customer id is one person, the e-mail another": """
        lead | opted in         | customer | e-mail      | campaign
        -----|------------------|----------|-------------|---------
        1    | 2026-01-02 10:00 | 77       | other@x.com | fb_jan
        2    | 2026-01-03 10:00 | 78       | ana@x.com   | google

        sale | bought           | customer | e-mail    | lead | campaign | outcome      | reason   | days
        -----|------------------|----------|-----------|------|----------|--------------|----------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com |      |          | unattributed | conflict |
    """,
    "no conflict where the e-mail has no other id: it is one more address of the customer": """
        lead | opted in         | customer | e-mail      | campaign
        -----|------------------|----------|-------------|---------
        1    | 2026-01-02 10:00 | 77       | other@x.com | fb_jan
        2    | 2026-01-01 10:00 |          | ana@x.com   | google

        sale | bought           | customer | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|----------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com | 2    | google   | matched | same e-mail | 9
    """,
    "no conflict where the e-mail's id is of another register of the source": """
        lead | opted in         | customer   | e-mail      | campaign
        -----|------------------|------------|-------------|---------
        1    | 2026-01-02 10:00 | 77         | other@x.com | fb_jan
        2    | 2026-01-01 10:00 | classic:78 | ana@x.com   | google

        sale | bought           | customer | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|----------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com | 2    | google   | matched | same e-mail | 9
    """,
    "a conflict in the other register, too": """
        lead | opted in         | customer   | e-mail      | campaign
        -----|------------------|------------|-------------|---------
        1    | 2026-01-02 10:00 | classic:77 | other@x.com | fb_jan
        2    | 2026-01-01 10:00 | classic:78 | ana@x.com   | google

        sale | bought           | customer   | e-mail    | lead | campaign | outcome      | reason   | days
        -----|------------------|------------|-----------|------|----------|--------------|----------|-----
        A    | 2026-01-10 10:00 | classic:77 | ana@x.com |      |          | unattributed | conflict |
    """,
    "no conflict where the customer id's opt-in is the same Gmail mailbox": """
        lead | opted in         | customer | e-mail             | campaign
        -----|------------------|----------|--------------------|---------
        1    | 2026-01-02 10:00 | 77       | A.na+x@gmail.com   | fb_jan
        2    | 2026-01-03 10:00 |          | ana@gmail.com      | google

        sale | bought           | customer | e-mail        | lead | campaign | outcome | reason           | days
        -----|------------------|----------|---------------|------|----------|---------|------------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@gmail.com | 1    | fb_jan   | matched | same customer id | 8
    """,
    "no conflict where one opt-in of the customer id has the buyer's e-mail": """
        lead | opted in         | customer | e-mail      | campaign
        -----|------------------|----------|-------------|---------
        1    | 2026-01-02 10:00 | 77       | other@x.com | fb_jan
        2    | 2026-01-03 10:00 | 77       | ana@x.com   | google

        sale | bought           | customer | e-mail    | lead | campaign | outcome | reason           | days
        -----|------------------|----------|-----------|------|----------|---------|------------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com | 1    | fb_jan   | matched | same customer id | 8
    """,
    "a confirmed link is stronger than the customer id": """
        lead | opted in         | customer | e-mail       | campaign
        -----|------------------|----------|--------------|---------
        1    | 2026-01-04 10:00 |          | linked@x.com | link
        2    | 2026-01-02 10:00 | 77       | other@x.com  | fb_jan

        sale | bought           | customer | e-mail    | lead | campaign | outcome | reason         | days
        -----|------------------|----------|-----------|------|----------|---------|----------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com | 1    | link     | matched | confirmed link | 6

        link | lead
        -----|-----
        A    | 1
    """,
    "a confirmed link settles a conflict": """
        lead | opted in         | customer | e-mail      | campaign
        -----|------------------|----------|-------------|---------
        1    | 2026-01-02 10:00 | 77       | other@x.com | fb_jan
        2    | 2026-01-03 10:00 | 78       | ana@x.com   | google

        sale | bought           | customer | e-mail    | lead | campaign | outcome | reason         | days
        -----|------------------|----------|-----------|------|----------|---------|----------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com | 2    | google   | matched | confirmed link | 7

        link | lead
        -----|-----
        A    | 2
    """,
    "a confirmed link to an opt-in that came after buying credits nobody": """
        lead | opted in         | e-mail       | campaign
        -----|------------------|--------------|---------
        1    | 2026-01-14 10:00 | linked@x.com | link

        sale | bought           | e-mail    | lead | campaign | outcome      | reason               | days
        -----|------------------|-----------|------|----------|--------------|----------------------|-----
        A    | 2026-01-10 10:00 | ana@x.com |      |          | unattributed | opted in after buying |

        link | lead
        -----|-----
        A    | 1
    """,
    "a confirmed link to an opt-in that is not stored says nothing": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-02 10:00 | ana@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | fb_jan   | matched | same e-mail | 8

        link | lead
        -----|-----
        A    | 99
    """,
    "a name is nobody's identity": """
        lead | opted in         | name      | e-mail    | campaign
        -----|------------------|-----------|-----------|---------
        1    | 2026-01-02 10:00 | Ana Souza | old@x.com | fb_jan

        sale | bought           | name      | e-mail    | lead | campaign | outcome      | reason         | days
        -----|------------------|-----------|-----------|------|----------|--------------|----------------|-----
        A    | 2026-01-10 10:00 | Ana Souza | new@x.com |      |          | unattributed | no such person |
    """,
}

WHICH_OPT_IN = {
    "the first opt-in wins, not the last": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-03 10:00 | ana@x.com | second
        2    | 2026-01-02 10:00 | ana@x.com | first
        3    | 2026-01-04 10:00 | ana@x.com | third

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 2    | first    | matched | same e-mail | 8
    """,
    "the first opt-in wins over all spellings of the address": """
        lead | opted in         | e-mail            | campaign
        -----|------------------|-------------------|---------
        1    | 2026-01-04 10:00 | ana@gmail.com     | exact
        2    | 2026-01-03 10:00 | ANA@gmail.com     | folded
        3    | 2026-01-02 10:00 | a.na@gmail.com    | dots
        4    | 2026-01-01 10:00 | ana+tag@gmail.com | tag

        sale | bought           | e-mail        | lead | campaign | outcome | reason                   | days
        -----|------------------|---------------|------|----------|---------|--------------------------|-----
        A    | 2026-01-10 10:00 | ana@gmail.com | 4    | tag      | matched | same Gmail mailbox, +tag | 9
    """,
    "the first opt-in wins although its UTMs are empty": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-02 10:00 | ana@x.com |
        2    | 2026-01-03 10:00 | ana@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome      | reason | days
        -----|------------------|-----------|------|----------|--------------|--------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    |          | unattributed | no UTM | 8
    """,
    "UTMs of blanks are empty": """
        lead | opted in         | e-mail    | campaign | source
        -----|------------------|-----------|----------|-------
        1    | 2026-01-02 10:00 | ana@x.com | "   "    | cf

        sale | bought           | e-mail    | lead | campaign | outcome      | reason | days
        -----|------------------|-----------|------|----------|--------------|--------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    |          | unattributed | no UTM | 8
    """,
    "UTMs without a campaign credit no campaign": """
        lead | opted in         | e-mail    | campaign | utm_content
        -----|------------------|-----------|----------|------------
        1    | 2026-01-02 10:00 | ana@x.com |          | reel-4
        2    | 2026-01-03 10:00 | ana@x.com | fb_jan   |

        sale | bought           | e-mail    | lead | campaign | outcome      | reason      | days
        -----|------------------|-----------|------|----------|--------------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    |          | unattributed | no campaign | 8
    """,
    "a campaign that folds to nothing is none": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-02 10:00 | ana@x.com | %20+

        sale | bought           | e-mail    | lead | campaign | outcome      | reason      | days
        -----|------------------|-----------|------|----------|--------------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    |          | unattributed | no campaign | 8
    """,
    "of two opt-ins at one moment the smaller id wins, as numbers go": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        10   | 2026-01-02 10:00 | ana@x.com | ten
        9    | 2026-01-02 10:00 | ana@x.com | nine

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 9    | nine     | matched | same e-mail | 8
    """,
    "of two ids of one length the smaller wins, capitals first": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        b    | 2026-01-02 10:00 | ana@x.com | b
        a    | 2026-01-02 10:00 | ana@x.com | a
        B    | 2026-01-02 10:00 | ana@x.com | capital

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | B    | capital  | matched | same e-mail | 8
    """,
    "of two equal ids at one moment the smaller source wins": """
        lead | opted in         | source | e-mail    | campaign
        -----|------------------|--------|-----------|---------
        7    | 2026-01-02 10:00 | cf     | ana@x.com | funnel
        7    | 2026-01-02 10:00 | ac     | ana@x.com | mail

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 7    | mail     | matched | same e-mail | 8
    """,
    "an id decides before a source": """
        lead | opted in         | source | e-mail    | campaign
        -----|------------------|--------|-----------|---------
        8    | 2026-01-02 10:00 | ac     | ana@x.com | mail
        7    | 2026-01-02 10:00 | cf     | ana@x.com | funnel

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 7    | funnel   | matched | same e-mail | 8
    """,
    "each sale of a buyer goes to the first opt-in before it": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-05 10:00 | ana@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome      | reason                | days
        -----|------------------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-04 10:00 | ana@x.com |      |          | unattributed | opted in after buying |
        B    | 2026-01-10 10:00 | ana@x.com | 1    | fb_jan   | matched      | same e-mail           | 5
        C    | 2026-02-09 10:00 | ana@x.com | 1    | fb_jan   | matched      | same e-mail           | 35
    """,
}

WHEN = {
    "an opt-in a second after buying comes too late": """
        lead | opted in            | e-mail    | campaign
        -----|---------------------|-----------|---------
        1    | 2026-01-10 10:00:01 | ana@x.com | fb_jan

        sale | bought              | e-mail    | lead | campaign | outcome      | reason                | days
        -----|---------------------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-10 10:00:00 | ana@x.com |      |          | unattributed | opted in after buying |
    """,
    "an opt-in at the very moment of buying is in time": """
        lead | opted in            | e-mail    | campaign
        -----|---------------------|-----------|---------
        1    | 2026-01-10 10:00:00 | ana@x.com | fb_jan

        sale | bought              | e-mail    | lead | campaign | outcome | reason      | days
        -----|---------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00:00 | ana@x.com | 1    | fb_jan   | matched | same e-mail | 0
    """,
    "a late opt-in by customer id comes too late as well": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-11 10:00 | 77       | ana@x.com | fb_jan

        sale | bought           | customer | e-mail    | lead | campaign | outcome      | reason                | days
        -----|------------------|----------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-10 10:00 | 77       | ana@x.com |      |          | unattributed | opted in after buying |
    """,
    "days are counted by the calendar: ten minutes over midnight are one day": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-05 23:50 | ana@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-06 00:10 | ana@x.com | 1    | fb_jan   | matched | same e-mail | 1
    """,
    "days are counted by the business zone: over UTC's midnight it is the same day": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-05 20:50 | ana@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-05 21:10 | ana@x.com | 1    | fb_jan   | matched | same e-mail | 0
    """,
    "a whole day and ten minutes less are one day": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-05 23:50 | ana@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-06 23:40 | ana@x.com | 1    | fb_jan   | matched | same e-mail | 1
    """,
    "over the year's end": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2025-12-31 23:59 | ana@x.com | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-01 00:00 | ana@x.com | 1    | fb_jan   | matched | same e-mail | 1
    """,
    "a sale that only knows its day takes every opt-in of that day": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-10 22:15 | ana@x.com | fb_jan
        2    | 2026-01-11 00:00 | bo@x.com  | fb_jan

        sale | bought     | e-mail    | lead | campaign | outcome      | reason                | days
        -----|------------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-10 | ana@x.com | 1    | fb_jan   | matched      | same e-mail           | 0
        B    | 2026-01-10 | bo@x.com  |      |          | unattributed | opted in after buying |
    """,
    "an opt-in that only knows its day is in time for every sale of that day": """
        lead | opted in   | e-mail    | campaign
        -----|------------|-----------|---------
        1    | 2026-01-10 | ana@x.com | fb_jan
        2    | 2026-01-11 | bo@x.com  | fb_jan

        sale | bought           | e-mail    | lead | campaign | outcome      | reason                | days
        -----|------------------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-10 00:00 | ana@x.com | 1    | fb_jan   | matched      | same e-mail           | 0
        B    | 2026-01-10 23:59 | bo@x.com  |      |          | unattributed | opted in after buying |
    """,
    "both only know their day": """
        lead | opted in   | e-mail    | campaign
        -----|------------|-----------|---------
        1    | 2026-01-10 | ana@x.com | fb_jan
        2    | 2026-01-11 | bo@x.com  | fb_jan

        sale | bought     | e-mail    | lead | campaign | outcome      | reason                | days
        -----|------------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-10 | ana@x.com | 1    | fb_jan   | matched      | same e-mail           | 0
        B    | 2026-01-10 | bo@x.com  |      |          | unattributed | opted in after buying |
    """,
    "an opt-in that only knows its day comes before the timed ones of that day": """
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-09 00:01 | ana@x.com | timed
        2    | 2026-01-09       | ana@x.com | dated
        3    | 2026-01-08 23:59 | bo@x.com  | timed
        4    | 2026-01-09       | bo@x.com  | dated

        sale | bought           | e-mail    | lead | campaign | outcome | reason      | days
        -----|------------------|-----------|------|----------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 2    | dated    | matched | same e-mail | 1
        B    | 2026-01-10 10:00 | bo@x.com  | 3    | timed    | matched | same e-mail | 2
    """,
}

UTM_VALUES = {
    "UTMs are kept letter for letter": """
        lead | opted in         | e-mail    | utm_source | utm_medium | campaign      | utm_term   | utm_content
        -----|------------------|-----------|------------|------------|---------------|------------|------------
        1    | 2026-01-02 10:00 | ana@x.com | FB         | " cpc "    | FB_Jan%20Sale | a+b        | ｆｕｌｌ
        2    | 2026-01-02 10:00 | bo@x.com  | fb         | cpc        | "FB_Jan Sale "| '; DROP x  | 100%

        sale | bought           | e-mail    | lead | campaign       | utm_source | utm_medium | utm_term  | utm_content | outcome | reason      | days
        -----|------------------|-----------|------|----------------|------------|------------|-----------|-------------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | FB_Jan%20Sale  | FB         | " cpc "    | a+b       | ｆｕｌｌ    | matched | same e-mail | 8
        B    | 2026-01-10 10:00 | bo@x.com  | 2    | "FB_Jan Sale " | fb         | cpc        | '; DROP x | 100%        | matched | same e-mail | 8
    """,
    "a macro that the ad platform did not fill is a value like any other": """
        lead | opted in         | e-mail    | campaign          | utm_source
        -----|------------------|-----------|-------------------|-----------
        1    | 2026-01-02 10:00 | ana@x.com | {{campaign.name}} | fb

        sale | bought           | e-mail    | lead | campaign          | utm_source | outcome | reason      | days
        -----|------------------|-----------|------|-------------------|------------|---------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | {{campaign.name}} | fb         | matched | same e-mail | 8
    """,
}

STORIES = {**WHO_IS_WHO, **WHICH_OPT_IN, **WHEN, **UTM_VALUES}


def _utm(row: Row) -> dict[str, str]:
    return {
        part: row.get(f"utm_{part}", "") or (row.get("campaign", "") if part == "campaign" else "")
        for part in UTM_PARTS
    }


def _lead(row: Row) -> Lead:
    opted_in_at, date_only = moment_in(row["opted in"], CHALLENGE.moment)
    return Lead(
        row.get("source", "cf"),
        row["lead"],
        row["e-mail"],
        opted_in_at,
        name=row.get("name", ""),
        customer_id=row.get("customer", ""),
        date_only=date_only,
        utm=Utm(**_utm(row)),
    )


def _purchase(row: Row) -> Order:
    purchased_at, date_only = moment_in(row["bought"], CHALLENGE.moment)
    return order_of_one(
        row.get("source", "cf"),
        row["sale"],
        row["e-mail"],
        name=row.get("name", ""),
        product=f"Mentorship {row['sale']}",
        price=Decimal(2000),
        currency="USD",
        ordered_at=purchased_at,
        offer=Offer.HIGH_TICKET,
        customer_id=row.get("customer", ""),
        date_only=date_only,
    )


def _link(connection: Connection, links: Sequence[Row]) -> None:
    """Confirm links as an owner would, by the sale's and the opt-in's own ids."""
    for row in links:
        sale_id = connection.scalar(sa.select(sale_facts.c.sale_id).where(sale_facts.c.external_id == row["link"]))
        values = {"sale_id": sale_id, "lead_source": "cf", "lead_external_id": row["lead"]}
        stamp = CHALLENGE.start_of(date(2026, 2, 1))
        connection.execute(sa.insert(identity_links).values(**values, confirmed_by="owner", confirmed_at=stamp))


def _credited(connection: Connection) -> list[dict[str, Any]]:
    """Return what the tables say of every sale, in the columns of the drawing."""
    query = (
        sa.select(
            sale_facts.c.external_id.label("sale"),
            leads.c.external_id.label("lead"),
            *(high_ticket_sales.c[name] for name in UTM_COLUMNS),
            sale_facts.c.outcome,
            sale_facts.c.reason,
            high_ticket_sales.c.days_from_lead_to_sale.label("days"),
        )
        .join_from(sale_facts, high_ticket_sales, high_ticket_sales.c.id == sale_facts.c.sale_id)
        .outerjoin(leads, leads.c.id == high_ticket_sales.c.lead_id)
        .order_by(sale_facts.c.external_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _expected(row: Row) -> dict[str, Any]:
    utms = {f"utm_{part}": value if value.strip() else None for part, value in _utm(row).items()}
    return {
        "sale": row["sale"],
        "lead": row["lead"] or None,
        **utms,
        "outcome": row["outcome"],
        "reason": row["reason"],
        "days": int(row["days"]) if row["days"] else None,
    }


def _leads_first(connection: Connection, opt_ins: list[Record], bought: list[Record], links: list[Row]) -> None:
    accept(connection, RULES, opt_ins)
    accept(connection, RULES, bought)
    _link(connection, links)
    if links:
        attribute(connection, RULES)


def _sales_first(connection: Connection, opt_ins: list[Record], bought: list[Record], links: list[Row]) -> None:
    accept(connection, RULES, bought)
    _link(connection, links)
    accept(connection, RULES, opt_ins)


def _one_by_one_from_the_last(
    connection: Connection, opt_ins: list[Record], bought: list[Record], links: list[Row]
) -> None:
    for record in [*bought, *reversed(opt_ins)]:
        accept(connection, RULES, [record])
        if record == bought[-1]:
            _link(connection, links)


Arrival = Callable[[Connection, list[Record], list[Record], list[Row]], None]


@pytest.mark.parametrize("arrive", [_leads_first, _sales_first, _one_by_one_from_the_last])
@each(STORIES)
def test_a_sale_is_credited_as_drawn(connection: Connection, story: str, arrive: Arrival) -> None:
    tables = drawn_apart(story)
    expected = [_expected(row) for row in tables["sale"]]
    arrive(
        connection,
        [_lead(row) for row in tables["lead"]],
        [_purchase(row) for row in tables["sale"]],
        tables.get("link", []),
    )
    assert _credited(connection) == expected
    assert attribute(connection, RULES) == 0
    assert _credited(connection) == expected


def test_an_earlier_opt_in_that_arrives_later_takes_the_sale_over_at_once(connection: Connection) -> None:
    told = drawn_apart("""
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        2    | 2026-01-05 10:00 | ana@x.com | second
        1    | 2026-01-02 10:00 | ana@x.com | first
        0    | 2026-01-01 10:00 | ana@x.com |

        sale | bought           | e-mail    | lead | campaign | outcome      | reason      | days
        -----|------------------|-----------|------|----------|--------------|-------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 2    | second   | matched      | same e-mail | 5
        A    | 2026-01-10 10:00 | ana@x.com | 1    | first    | matched      | same e-mail | 8
        A    | 2026-01-10 10:00 | ana@x.com | 0    |          | unattributed | no UTM      | 9
    """)
    accept(connection, RULES, [_purchase(told["sale"][0])])
    for lead, after in zip(told["lead"], told["sale"], strict=True):
        accept(connection, RULES, [_lead(lead)])
        assert _credited(connection) == [_expected(after)]


def test_an_opt_in_that_is_corrected_moves_its_sales(connection: Connection) -> None:
    told = drawn_apart("""
        lead | opted in         | e-mail     | campaign
        -----|------------------|------------|---------
        1    | 2026-01-02 10:00 | ana@x.com  | first
        1    | 2026-01-03 10:00 | ana@x.com  | renamed
        1    | 2026-01-03 10:00 | other@x.com| renamed
        1    | 2026-01-30 10:00 | ana@x.com  | renamed

        sale | bought           | e-mail    | lead | campaign | outcome      | reason                | days
        -----|------------------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | first    | matched      | same e-mail           | 8
        A    | 2026-01-10 10:00 | ana@x.com | 1    | renamed  | matched      | same e-mail           | 7
        A    | 2026-01-10 10:00 | ana@x.com | 1    | renamed  | matched      | same e-mail           | 7
        A    | 2026-01-10 10:00 | ana@x.com |      |          | unattributed | opted in after buying |
    """)
    accept(connection, RULES, [_purchase(told["sale"][0])])
    for lead, after in zip(told["lead"], told["sale"], strict=True):
        accept(connection, RULES, [_lead(lead)])
        assert _credited(connection) == [_expected(after)]
        assert attribute(connection, RULES) == 0
        assert _credited(connection) == [_expected(after)]


def test_a_sale_that_is_corrected_is_credited_anew(connection: Connection) -> None:
    told = drawn_apart("""
        lead | opted in         | e-mail    | campaign
        -----|------------------|-----------|---------
        1    | 2026-01-02 10:00 | ana@x.com | fb_jan
        2    | 2026-01-03 10:00 | bo@x.com  | google

        sale | bought           | e-mail    | lead | campaign | outcome      | reason                | days
        -----|------------------|-----------|------|----------|--------------|-----------------------|-----
        A    | 2026-01-10 10:00 | ana@x.com | 1    | fb_jan   | matched      | same e-mail           | 8
        A    | 2026-01-12 10:00 | ana@x.com | 1    | fb_jan   | matched      | same e-mail           | 10
        A    | 2026-01-12 10:00 | bo@x.com  | 2    | google   | matched      | same e-mail           | 9
        A    | 2026-01-01 10:00 | bo@x.com  |      |          | unattributed | opted in after buying |
        A    | 2026-01-01 10:00 | cy@x.com  |      |          | unattributed | no such person        |
    """)
    accept(connection, RULES, [_lead(row) for row in told["lead"]])
    for row in told["sale"]:
        accept(connection, RULES, [_purchase(row)])
        assert _credited(connection) == [_expected(row)]
        assert attribute(connection, RULES) == 0
        assert _credited(connection) == [_expected(row)]


def test_the_folded_key_groups_what_was_typed_differently(connection: Connection) -> None:
    spellings = ["FB_Jan Sale", "fb_jan%20sale", " fb_jan+sale ", "ｆｂ_jan sale"]
    opted_in = CHALLENGE.start_of(date(2026, 1, 2))
    people = [f"p{number}@x.com" for number in range(len(spellings))]
    accept(
        connection,
        RULES,
        [
            Lead("cf", person, person, opted_in, utm=Utm(campaign=one))
            for person, one in zip(people, spellings, strict=True)
        ],
    )
    accept(connection, RULES, [_purchase({"sale": p, "bought": "2026-01-10 10:00", "e-mail": p}) for p in people])
    stored = [row["utm_campaign"] for row in _credited(connection)]
    assert stored == spellings
    keys = connection.scalars(sa.select(sale_facts.c.utm_campaign_key)).all()
    assert set(keys) == {"fb_jan sale"}
