"""One truth written in every language that is read: the figures are the same."""

import csv
import io
import tomllib
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from importlib.resources import files
from zipfile import ZipFile

import openpyxl
import pytest

from connectors.exports import languages
from connectors.exports.languages import names, truth

# yes, no, then what each vendor calls its columns: in the order in which Zoom writes them.
WEBINAR = {
    "en": ("Yes", "No", "Attendee Report", "Topic|Webinar ID|Actual Start Time|Actual Duration (minutes)|# Registered|# Cancelled|Unique Viewers|Total Users|Max Concurrent Views", "Host Details", "Attendee Details", "Attended|User Name (Original Name)|Email|Join Time|Leave Time|Time in Session (minutes)|Is Guest"),
    "fr": ("Oui", "Non", "Rapport des participants", "Sujet|ID du webinaire|Heure de début réelle|Durée réelle (minutes)|# inscrits|# annulés|Spectateurs uniques|Total des utilisateurs|Vues simultanées max.", "Détails de l'hôte", "Détails du participant", "A participé|Nom d'utilisateur (nom d'origine)|E-mail|Heure d'arrivée|Heure de départ|Durée de la session (minutes)|Est invité"),
    "de": ("Ja", "Nein", "Teilnehmerbericht", "Thema|Webinar-ID|Tatsächliche Startzeit|Tatsächliche Dauer (Minuten)|# registriert|# storniert|Eindeutige Zuschauer|Benutzer gesamt|Max. gleichzeitige Ansichten", "Gastgeberdetails", "Teilnehmerdetails", "Teilgenommen|Benutzername (Originalname)|E-Mail|Beitrittszeit|Zeit des Verlassens|Zeit in Sitzung (Minuten)|Ist Gast"),
    "es": ("Sí", "No", "Informe de asistentes", "Tema|ID del seminario web|Hora de inicio real|Duración real (minutos)|# registrados|# cancelados|Espectadores únicos|Total de usuarios|Máximo de vistas simultáneas", "Detalles del anfitrión", "Detalles del asistente", "Asistió|Nombre de usuario (nombre original)|Correo electrónico|Hora de ingreso|Hora de salida|Tiempo en la sesión (minutos)|Es invitado"),
    "pt": ("Sim", "Não", "Relatório de participantes", "Tópico|ID do webinar|Hora de início real|Duração real (minutos)|# inscritos|# cancelados|Espectadores únicos|Total de usuários|Máximo de visualizações simultâneas", "Detalhes do anfitrião", "Detalhes do participante", "Participou|Nome de usuário (nome original)|E-mail|Hora de entrada|Hora de saída|Tempo na sessão (minutos)|É convidado"),
    "it": ("Sì", "No", "Rapporto partecipanti", "Argomento|ID webinar|Ora di inizio effettiva|Durata effettiva (minuti)|# iscritti|# annullati|Spettatori univoci|Utenti totali|Visualizzazioni simultanee max", "Dettagli organizzatore", "Dettagli partecipante", "Ha partecipato|Nome utente (nome originale)|E-mail|Ora di accesso|Ora di uscita|Tempo nella sessione (minuti)|È ospite"),
    "ar": ("نعم", "لا", "تقرير الحضور", "الموضوع|معرف الندوة عبر الويب|وقت البدء الفعلي|المدة الفعلية (بالدقائق)|عدد المسجلين|عدد الملغين|المشاهدون الفريدون|إجمالي المستخدمين|الحد الأقصى للمشاهدات المتزامنة", "تفاصيل المضيف", "تفاصيل الحضور", "حضر|اسم المستخدم (الاسم الأصلي)|البريد الإلكتروني|وقت الانضمام|وقت المغادرة|الوقت في الجلسة (بالدقائق)|ضيف"),
    "ja": ("はい", "いいえ", "出席者レポート", "トピック|ウェビナーID|実際の開始時刻|実際の所要時間（分）|登録者数|キャンセル数|ユニーク視聴者数|合計ユーザー数|最大同時視聴数", "ホストの詳細", "出席者の詳細", "出席|ユーザー名（元の名前）|メール|参加時刻|退出時刻|セッション時間（分）|ゲスト"),
}  # fmt: skip
MEETING = {
    "en": ("Topic|Meeting ID|Start Time|End Time|Host email", "Name (Original Name)|Email|Join Time|Leave Time|Duration (Minutes)|Guest|In Waiting Room"),
    "fr": ("Sujet|ID de réunion|Heure de début|Heure de fin|E-mail de l'hôte", "Nom (nom d'origine)|E-mail de l'utilisateur|Heure d'arrivée|Heure de départ|Durée (minutes)|Invité|Dans la salle d'attente"),
    "de": ("Thema|Meeting-ID|Startzeit|Endzeit|E-Mail des Gastgebers", "Name (Originalname)|Benutzer-E-Mail|Beitrittszeit|Zeit des Verlassens|Dauer (Minuten)|Gast|Im Warteraum"),
    "es": ("Tema|ID de reunión|Hora de inicio|Hora de finalización|Correo del anfitrión", "Nombre (nombre original)|Correo electrónico|Hora de ingreso|Hora de salida|Duración (minutos)|Invitado|En sala de espera"),
    "pt": ("Tópico|ID da reunião|Hora de início|Hora de término|E-mail do anfitrião", "Nome (nome original)|E-mail do usuário|Hora de entrada|Hora de saída|Duração (minutos)|Convidado|Na sala de espera"),
    "it": ("Argomento|ID riunione|Ora di inizio|Ora di fine|E-mail organizzatore", "Nome (nome originale)|E-mail utente|Ora di accesso|Ora di uscita|Durata (minuti)|Ospite|In sala d'attesa"),
    "ar": ("الموضوع|معرف الاجتماع|وقت البدء|وقت الانتهاء|بريد المضيف", "الاسم (الاسم الأصلي)|البريد الإلكتروني|وقت الانضمام|وقت المغادرة|المدة (بالدقائق)|ضيف|في غرفة الانتظار"),
    "ja": ("トピック|ミーティングID|開始時刻|終了時刻|ホストのメール", "名前（元の名前）|メールアドレス|参加時刻|退出時刻|所要時間（分）|ゲスト|待機室"),
}  # fmt: skip
STUDIO = {
    "en": ("Total", "Content|Video title|Video publish time|Peak concurrent viewers|Average concurrent viewers", "Date", "Jan 5, 2026"),
    "fr": ("Total", "Contenu|Titre de la vidéo|Heure de publication de la vidéo|Pic de spectateurs simultanés|Nombre moyen de spectateurs simultanés", "Date", "5 janv. 2026"),
    "de": ("Gesamt", "Inhalte|Videotitel|Veröffentlichungszeit des Videos|Spitzenwert der gleichzeitigen Zuschauer|Durchschnittliche gleichzeitige Zuschauer", "Datum", "5. Jan. 2026"),
    "es": ("Total", "Contenido|Título del vídeo|Hora de publicación del vídeo|Pico de espectadores simultáneos|Promedio de espectadores simultáneos", "Fecha", "5 ene 2026"),
    "pt": ("Total", "Conteúdo|Título do vídeo|Horário de publicação do vídeo|Pico de espectadores simultâneos|Média de espectadores simultâneos", "Data", "5 de jan. de 2026"),
    "it": ("Totale", "Contenuti|Titolo del video|Ora di pubblicazione del video|Picco di spettatori simultanei|Media di spettatori simultanei", "Data", "5 gen 2026"),
    "ar": ("الإجمالي", "المحتوى|عنوان الفيديو|وقت نشر الفيديو|ذروة عدد المشاهدين المتزامنين|متوسط عدد المشاهدين المتزامنين", "التاريخ", "5 يناير 2026"),
    "ja": ("合計", "コンテンツ|動画のタイトル|動画公開時刻|最大同時視聴者数|平均同時視聴者数", "日付", "2026年1月5日"),
}  # fmt: skip

