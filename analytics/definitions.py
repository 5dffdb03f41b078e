"""What every figure of View 3 means, in one sentence, and which questions to the database it is made of."""

from dataclasses import dataclass

SALES, SPEND, FUNNEL, LEFT_OUT = "sales", "ad_spend", "funnel_orders", "left_out"
MONEY, RATIO = "money", "ratio"
REVENUE = (SALES, FUNNEL)


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure's name, title, meaning and unit (money, ratio or what is counted); `questions` name what was asked for it."""

    name: str
    title: str
    sentence: str
    unit: str
    questions: tuple[str, ...]


_FIGURES = (
    Definition(
        "high_ticket_sales_today",
        "High-ticket sales today",
        "High-ticket sales bought on today’s business date; the filter does not narrow it.",
        "sales",
        ("sales_today",),
    ),
    Definition(
        "high_ticket_sales_yesterday",
        "High-ticket sales yesterday",
        "High-ticket sales bought on the business date before today; the filter does not narrow it.",
        "sales",
        ("sales_yesterday",),
    ),
    Definition(
        "cost_per_acquisition",
        "Cost per acquisition",
        "Ad spend ÷ high-ticket sales, both inside the period.",
        MONEY,
        (SPEND, SALES),
    ),
    Definition(
        "roas",
        "ROAS, full funnel",
        "(VIP + OTO + high-ticket revenue) ÷ ad spend, both inside the period, gross.",
        RATIO,
        (*REVENUE, SPEND),
    ),
    Definition(
        "roas_net",
        "ROAS net of refunds",
        "Full-funnel revenue less what has been refunded of it so far, ÷ ad spend.",
        RATIO,
        (*REVENUE, SPEND),
    ),
    Definition(
        "roas_collected",
        "ROAS on collected money",
        "Payments received so far for the period’s purchases ÷ ad spend.",
        RATIO,
        (*REVENUE, SPEND),
    ),
    Definition(
        "attendance_today",
        "Attendance today",
        "While a session is live: people watching now; else today’s attendance. YouTube + Zoom: views of both rooms, not distinct people.",
        "views",
        ("watching_now", "attendance"),
    ),
    Definition("ad_spend", "Ad spend", "Ad spend of the period, in the reporting currency.", MONEY, (SPEND,)),
    Definition("vip_revenue", "VIP revenue", "Contract prices of the period’s VIP orders.", MONEY, (FUNNEL,)),
    Definition("oto_revenue", "OTO revenue", "Contract prices of the period’s OTO orders.", MONEY, (FUNNEL,)),
    Definition(
        "high_ticket_revenue",
        "High-ticket revenue",
        "Contract prices of the period’s high-ticket sales, counted at their first payment.",
        MONEY,
        (SALES,),
    ),
    Definition(
        "revenue",
        "Revenue, full funnel",
        "VIP + OTO + high-ticket revenue; refunds never rewrite it.",
        MONEY,
        REVENUE,
    ),
    Definition(
        "net_revenue",
        "Net revenue",
        "Full-funnel revenue less what has been refunded of it so far.",
        MONEY,
        REVENUE,
    ),
    Definition(
        "collected", "Collected", "Payments received so far for the period’s purchases, before refunds.", MONEY, REVENUE
    ),
    Definition("high_ticket_sales", "High-ticket sales", "High-ticket sales of the period.", "sales", (SALES,)),
    Definition("net_sales", "Net sales", "High-ticket sales that are not refunded in full.", "sales", (SALES,)),
    Definition(
        "at_risk",
        "At risk in disputes",
        "Money of the full funnel in open disputes; it is still counted everywhere else.",
        MONEY,
        REVENUE,
    ),
    Definition(
        "matched",
        "Matched sales",
        "High-ticket sales credited to a campaign, by an opt-in or by the UTMs of the order itself.",
        "sales",
        (SALES,),
    ),
    Definition(
        "by_order_utm",
        "Matched by the order’s own UTMs",
        "Matched sales without an eligible opt-in, credited by the UTMs that the order itself carries.",
        "sales",
        (SALES,),
    ),
    Definition(
        "unattributed", "Unattributed sales", "High-ticket sales that are credited to no campaign.", "sales", (SALES,)
    ),
    Definition(
        "test_mode", "Left out: test mode", "Purchases made in a provider’s test mode.", "purchases", (LEFT_OUT,)
    ),
    Definition("staff", "Left out: staff", "Purchases from addresses listed as staff.", "purchases", (LEFT_OUT,)),
    Definition(
        "unclassified",
        "Left out: unclassified",
        "Purchases that no pattern says what they are.",
        "purchases",
        (LEFT_OUT,),
    ),
    Definition(
        "possible_double_charges",
        "Review: possible double charges",
        "Payments beyond the first of one person, kind and amount at one provider within the window; all are counted.",
        "payments",
        (LEFT_OUT,),
    ),
    Definition(
        "joined_by_likeness",
        "Review: joined by likeness",
        "Purchases of different messengers without a shared id, counted once: person, amount and time agree.",
        "purchases",
        (LEFT_OUT,),
    ),
    Definition(
        "refunds_without_purchase",
        "Review: refunds without a purchase",
        "Refunds of the period that belong to no purchase.",
        "refunds",
        (LEFT_OUT,),
    ),
    Definition(
        "payments_without_purchase",
        "Review: payments without a purchase",
        "Payments of the period that belong to no purchase.",
        "payments",
        (LEFT_OUT,),
    ),
    Definition(
        "disputes_without_purchase",
        "Review: disputes without a purchase",
        "Disputes of the period that belong to no purchase.",
        "disputes",
        (LEFT_OUT,),
    ),
    Definition(
        "unclassified_lines",
        "Review: unclassified lines",
        "Lines that no pattern says what they are, of orders that hold classified lines too.",
        "lines",
        (LEFT_OUT,),
    ),
    Definition(
        "other_currency",
        "In another currency",
        "Purchases that count, but whose money is in another currency and not summed.",
        "purchases",
        REVENUE,
    ),
    Definition(
        "ad_spend_other_currency",
        "Ad spend in another currency",
        "Rows of ad spend that are in another currency and not summed.",
        "rows",
        (SPEND,),
    ),
    Definition(
        "attendance",
        "Attendance by day",
        "Both rooms on every challenge day of the period; what nobody saw is unknown, never zero.",
        "views",
        ("attendance",),
    ),
    Definition("freshness", "Newest by source", "The moment of the newest thing each source told.", "", ("freshness",)),
    Definition(
        "sales_add_up",
        "Sales add up",
        "Sales over campaigns and unattributed equal all sales, asked on their own.",
        "",
        ("all_sales", SALES),
    ),
    Definition(
        "revenue_adds_up",
        "Revenue adds up",
        "Prices of the full funnel over campaigns and unattributed equal all prices, asked on their own.",
        "",
        ("all_sales", *REVENUE, "orders_by_campaign"),
    ),
    Definition(
        "spend_adds_up",
        "Spend adds up",
        "Spend by ad equals spend by account, and on every day the total that the platform itself names.",
        "",
        ("spend_by_ad", SPEND, "platform_totals"),
    ),
    Definition(
        "money_is_conserved",
        "Money is conserved",
        "Every payment, refund and dispute is counted to the cent in one place: checked as it is stored, and all before each mail.",
        "",
        ("money_differences",),
    ),
)
DEFINITIONS = {definition.name: definition for definition in _FIGURES}
