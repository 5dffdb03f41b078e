"""The command line: the one file that knows the way in, the centre and the way out. Libraries load inside commands."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # `python -m` looks into the current folder first: a calendar.py would be taken for Python's own

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # --help answers in a fraction of a second because nothing below click is loaded for it
    from datetime import date
    from decimal import Decimal

    from sqlalchemy import Connection

    from analytics.challenge import Challenge, Period
    from analytics.queries.left_out import LeftOut
    from analytics.view3 import SalesFilter, Sort
    from analytics.workbench import Workbench
    from connectors.catalog import Route
    from connectors.checkup import Finding
    from connectors.contract import HeldSale, Source
    from connectors.csv_import import ImportReport
    from connectors.drain import Drain
    from connectors.events.webhook import Shared
    from connectors.health import Health
    from connectors.settings import ConnectorSettings
    from reports.daily import Daily

SOME_REJECTED, UNUSABLE = 3, 2
FAILED = 1
PORT, RECEIVER_PORT = 8866, 8867
PATIENCE = 1.0  # seconds before a progress bar is worth its line


class Sentence(click.ClickException):
    """A trouble that a user can cause: one sentence and an exit code, never a traceback."""

    exit_code = FAILED


class Unusable(Sentence):
    """What was handed in cannot be used at all."""

    exit_code = UNUSABLE


def in_sentences(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with every trouble that a user can cause told as a sentence."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> Any:
        from analytics.challenge import CalendarError
        from analytics.crediting.aliasing import AliasError
        from analytics.crediting.linking import LinkError
        from analytics.database import DatabaseError
        from analytics.explanation import NoSuchSaleError
        from analytics.notebooks import NotebooksError
        from analytics.settings import SettingsError

        troubles = (AliasError, CalendarError, DatabaseError, LinkError, NoSuchSaleError, NotebooksError, SettingsError)
        try:
            return command(*args, **kwargs)
        except troubles as error:
            raise Sentence(str(error)) from error
        except BrokenPipeError:  # the reader has seen enough
            raise
        except OSError as error:
            raise Sentence(f"{error.filename or 'The output'} cannot be used: {error.strerror or error}.") from error

    return told


def period_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --days, --from and --to, and pass the command a `period` reader."""
    command = click.option("--days", metavar="A-B", help="Challenge days, such as 3-7.")(command)
    command = click.option("--from", "first", metavar="DATE", help="First date, such as 2026-01-03.")(command)
    return click.option("--to", "last", metavar="DATE", help="Last date, included.")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="view3")
def main() -> None:
    """View 3: attendance, attribution and money of a live challenge, on one honest page."""


@main.command()
@in_sentences
def init() -> None:
    """Create or upgrade the tables."""
    from analytics.database import address

    workbench = _workbench()
    done = workbench.upgrade()
    click.echo(
        f"{'The tables are ready' if done else 'The tables are already up to date'} in {address(workbench.engine)}."
    )


@main.command()
@click.option("--leads", default=3000, show_default=True, help="How many opt-ins to imagine.")
@click.option("--seed", default=31, show_default=True, help="Another number, another challenge.")
@in_sentences
def demo(leads: int, seed: int) -> None:
    """Load the sample challenge around today; refuses a database that holds real rows."""
    from analytics import demonstration

    workbench = _upgraded()
    try:
        count = demonstration.load(workbench, leads=leads, seed=seed)
    except demonstration.RealRowsError as error:
        raise Sentence(str(error)) from error
    challenge = workbench.challenge
    day = challenge.day_of(challenge.local_date(workbench.now()))
    click.echo(f"Loaded the sample challenge: {count:,} records; today is Day {day} of {challenge.length}.")


@main.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--kind", help="What the files are, where the content does not tell; see --template for names.")
@click.option("--dry-run", is_flag=True, help="Read and judge, but write nothing.")
@click.option(
    "--template",
    metavar="KIND",
    help="Print an empty file of a kind: leads, funnel-orders, high-ticket-sales, attendance, ad-spend, events.",
)
@click.option(
    "--account", default="", metavar="NAME", help="Whose ad spend a report is that does not tell its account."
)
@click.option(
    "--date-order",
    type=click.Choice(["dmy", "mdy"]),
    help="How dates such as 03/04/2026 are written, where the file does not tell.",
)
@in_sentences
def import_(files: tuple[Path, ...], template: str | None, **options: Any) -> None:
    """Take in CSV exports and JSON lines; what each FILE is shows in its content."""
    from connectors import csv_import
    from connectors.contract import UnusableFileError

    if template:
        try:
            click.echo(csv_import.template(template), nl=False)
        except UnusableFileError as error:
            raise Unusable(str(error)) from error
        return
    if not files:
        raise click.UsageError("Name at least one file, or --template KIND.")
    workbench = _upgraded()
    worst = 0
    for path in files:
        try:
            report = _import_file(workbench, path, options)
        except UnusableFileError as error:
            click.echo(f"{path}: {error}", err=True)
            worst = UNUSABLE
            continue
        _tell_import(report, dry_run=options["dry_run"])
        if report.rejected:
            worst = worst or SOME_REJECTED
    sys.exit(worst)