# Per vendor the columns of one account's ads, and the dress of a day, of an amount and of the row of totals.
META = {
    "en": ("Account ID|Day|Campaign name|Campaign ID|Ad set name|Ad name|Amount spent|Currency|Reporting starts|Reporting ends", "2026-01-13", "1,234.50"),
    "fr": ("Identifiant du compte|Jour|Nom de la campagne|Identifiant de la campagne|Nom de l'ensemble de publicités|Nom de la publicité|Montant dépensé|Devise|Début des rapports|Fin des rapports", "13/01/2026", "1 234,50"),
    "de": ("Konto-ID|Tag|Kampagnenname|Kampagnen-ID|Anzeigengruppenname|Anzeigenname|Ausgegebener Betrag|Währung|Berichtsbeginn|Berichtsende", "13.01.2026", "1.234,50"),
    "es": ("Identificador de la cuenta|Día|Nombre de la campaña|Identificador de la campaña|Nombre del conjunto de anuncios|Nombre del anuncio|Importe gastado|Divisa|Inicio del informe|Fin del informe", "13/01/2026", "1.234,50"),
    "pt": ("Identificação da conta|Dia|Nome da campanha|Identificação da campanha|Nome do conjunto de anúncios|Nome do anúncio|Valor usado|Moeda|Início dos relatórios|Término dos relatórios", "13/01/2026", "1.234,50"),
    "it": ("ID account|Giorno|Nome della campagna|ID campagna|Nome del gruppo di inserzioni|Nome dell'inserzione|Importo speso|Valuta|Inizio dei report|Fine dei report", "13/01/2026", "1.234,50"),
    "ar": ("معرف الحساب|اليوم|اسم الحملة|معرف الحملة|اسم مجموعة الإعلانات|اسم الإعلان|المبلغ الذي تم إنفاقه|العملة|بداية التقارير|نهاية التقارير", "2026-01-13", "1,234.50"),
    "ja": ("アカウントID|日|キャンペーン名|キャンペーンID|広告セット名|広告名|消化金額|通貨|レポート開始日|レポート終了日", "2026/01/13", "1,234.50"),
}  # fmt: skip
GOOGLE = {
    "en": ("Customer ID|Day|Campaign|Campaign ID|Ad group|Ad name|Cost|Currency code", "2026-01-13", "1,234.50", "Total: Account"),
    "fr": ("Numéro client|Jour|Campagne|ID de la campagne|Groupe d'annonces|Nom de l'annonce|Coût|Code de la devise", "13/01/2026", "1 234,50", "Total : compte"),
    "de": ("Kundennummer|Tag|Kampagne|Kampagnen-ID|Anzeigengruppe|Anzeigenname|Kosten|Währungscode", "13.01.2026", "1.234,50", "Gesamt: Konto"),
    "es": ("ID de cliente|Día|Campaña|ID de la campaña|Grupo de anuncios|Nombre del anuncio|Coste|Código de moneda", "13/01/2026", "1.234,50", "Total: cuenta"),
    "pt": ("ID do cliente|Dia|Campanha|ID da campanha|Grupo de anúncios|Nome do anúncio|Custo|Código da moeda", "13/01/2026", "1.234,50", "Total: conta"),
    "it": ("ID cliente|Giorno|Campagna|ID campagna|Gruppo di annunci|Nome annuncio|Costo|Codice valuta", "13/01/2026", "1.234,50", "Totale: account"),
    "ar": ("معرف العميل|اليوم|الحملة|معرف الحملة|المجموعة الإعلانية|اسم الإعلان|التكلفة|رمز العملة", "2026-01-13", "1,234.50", "الإجمالي: الحساب"),
    "ja": ("お客様 ID|日|キャンペーン|キャンペーン ID|広告グループ|広告名|費用|通貨コード", "2026/01/13", "1,234.50", "合計: アカウント"),
}  # fmt: skip
LANGUAGES = ("en", "fr", "de", "es", "pt", "it", "ar", "ja")
TABLES: dict[str, Collection[str]] = {
    "webinar": WEBINAR,
    "meeting": MEETING,
    "studio": STUDIO,
    "meta": META,
    "google": GOOGLE,
}


