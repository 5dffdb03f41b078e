"""One truth written in every language that is read: the figures are the same."""

import csv
import io
from datetime import date

import pytest

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


def written(*rows: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def session(outcome):
    (one,) = outcome.records
    assert not outcome.report.rejected
    return one


@pytest.mark.parametrize("language", WEBINAR)
def test_a_webinar(take, language):
    yes, no, report, summary, hosts, attendees, columns = WEBINAR[language]
    about = ["VIP", "843 0001 1045", "13/01/2026 19:00:11", "92", "3", "0", "2", "3", "2"]
    stay = ["13/01/2026 19:01:00", "13/01/2026 20:31:00", "90"]
    text = written(
        [report], summary.split("|"), about, [hosts], columns.split("|"), [yes, "Team", "host@example.com", *stay, no],
        [attendees], columns.split("|"), [yes, "Ana", "ana@example.com", *stay, yes],
        [yes, "Bob", "bob@example.com", *stay, yes], [no, "Cy", "cy@example.com", "--", "--", "--", "--"],
        [yes, "Team", "HOST@example.com", *stay, no],
    )  # fmt: skip
    outcome = take(text)
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