@main.command()
@period_options
@click.option("--now", metavar="TIME", help="Show the page as it was at this moment.")
@click.option("--json", "as_json", is_flag=True, help="Figures for programs.")
@click.option("--receipts", "with_receipts", is_flag=True, help="Also how each figure came about, down to the SQL.")
@in_sentences
def show(
    days: str | None, first: str | None, last: str | None, now: str | None, *, as_json: bool, with_receipts: bool
) -> None:
    """Print View 3."""
    from analytics import receipts, terminal
    from analytics.figures import figures

    workbench = _workbench()
    moment = _moment(workbench, now)
    view = workbench.view(_period(workbench.challenge, days, first, last, moment), moment if now else None)
    if as_json:
        how = {"receipts": {one.definition.name: receipts.as_json(one) for one in receipts.receipts(view)}}
        told = {**figures(view), **(how if with_receipts else {})}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _print(terminal.show(view))
        _print(terminal.receipts(view) if with_receipts else ())


@main.command()
@period_options
@click.option("--campaign", default="", help="Only this campaign; '(unattributed)' for the sales without one.")
@click.option("--product", default="", help="Only this product.")
@click.option("--search", default="", help="Only rows that contain this text.")
@click.option(
    "--sort",
    metavar="COL",
    default="-purchased",
    show_default=True,
    help="customer, product, price, purchased, campaign, ad_set, ad or days; a leading - turns it around.",
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write all matching rows to a CSV file.")
@click.option("--now", metavar="TIME", help="Show the table as it was at this moment.")
@in_sentences
def sales(**options: Any) -> None:
    """Print the attribution table, all matching rows."""
    from analytics import terminal

    workbench = _workbench()
    moment = _moment(workbench, options["now"])
    wanted, sort = _wanted(workbench, options, moment), _sort(options["sort"])
    now = moment if options["now"] else None
    if options["csv_file"]:
        count, text = workbench.export(wanted, sort, now)
        _write(text, options["csv_file"])
        click.echo(f"Wrote {count:,} sales to {options['csv_file']}.")
    else:
        _print(terminal.sales(workbench.all_sales(wanted, sort, now)))


@main.command()
@click.argument("sale_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="The explanation for programs.")
@in_sentences
def explain(sale_id: int, *, as_json: bool) -> None:
    """Tell why a sale is credited as it is."""
    from analytics import explanation, terminal

    workbench = _workbench()
    told = workbench.explain(sale_id)
    if as_json:
        click.echo(json.dumps(explanation.as_json(told, workbench.lens), indent=2, ensure_ascii=False))
    else:
        _print(terminal.plain(line) for line in explanation.in_words(told, workbench.lens))


@main.command()
@click.option("--from", "first", metavar="DATE", help="First date, such as 2026-01-01.")
@click.option("--to", "last", metavar="DATE", help="Last date, included.")
@click.option(
    "--by", type=click.Choice(["money", "sale"]), default="money", show_default=True, help="Which day counts."
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write the table to a CSV file.")
@click.option("--now", metavar="TIME", help="Leave out what happened after this moment.")
@in_sentences
def reconcile(first: str | None, last: str | None, by: str, csv_file: Path | None, now: str | None) -> None:
    """Hold what providers state of money against where it is counted, day by day; exit 1 where they differ."""
    from dataclasses import replace

    from analytics import reconciliation
    from analytics.reconciliation_table import reconciliation_csv, reconciliation_text

    workbench = _workbench()
    moment = _moment(workbench, now)
    period = _period(workbench.challenge, None, first, last, moment) or workbench.challenge.whole(moment)
    found = workbench.reconcile(period, moment if now else None, by)
    balance, note = _stripe_balance(workbench, period, moment) if by == "money" else ({}, "")
    if not note and by == "money":
        found = replace(found, lines=tuple(reconciliation.with_balance(found.lines, balance)))
    elif note:
        found = replace(found, notes=(note,))
    if csv_file:
        _write([reconciliation_csv(found)], csv_file)
        click.echo(f"Wrote {len(found.lines):,} lines to {csv_file}.")
        _print(found.notes)
    else:
        _print(reconciliation_text(found))
    if not found.is_even:
        raise Sentence("Money that was stated and money that is counted differ.")


@main.command()
@in_sentences
def attribute() -> None:
    """Credit every sale anew and print how many changed."""
    from analytics import repairs
    from analytics.database import writing

    workbench = _upgraded()
    with writing(workbench.engine) as connection:
        changed = repairs.attribute(connection, workbench.rules)
    click.echo(f"{changed:,} sales changed.")


@main.command()
@click.argument("sale_id", type=int)
@click.argument("lead")
@click.option("--by", default="", metavar="NAME", help="Who decides; kept with the link.")
@click.option("--dry-run", is_flag=True, help="Show what every figure would become, and write nothing.")
@in_sentences
def link(sale_id: int, lead: str, by: str, *, dry_run: bool) -> None:
    """Confirm that the buyer of a sale is the person of a LEAD, named SOURCE:ID."""
    from analytics.crediting import linking
    from analytics.database import writing

    workbench = _upgraded()
    if dry_run:
        from analytics.analysis import matching

        effect = matching.preview(workbench, sale_id, lead)
        for row in effect[effect["changes"]].itertuples():
            click.echo(f"{row.figure:40}  {row.before:>12} → {row.after:>12}")
        click.echo(f"{effect['changes'].sum()} of {len(effect)} figures would change; nothing was written.")
        return
    with writing(workbench.engine) as connection:
        linking.confirm(connection, sale_id, linking.parted(lead), linking.Author(by, workbench.now()))
    click.echo(f"Sale {sale_id} is linked to {lead}. To take it back: view3 unlink {sale_id} --by NAME")


@main.command()
@click.argument("sale_id", type=int)
@click.option("--by", default="", metavar="NAME", help="Who decides; kept in the history.")
@in_sentences
def unlink(sale_id: int, by: str) -> None:
    """Take the link of a sale back; its credit is again what it was."""
    from analytics.crediting import linking
    from analytics.database import writing

    workbench = _upgraded()
    with writing(workbench.engine) as connection:
        linking.undo(connection, sale_id, linking.Author(by, workbench.now()))
    click.echo(f"Sale {sale_id} is linked to nobody any more.")


@main.command()
@in_sentences
def links() -> None:
    """List which links were confirmed and undone, by whom and when."""
    from analytics.crediting import linking

    _print_history(
        linking.history,
        lambda one: f"sale {one.sale_id}  {one.action}  {one.lead_source}:{one.lead_external_id}  {one.author}",
    )


@main.command()
@click.argument("name")
@click.argument("campaign")
@click.option("--by", default="", metavar="NAME", help="Who decides; kept with the alias.")
@in_sentences
def alias(name: str, campaign: str, by: str) -> None:
    """Let the campaign NAME of links count for CAMPAIGN, the name that an ad platform knows."""
    from analytics.crediting import aliasing
    from analytics.crediting.linking import Author
    from analytics.database import writing
    from analytics.terminal import plain

    workbench = _upgraded()
    with writing(workbench.engine) as connection:
        aliasing.confirm(connection, name, campaign, Author(by, workbench.now()))
    click.echo(plain(f"“{name}” stands for “{campaign}”. To take it back: view3 unalias NAME --by NAME"))


@main.command()
@click.argument("name")
@click.option("--by", default="", metavar="NAME", help="Who decides; kept in the history.")
@in_sentences
def unalias(name: str, by: str) -> None:
    """Let the campaign NAME stand for itself again."""
    from analytics.crediting import aliasing
    from analytics.crediting.linking import Author
    from analytics.database import writing
    from analytics.terminal import plain

    workbench = _upgraded()
    with writing(workbench.engine) as connection:
        aliasing.undo(connection, name, Author(by, workbench.now()))
    click.echo(plain(f"“{name}” stands for itself again."))


@main.command()
@in_sentences
def aliases() -> None:
    """List which names were said to stand for which campaigns, by whom and when."""
    from analytics.crediting import aliasing

    _print_history(aliasing.history, lambda one: f"“{one.alias}”  {one.action}  “{one.campaign}”  {one.author}")


@main.command()
@click.option("--port", default=PORT, type=click.IntRange(1, 65535), show_default=True, help="Where the page answers.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Which address to listen on.")
@in_sentences
def serve(port: int, host: str) -> None:
    """Serve the dashboard."""
    from analytics import demonstration
    from analytics.dashboard import serve as dashboard

    workbench = _workbench()
    if "database_url" not in workbench.settings.model_fields_set and workbench.upgrade():
        demonstration.load(workbench)
        _say("Loaded the sample challenge into a new embedded database; `view3 import` takes your own exports.")
    settings = workbench.settings
    where = dashboard.Where(port, host, settings.address, settings.plain_http)
    token = settings.token.get_secret_value() if settings.token else ""
    try:
        dashboard.serve(where, token=token, source=workbench, most=settings.most_viewers)
    except dashboard.ServeError as error:
        raise Sentence(str(error)) from error


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTION]...")
@in_sentences
def lab(options: tuple[str, ...]) -> None:
    """Open the analysts' notebooks in JupyterLab, which takes options such as --no-browser and --port=8890."""
    from analytics.notebooks import open_lab
    from analytics.project import project

    open_lab(project(), options)


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@in_sentences
def notebooks(folder: Path) -> None:
    """Copy the analysts' notebooks into a folder to be edited there; a file that you changed is kept."""
    from analytics.notebooks import copy_notebooks

    copies = copy_notebooks(folder)
    click.echo(f"Notebooks copied to {folder}: {len(copies.written)}.")
    if copies.kept:
        raise Sentence(f"Kept what differs from ours: {', '.join(copies.kept)}. Delete a file to get ours.")


@main.command()
@click.option(
    "--port", default=RECEIVER_PORT, type=click.IntRange(1, 65535), show_default=True, help="Where webhooks arrive."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Which address to listen on.")
@click.option("--no-drain", is_flag=True, help="Only keep events; another process reads them (view3 drain).")
@in_sentences
def receive(port: int, host: str, *, no_drain: bool) -> None:
    """Receive webhooks: check, keep, answer, and read them in the background."""
    from connectors.service import Service, ServiceError

    workbench = _upgraded()
    secrets = _routes()
    for route, shared in secrets.items():
        _say(f"{route.path}: {'on' if shared else f'off: VIEW3_{route.setting.upper()} is not set'}")
    tools = _tools()
    _say(f"{_EVENTS}: {_state_of_events(tools)}")
    reading = _drain(workbench)
    service = Service(
        secrets, reading, _health(workbench, reading), _connector_settings().inbox_days, _log, _alarm(workbench), tools
    )
    run = service.run_without_reading if no_drain else service.run
    try:
        run(host, port, lambda: _say(f"Webhooks arrive at http://{host}:{port}/"))
    except ServiceError as error:
        raise Sentence(str(error)) from error


@main.command()
@click.option("--once", is_flag=True, help="Read what is there and stop.")
@in_sentences
def drain(*, once: bool) -> None:
    """Read the inbox into the tables; several may run side by side."""
    from connectors.service import Reader, watched

    workbench = _workbench()
    reading, alarm = _drain(workbench), _alarm(workbench)
    if once:
        click.echo(f"{reading.all():,} events read.")
        alarm()
        return
    reader = Reader(reading, days=_connector_settings().inbox_days, log=_log)
    with suppress(KeyboardInterrupt), watched(alarm, _log):
        reader.run()


@main.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--once", is_flag=True, help="Ask each source that is due, once, and stop.")
@click.option(
    "--since",
    metavar="DATE",
    help="Ask for the past from this date on (stripe, clickfunnels, meta, google-ads), and stop.",
)
@in_sentences
def poll(sources: tuple[str, ...], since: str | None, *, once: bool) -> None:
    """Ask the vendors: all of them, or the named ones, each at its own pace."""
    from connectors.service import Polling

    workbench = _upgraded()
    polling = Polling(
        sources=_sources(workbench, sources, since),
        drain=_drain(workbench),
        days=_connector_settings().inbox_days,
        tell=_say,
        log=_log,
        alarm=_alarm(workbench),
    )
    if once or since:
        sys.exit(0 if polling.once(only_if_due=not since) else FAILED)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        polling.run()


@main.command()
@period_options
@click.option("--now", metavar="TIME", help="The moment at which the default period ends.")
@in_sentences
def sessions(days: str | None, first: str | None, last: str | None, now: str | None) -> None:
    """List the live sessions: planned and actual times, who was there, and how much of it was seen."""
    from analytics import terminal
    from analytics.database import reading
    from analytics.queries import rooms

    workbench = _workbench()
    moment = _moment(workbench, now)
    period = _period(workbench.challenge, days, first, last, moment) or workbench.challenge.whole(moment)
    with reading(workbench.engine) as connection:
        _print(terminal.sessions(rooms.sessions(connection, period), workbench.challenge))


@main.group(invoke_without_command=True)
@click.pass_context
def inbox(context: click.Context) -> None:
    """List what arrived but counts nowhere, with the reason; retry after a fix."""
    if context.invoked_subcommand is None:
        context.invoke(inbox_list)


@inbox.command("list")
@in_sentences
def inbox_list() -> None:
    """List events that could not be read, look-ups without an answer, purchases that are not counted, and what wants a look."""
    from analytics.database import reading
    from analytics.queries.backlog import read_backlog
    from analytics.terminal import plain
    from connectors import inbox as events
    from connectors import look_ups

    workbench = _workbench()
    rows = workbench.left_out()
    now = workbench.challenge.local_time(workbench.now())
    with reading(workbench.engine) as connection:
        aside = events.entries(connection, events.State.SET_ASIDE)
        unanswered = look_ups.unanswered(connection)
        waiting = events.waiting(connection)
        backlog = read_backlog(connection, now)
    for entry in aside:
        event = entry.event
        click.echo(
            plain(f"{event.source}:{event.event_id}  {event.kind}  {event.received_at:%Y-%m-%d %H:%M}  {entry.reason}")
        )
    for one in unanswered:
        click.echo(
            plain(
                f"{one.source}:{one.subject}  product not known yet  since {one.since:%Y-%m-%d %H:%M}  {one.state} after "
                f"{one.tries} tries, next {one.next_due:%Y-%m-%d %H:%M} UTC  {one.last_error}"
            )
        )
    _print_left_out(rows)
    for sentence in backlog.sentences(now).values():
        click.echo(f"{sentence}.")
    click.echo(
        f"{len(aside):,} events set aside, {waiting:,} waiting; {len(rows):,} items are not counted or want a look."
    )


def _print_left_out(rows: "list[LeftOut]") -> None:
    """Print what is not counted or wants a look, then what belongs to no purchase in a section of its own."""
    from analytics.queries.left_out import WITHOUT_PURCHASE
    from analytics.terminal import plain

    apart = [row for row in rows if row.why in WITHOUT_PURCHASE]
    for row in rows:
        if row not in apart:
            click.echo(plain(f"{row.source}:{row.external_id}  {row.why}  {row.product}  {row.price} {row.currency}"))
    if apart:
        click.echo("Without a purchase:")
    for row in apart:
        on = f"{row.purchased_at:%Y-%m-%d %H:%M} UTC"
        click.echo(plain(f"{row.source}:{row.external_id}  {row.why}  {row.product}  {row.price} {row.currency}  {on}"))


@inbox.command("show")
@click.argument("event")
@in_sentences
def inbox_show(event: str) -> None:
    """Show one event, named SOURCE:ID as `view3 inbox list` prints it."""
    from analytics.database import reading
    from analytics.terminal import plain
    from connectors import inbox as events

    source, _, event_id = event.partition(":")
    with reading(_workbench().engine) as connection:
        entry = events.find(connection, source, event_id)
    if entry is None:
        raise Sentence(f"There is no event {event} in the inbox.")
    click.echo(plain(f"{event}  {entry.event.kind}  {entry.state}  {entry.attempts} attempts  {entry.reason}"))
    click.echo("\n".join(plain(line) for line in entry.event.body.decode("utf-8", "replace").splitlines()))


@inbox.command("dismiss")
@click.argument("event")
@click.option("--by", default="", metavar="NAME", help="Who decides; kept with the event.")
@in_sentences
def inbox_dismiss(event: str, by: str) -> None:
    """Settle an event that was set aside and means nothing, named SOURCE:ID; it stays in the inbox."""
    from analytics.database import writing
    from connectors import inbox as events

    source, _, event_id = event.partition(":")
    with writing(_workbench().engine) as connection:
        done = events.dismiss(connection, source, event_id, f"dismissed by {by or 'an unnamed person'}")
    if not done:
        raise Sentence(f"There is no event {event} that was set aside.")
    click.echo(f"{event} is dismissed.")


@inbox.command("retry")
@in_sentences
def inbox_retry() -> None:
    """Read the events that were set aside once more, and ask anew what each purchase is: by the patterns, staff and repetitions."""
    from analytics import repairs
    from analytics.database import writing
    from connectors import inbox as events
    from connectors import look_ups

    workbench = _workbench()
    with writing(workbench.engine) as connection:
        again = events.retry(connection)
        look_ups.retry(connection, workbench.now())
    _drain(workbench).all()
    with writing(workbench.engine) as connection:
        changed = repairs.reclassify(connection, workbench.rules)
    click.echo(f"{again:,} events were read again; {changed:,} purchases were classified anew.")


@main.command()
@click.option(
    "--date",
    "on",
    metavar="DATE",
    help="The business date, such as 2026-01-17; without it yesterday and what was missed.",
)
@click.option("--now", metavar="TIME", help="Work as at this moment.")
@click.option("--no-send", is_flag=True, help="Make the files and send nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the files go; reports/out of the project without it.",
)
@click.option("--again", is_flag=True, help="Send once more: after a fix, or a correction to everyone.")
@in_sentences
def report(on: str | None, now: str | None, out: Path | None, *, no_send: bool, again: bool) -> None:
    """Mail the daily snapshot.

    Exit code 0: sent; 1: the run failed; 2: a setting or option cannot be used; 3: some did not get it; 4: held back;
    5: another run is at work.
    """
    from reports import daily
    from reports.deliveries import BusyError, alone

    work = _daily(now, out, is_sending=not no_send)
    if not no_send and not now:
        _alarm(work.workbench)()
    if no_send and again:
        raise click.UsageError("Choose --no-send or --again, not both.")
    wish = daily.Wish.FILES_ONLY if no_send else daily.Wish.SEND_AGAIN if again else daily.Wish.SEND
    if on and _date(on) > work.workbench.challenge.local_date(work.now()):
        raise Unusable(f"{on} has not begun yet.")
    try:
        with alone(work.workbench.engine, daily.REPORT):
            dates = [_date(on)] if on else work.due() if wish is daily.Wish.SEND else work.due()[-1:]
            ending = daily.reports(work, dates, wish)
    except BusyError as error:
        _log(str(error))
        ending = daily.Ending.BUSY
    sys.exit(int(ending))


@main.command()
@in_sentences
def doctor() -> None:
    """Check settings, database, clock and zone, browser and webhooks; exit 1 on a failure."""
    from analytics import checkup

    failed = False
    for finding in checkup.findings():
        click.echo(f"{finding.mark:4}  {finding.subject:10}  {finding.sentence}")
        failed = failed or finding.is_failure
    for mark, sentence in _backlog_findings():
        failed = failed or mark == checkup.FAIL
        click.echo(f"{mark:4}  inbox       {sentence}")
    for route, shared in _routes().items():
        state = "on" if shared else f"off: VIEW3_{route.setting.upper()} is not set"
        click.echo(f"{'ok' if shared else 'note':4}  webhook     {route.path} is {state}")
    tools = _tools()
    click.echo(f"{'ok' if tools.tokens else 'note':4}  webhook     {_EVENTS} is {_state_of_events(tools)}")
    mark, sentence = _mail_server()
    failed = failed or mark == "FAIL"
    click.echo(f"{mark:4}  mail        {sentence}")
    for asked in _asked():
        mark = checkup.FAIL if asked.is_failure else checkup.NOTE if asked.is_off or asked.is_note else checkup.OK
        click.echo(f"{mark:4}  {asked.name:10}  {asked.sentence}")
        failed = failed or asked.is_failure
    sys.exit(FAILED if failed else 0)


def _daily(now: str | None, out: Path | None, *, is_sending: bool) -> "Daily":
    """Return the report that settings and options name, with a clock that starts at `--now`."""
    from analytics.project import project
    from analytics.settings import SettingsError
    from reports import daily
    from reports.settings import ReportSettings

    try:
        workbench, settings = _workbench(), ReportSettings.load()
    except SettingsError as error:
        raise Unusable(str(error)) from error
    if settings.missing and is_sending:
        raise Unusable(
            f"{', '.join(settings.missing)} must be set before anything can be sent; --no-send makes the files."
        )
    moment = _moment(workbench, now)
    return daily.Daily(
        workbench, settings, now=lambda: moment if now else workbench.now(), tell=_log, out=out or project().reports
    )


def _backlog_findings() -> "Iterator[tuple[str, str]]":
    """Yield a mark and a sentence for each kind of what arrived and is not settled."""
    from analytics import checkup
    from analytics.database import DatabaseError, reading
    from analytics.migrate import is_current
    from analytics.queries.backlog import read_backlog

    try:
        workbench = _workbench()
        now = workbench.challenge.local_time(workbench.now())
        with reading(workbench.engine) as connection:
            if not is_current(connection):
                return
            backlog = read_backlog(connection, now)
    except DatabaseError:  # printed above
        return
    overdue = backlog.overdue(workbench.settings.limits, now)
    for kind, sentence in backlog.sentences(now).items():
        yield checkup.FAIL if kind in overdue else checkup.NOTE, sentence
    if not backlog.sentences(now):
        yield checkup.OK, "everything that arrived is settled"


def _mail_server() -> tuple[str, str]:
    """Return a mark and a sentence: the server is greeted, with TLS and login as set; no mail is sent."""
    from analytics.settings import SettingsError
    from reports.mailer import LaterError, RefusedError, Server, session
    from reports.settings import ReportSettings

    try:
        settings = ReportSettings.load()
        if settings.smtp_url is None or settings.missing:
            return "note", f"{', '.join(settings.missing)} not set: the daily snapshot is not sent"
        server = Server.of(settings.smtp_url.get_secret_value())
        with session(server):
            return "ok", f"{server!r} answers; the daily snapshot goes to {len(settings.report_to)} recipients"
    except (LaterError, RefusedError, SettingsError) as error:
        return "FAIL", str(error)


def _stripe_balance(
    workbench: "Workbench", period: "Period", now: datetime
) -> "tuple[dict[tuple[date, str, str], Decimal], str]":
    """Return what Stripe's balance says by date, currency and what; else a sentence why it was not held against it."""
    from collections import defaultdict
    from decimal import Decimal

    from connectors.contract import UnreadablePayloadError, VendorError
    from connectors.stripe.api import StripeLists
    from connectors.stripe.balance import movements

    settings = _connector_settings()
    key = settings.clear("stripe_api_key")
    if not key:
        return {}, "Not held against Stripe's balance: VIEW3_STRIPE_API_KEY is not set."
    first, end = workbench.challenge.bounds(period)
    sums: defaultdict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
    try:
        for one in movements(StripeLists.with_key(key), first, min(end, now)):
            sums[workbench.challenge.local_date(one.at), one.currency, one.what] += one.amount
    except (UnreadablePayloadError, VendorError) as error:
        return {}, f"Not held against Stripe's balance: {error}"
    return dict(sums), ""


def _connector_settings() -> "ConnectorSettings":
    from connectors.settings import ConnectorSettings

    return ConnectorSettings.load()


def _routes() -> "dict[Route, tuple[str, ...]]":
    from connectors.catalog import ROUTES, secrets_of

    settings = _connector_settings()
    return {route: secrets_of(route, settings) for route in ROUTES}


_EVENTS = "/webhooks/events"


def _tools() -> "Shared":
    """Return what is shared with other tools than the vendors."""
    from connectors.events.webhook import SECRET, TOKEN, Shared

    settings = _connector_settings()
    return Shared(settings.shared(TOKEN), settings.shared(SECRET))


def _state_of_events(tools: "Shared") -> str:
    """Return whether other tools can send events, and whether they have to sign them."""
    if not tools.tokens:
        return "off: VIEW3_EVENTS_TOKEN is not set"
    return "on, signed requests only" if tools.secrets else "on"


def _drain(workbench: "Workbench") -> "Drain":
    """Return the drain of the workbench's inbox, with the door and the clock it reads by."""
    from analytics import ingest
    from analytics.database import open_service, writing
    from connectors.drain import Drain
    from connectors.stripe.api import StripeLookUp

    key = _connector_settings().stripe_api_key
    engine = open_service(workbench.settings.database_url.get_secret_value())
    return Drain(
        transaction=lambda: writing(engine),
        accept=lambda connection, records: ingest.accept(connection, workbench.rules, records),
        clock=workbench.now,
        look_up=StripeLookUp.with_key(key.get_secret_value()) if key else None,
    )


def _health(workbench: "Workbench", drain: "Drain") -> "Health":
    """Return what answers whether the receiver is well."""
    from analytics.database import free_room
    from analytics.queries.backlog import read_backlog
    from connectors.health import Health

    return Health(
        drain.transaction, drain.clock, read_backlog, workbench.settings.limits, lambda: free_room(workbench.engine)
    )


def _alarm(workbench: "Workbench") -> Callable[[], None]:
    """Return what mails the operator when something that arrived has waited for too long."""
    from analytics.database import reading
    from analytics.queries.backlog import read_backlog
    from reports.alarm import Alarm
    from reports.settings import ReportSettings

    def local_now() -> datetime:
        return workbench.challenge.local_time(workbench.now())

    def check() -> None:
        now = local_now()
        with reading(workbench.engine) as connection:
            backlog = read_backlog(connection, now)
        alarm = Alarm(workbench.engine, ReportSettings.load(), local_now, _log)
        alarm.check(backlog.overdue(workbench.settings.limits, now))

    return check


def _sources(workbench: "Workbench", names: tuple[str, ...], since: str | None) -> "dict[str, Source]":
    """Return the named sources, else all that are on; tells which are off."""
    from connectors.vendors import SOURCES
    from connectors.wanted import Off, Wanted

    unknown = [name for name in names if name not in SOURCES]
    if unknown:
        raise click.UsageError(f"'{unknown[0]}' is no source; choose from {', '.join(SOURCES)}.")
    wanted = Wanted(_connector_settings(), workbench.now, _date(since) if since else None)
    found = {name: SOURCES[name](wanted) for name in names or SOURCES}
    for name, one in found.items():
        if isinstance(one, Off):
            _say(f"{name}: off: {one.sentence}")
    on = {name: one for name, one in found.items() if not isinstance(one, Off)}
    if not on:
        raise Sentence('There is nothing to ask; the README\'s section "Ask the vendors" says what each source needs.')
    return on


def _asked() -> "Iterator[Finding]":
    """Yield what the doctor finds of each vendor that we ask."""
    from analytics.database import DatabaseError, reading
    from analytics.migrate import is_current
    from connectors import polls
    from connectors.checkup import findings
    from connectors.wanted import Wanted

    try:
        workbench = _workbench()
        with reading(workbench.engine) as connection:
            remembers = is_current(connection)
    except DatabaseError:  # told above
        return

    def poll_of(name: str) -> "polls.Poll | None":
        with reading(workbench.engine) as connection:
            return polls.find(connection, name) if remembers else None

    yield from findings(Wanted(_connector_settings(), workbench.now), poll_of)


def _log(sentence: str) -> None:
    _say(sentence, err=True)


def _say(sentence: str, *, err: bool = False) -> None:
    """Print a sentence of a service, which outlives a full disk under its log and a reader that went away."""
    from analytics.terminal import plain

    with suppress(OSError):
        click.echo(plain(sentence), err=err)


def _workbench() -> "Workbench":
    from analytics.workbench import Workbench

    return Workbench.open()


def _upgraded() -> "Workbench":
    """Return the workbench, its tables brought up to date."""
    workbench = _workbench()
    workbench.upgrade()
    return workbench


def _zoom_rooms() -> tuple[str, ...]:
    """Return the numbers of the rooms that are set."""
    from connectors.settings import ConnectorSettings
    from connectors.zoom.questions import Room

    return tuple(Room.read(text).number for text in ConnectorSettings.load().zoom_rooms)


def _import_file(workbench: "Workbench", path: Path, options: Mapping[str, Any]) -> "ImportReport":
    """Take in one file, whole or not at all."""
    from analytics import ingest, repairs
    from analytics.database import writing
    from connectors import csv_import
    from connectors.contract import Reading

    size = path.stat().st_size if path.is_file() else 0
    with writing(workbench.engine) as connection, _Progress(path.name, size) as progress:
        report = csv_import.import_file(
            path,
            Reading(
                workbench.challenge,
                workbench.currency,
                workbench.lens.mapping,
                lambda: _held(connection, workbench),
                options["account"],
                options["date_order"] or "",
                workbench.now(),
                rooms=_zoom_rooms(),
            ),
            lambda records: ingest.accept(connection, workbench.rules, records),
            kind=options["kind"] or "",
            progress=progress.at,
            keep_rejects=not options["dry_run"],
        )
        repairs.adopt(connection, workbench.rules)
        if options["dry_run"]:
            connection.rollback()
    return report


def _held(connection: "Connection", workbench: "Workbench") -> "Iterator[HeldSale]":
    """Yield what identifies each high-ticket sale of the database where nobody names an id."""
    from datetime import date

    from analytics.challenge import Period
    from analytics.reading import stream_sales
    from analytics.view3 import SalesFilter, Sort

    whole = SalesFilter(Period(date(2000, 1, 1), date(2100, 1, 1)))
    for row in stream_sales(connection, workbench.lens, whole, Sort()):
        yield row.customer_name, row.product, row.price, row.currency, row.purchased_at


class _Progress:
    """A bar on the error stream for a file that takes over a second; nothing where nobody watches."""

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size
        self.began = time.monotonic()
        self.bar: Any = None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.finish()
            self.bar.render_finish()

    def at(self, done: int) -> None:
        """Show how many bytes of the file have been read."""
        if self.bar is None and time.monotonic() - self.began > PATIENCE and sys.stderr.isatty():
            self.bar = click.progressbar(length=self.size, label=self.name, file=sys.stderr)
        if self.bar is not None:
            self.bar.update(done - self.bar.pos)


def _tell_import(report: "ImportReport", *, dry_run: bool) -> None:
    from analytics.terminal import plain

    taken = report.new + report.changed
    dry = " (dry run, nothing written)" if dry_run else ""
    click.echo(
        f"{plain(str(report.path))}: {report.kind}: {taken:,} accepted, {report.same:,} already there, "
        f"{report.rejected:,} rejected{dry}"
    )
    for reason, count in report.left_out.items():
        click.echo(f"  left out: {count:,} {plain(reason)}")
    for count, sentence in (
        (report.unclassified, "match no pattern and count nowhere yet: view3 inbox list"),
        (report.excluded, "are kept but excluded (test mode or staff)"),
    ):
        if count:
            click.echo(f"  {count:,} {sentence}")
    for note in report.notes:
        click.echo(f"  note: {plain(note)}")
    if report.rejects:
        click.echo(f"  the rejected rows, with reasons: {plain(str(report.rejects))}")


def _moment(workbench: "Workbench", text: str | None) -> datetime:
    if not text:
        return workbench.now()
    try:
        return workbench.aware(datetime.fromisoformat(text))
    except ValueError as error:
        raise Unusable(f"'{text}' is not a moment such as 2026-01-17T18:00.") from error


def _period(
    challenge: "Challenge", days: str | None, first: str | None, last: str | None, now: datetime
) -> "Period | None":
    """Return the period the options name, or None for the default one."""
    from analytics.challenge import Period

    if days and (first or last):
        raise click.UsageError("Choose --days or --from/--to, not both.")
    if days:
        start, dash, end = days.partition("-")
        if not (start.isdigit() and (end.isdigit() or not dash)):
            raise click.UsageError(f"'{days}' is not a range of days such as 3-7.")
        return challenge.days(int(start), int(end or start))
    if not first and not last:
        return None
    whole = challenge.whole(now)
    return Period(_date(first) if first else whole.first, _date(last) if last else whole.last)


def _date(text: str) -> Any:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"'{text}' is not a date such as 2026-01-03.") from error


def _wanted(workbench: "Workbench", options: dict[str, Any], now: datetime) -> "SalesFilter":
    from analytics.folding import fold
    from analytics.view3 import SalesFilter

    challenge = workbench.challenge
    period = _period(challenge, options["days"], options["first"], options["last"], now) or challenge.whole(now)
    return SalesFilter(period, fold(options["campaign"]), fold(options["product"]), options["search"])


def _sort(text: str) -> "Sort":
    from analytics.view3 import Sort, SortColumn

    try:
        return Sort(SortColumn(text.removeprefix("-")), text.startswith("-"))
    except ValueError as error:
        names = ", ".join(SortColumn)
        raise click.UsageError(f"'{text}' is no column to sort by; choose one of {names}.") from error


def _write(chunks: Iterable[str], path: Path) -> None:
    """Write a text piece by piece, line ends as they are; a file that was there stays until the new one is whole."""
    try:
        with _replacing(path) as written, written.open("w", encoding="utf-8", newline="") as file:
            file.writelines(chunks)
    except OSError as error:
        raise Sentence(f"Could not write {path}: {error.strerror}.") from error


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a path beside the file to write to, which takes the file's place if nothing fails; a pipe is written to itself."""
    if path.exists() and not path.is_file():
        yield path
        return
    target = path.resolve()  # a link stays a link
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _print(lines: Iterable[str]) -> None:
    """Print lines until the reader has had enough (`view3 sales | head`)."""
    with suppress(BrokenPipeError):
        for line in lines:
            click.echo(line)


def _print_history(history: "Callable[[Connection], Iterable[Any]]", in_words: Callable[[Any], str]) -> None:
    """Print what was decided and undone, each with its time in the business zone."""
    from analytics.database import reading
    from analytics.terminal import plain

    workbench = _upgraded()
    with reading(workbench.engine) as connection:
        for one in history(connection):
            moment = workbench.challenge.local_time(one.done_at)
            click.echo(plain(f"{moment:%Y-%m-%d %H:%M:%S}  {in_words(one)}"))


if __name__ == "__main__":
    main(prog_name="view3")