def written(*rows: list[str], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def workbook(rows: list[list[str]]) -> bytes:
    book, place = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(place)
    return place.getvalue()


def zipped(text: str) -> bytes:
    place = io.BytesIO()
    with ZipFile(place, "w") as archive:
        archive.writestr("export.csv", text)
    return place.getvalue()


def session(outcome):
    (one,) = outcome.records
    assert not outcome.report.rejected
    return one


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dress", ["comma", "semicolon", "tab, UTF-16", "workbook", "zip"])
def test_a_webinar(take, language, dress):
    yes, no, report, summary, hosts, attendees, columns = WEBINAR[language]
    about = ["VIP", "843 0001 1045", "13/01/2026 19:00:11", "92", "3", "0", "2", "3", "2"]
    stay = ["13/01/2026 19:01:00", "13/01/2026 20:31:00", "90"]
    rows = [
        [report], summary.split("|"), about, [hosts], columns.split("|"), [yes, "Team", "host@example.com", *stay, no],
        [attendees], columns.split("|"), [yes, "Ana", "ana@example.com", *stay, yes],
        [yes, "Bob", "bob@example.com", *stay, yes], [no, "Cy", "cy@example.com", "--", "--", "--", "--"],
        [yes, "Team", "HOST@example.com", *stay, no],
    ]  # fmt: skip
    outcome = take(WRITTEN[dress](rows))
    assert (outcome.report.kind, outcome.report.left_out) == ("zoom-webinar", {"registered but absent": 1})
    one = session(outcome)
    assert (one.participants, one.date, one.peak, one.room) == (2, date(2026, 1, 13), 2, "84300011045")


@pytest.mark.parametrize("language", MEETING)
@pytest.mark.parametrize("dress", ["block above", "on every row"])
def test_a_meeting(take, language, dress):
    about, columns = (line.split("|") for line in MEETING[language])
    yes, no = WEBINAR[language][:2]
    facts = ["VIP", "843 0001 1045", "13/01/2026 19:00:11", "13/01/2026 20:31:00", "host@example.com"]
    stay = ["13/01/2026 19:01:00", "13/01/2026 20:31:00", "90"]
    people = [
        ["Team", "host@example.com", *stay, no, no],
        ["Ana", "ana@example.com", *stay, yes, no],
        ["Ana", "ana@example.com", *stay, yes, no],
        ["Late", "late@example.com", *stay, yes, yes],
    ]
    above = written(about, facts, [], columns, *people)
    beside = written(about + columns, *(facts + row for row in people))
    outcome = take(above if dress == "block above" else beside)
    assert (outcome.report.kind, outcome.report.left_out) == ("zoom-meeting", {"host": 1, "in the waiting room": 1})
    one = session(outcome)
    assert (one.participants, one.date, one.room) == (1, date(2026, 1, 13), "84300011045")


@pytest.mark.parametrize("language", STUDIO)
@pytest.mark.parametrize("part", ["table", "chart"])
def test_a_live_video(take, language, part):
    total, columns, day, published = STUDIO[language]
    video = ["AbCdEfGhIj1", "Day 5 LIVE", published]
    table = written(columns.split("|"), [total, "", "", "", ""], [*video, "264", "190"])
    days = [["2026-01-06", *video, "40", "30"], ["2026-01-05", *video, "264", "190"]]
    chart = written([day, *columns.split("|")], *days)
    one = session(take(table if part == "table" else chart))
    assert (one.session_id, one.date, one.participants, one.peak) == ("AbCdEfGhIj1", date(2026, 1, 5), 264, 264)


def test_a_video_planned_before_the_challenge_is_dated_by_its_chart(take):
    columns = [*["Date", "Content", "Video title", "Video publish time", "Peak concurrent viewers"]]
    one = session(take(written(columns, ["2026-01-06", "AbCdEfGhIj1", "Day 6", "Dec 20, 2025", "251"])))
    assert one.date == date(2026, 1, 6)


def test_several_meetings_of_one_list_are_several_sessions(take):
    columns = ["Topic", "ID", "Host email", "Start time", "Name (original name)", "Email", "Join time", "Guest"]
    rows = [
        ["VIP", "843 0001 1045", "h@example.com", f"2026-01-0{day} 19:00", name, f"{name}@example.com", "", "Yes"]
        for day, name in ((5, "ana"), (5, "bob"), (6, "ana"))
    ]
    outcome = take(written(columns, *rows))
    assert [(one.date.day, one.participants) for one in outcome.records] == [(5, 2), (6, 1)]


@pytest.mark.parametrize(("rooms", "counts"), [((), {5: 2, 6: 1}), (("84300011045",), {5: 2}), (("9",), {})])
def test_meetings_of_other_rooms_are_left_out_of_a_list(take, rooms, counts):
    columns = ["Topic", "ID", "Host email", "Start time", "Name (original name)", "Email", "Join time", "Guest"]
    rows = [
        ["VIP", number, "h@example.com", f"2026-01-0{day} 19:00", name, f"{name}@example.com", "", "Yes"]
        for day, number, name in ((5, "843 0001 1045", "ana"), (5, "843 0001 1045", "bob"), (6, "99999999999", "cy"))
    ]
    outcome = take(written(columns, *rows), rooms=rooms)
    assert {one.date.day: one.participants for one in outcome.records} == counts
    left_out = {"of meetings that VIEW3_ZOOM_ROOMS does not name": 3 - sum(counts.values())}
    assert outcome.report.left_out == {reason: count for reason, count in left_out.items() if count}


AD = ("FB_Jan", "120210000000000001", "Warm", "Video A")
SPENT = [(date(2026, 1, 13), Decimal("1234.50"), *AD, "987", "EUR")]


def spent(outcome):
    assert not outcome.report.rejected
    return [
        (one.date, one.spend, one.campaign, one.campaign_id, one.ad_set, one.ad, one.account_id, one.currency)
        for one in outcome.records
    ]


def of_meta(language):
    columns, day, amount = META[language]
    row = ["act_987", day, *AD, amount, "EUR", day, day]
    return [columns.split("|"), row, ["", "", "", "", "", "", amount, "EUR", day, day]]


def of_google(language):
    columns, day, amount, total = GOOGLE[language]
    return [columns.split("|"), ["9-87", day, *AD, amount, "EUR"], [total, *[" --"] * 5, amount, "EUR"]]


FILES = {"meta": of_meta, "google": of_google}
WRITTEN = {
    "comma": lambda rows: written(*rows).encode(),
    "semicolon": lambda rows: written(*rows, delimiter=";").encode("utf-8-sig"),
    "tab, UTF-16": lambda rows: written(*rows, delimiter="\t").encode("utf-16"),
    "workbook": workbook,
    "zip": lambda rows: zipped(written(*rows)),
}


@pytest.mark.parametrize("dress", WRITTEN)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vendor", FILES)
def test_ad_spend(take, vendor, language, dress):
    outcome = take(WRITTEN[dress](FILES[vendor](language)))
    assert (outcome.report.kind, spent(outcome)) == (f"{vendor}-ads", SPENT)
    assert outcome.report.left_out == {"rows of totals": 1}
    assert any("add up to the report's own totals" in note for note in outcome.report.notes)


@pytest.mark.parametrize("vendor", TABLES)
def test_every_kind_is_in_the_corpus_in_every_language(vendor):
    assert set(TABLES[vendor]) == set(LANGUAGES)


NAMED = [
    (vendor, word, name)
    for vendor in FILES
    for word, all_of in names(f"{vendor}_ads", "columns").items()
    for name in all_of
]


@pytest.mark.parametrize(("vendor", "word", "name"), NAMED)
def test_every_name_in_the_tables_of_ads_is_read_as_its_english_column(take, vendor, word, name):
    header, row, _ = FILES[vendor]("en")
    header = [name if column.casefold() == word else column for column in header]
    if name in {"reporting starts", "reporting ends", *names("meta_ads", "columns")["reporting starts"]}:
        header[1] = "Day"
    assert spent(take(written(header, row))) == SPENT


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "ja"])  # it counts its months
def test_every_month_of_every_language_is_read(take, language):
    table = tomllib.loads(files(languages).joinpath("months.toml").read_text("utf-8"))
    for number, month in enumerate(table[language], 1):
        for name in month.split():
            dates = [(row.date.month, row.date.day) for row in take(OF_A_DAY.format(f"5 {name} 2026")).records]
            assert dates == [(number, 5)]


OF_A_DAY = "date,platform,spend\n{},meta,3\n"
SAVED = [
    (word, value)
    for value, words in tomllib.loads(files(languages).joinpath("booleans.toml").read_text("utf-8")).items()
    for word in words
]


@pytest.mark.parametrize(("word", "value"), SAVED)
@pytest.mark.parametrize("write", [str, str.upper, str.title])
def test_booleans_of_spreadsheets(word, value, write):
    assert truth(f" {write(word)} ") is (value == "true")


def test_what_is_no_boolean_is_unknown():
    assert [truth(text) for text in ("", "maybe", "2", "--")] == [None] * 4
