"""Believable names and mailboxes, computed from a number and not remembered."""

import unicodedata
from typing import NamedTuple

from analytics.sample.stage import Stage

FIRST_NAMES = (
    "Maria José João Ana Lucas Beatriz Rafael Camila Zoë Søren Björn Ingrid Anaïs Chloé François Élodie Jürgen Käthe Łukasz "
    "Agnieszka Tomáš Jiří Ștefan Ioana Ayşe Emre Nikos Eleni Giulia Matteo Niamh Siobhán Sean Emily James Olivia Noah Aaliyah "
    "Kwame Amara Chinedu Zanele Priya Arjun Ananya Mei Hiro Yuki Minh Linh Fatima Omar Noor Yusuf Sofía Diego Lucía Mateo "
    "Valentina Andrés Grace Daniel Hannah Samuel"
)
LAST_NAMES = (
    "Silva|Souza|O'Brien|D'Angelo|Müller|Weiß|Núñez|García|Fernández|Lindqvist|Sørensen|Åberg|Nowak|Wójcik|Dvořák|Popescu|"
    "Yılmaz|Papadopoulos|Rossi|Bianchi|Dubois|Lefèvre|van der Berg|de la Cruz|Smith|Johnson|Williams|Brown|McDonald|O’Connor|"
    "Mensah|Okafor|Dlamini|Patel|Sharma|Nguyễn|Tanaka|Chen|Kim|Haddad|Rahman|Costa|Almeida|Pereira|Cohen|Walker|Novák|Horváth|"
    "Andersson|Virtanen|Jansen|Moreau|Schneider|Romero|Ibáñez|Campbell|Murphy|Reyes|Santos|Castillo|Keller"
)
DOMAINS = ("gmail.com",) * 6 + ("outlook.example", "yahoo.example", "studio.example", "mail.example")
LETTERS = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "ı": "i"})


class Person(NamedTuple):
    """Someone with a name, a mailbox and a contact number at the funnel tool."""

    number: int
    name: str
    email: str
    contact: str


def _plain(name: str) -> str:
    """Return a name as it stands in a mailbox."""
    decomposed = unicodedata.normalize("NFKD", name.lower().translate(LETTERS))
    return "".join(letter for letter in decomposed if "a" <= letter <= "z")


FIRST = [(name, _plain(name)) for name in FIRST_NAMES.split()]
LAST = [(name, _plain(name)) for name in LAST_NAMES.split("|")]


def person(stage: Stage, number: int) -> Person:
    """Return a person by number, computed and not remembered, so that millions need no room."""
    token = stage.token(number)
    first, mailbox = FIRST[(token >> 20) % len(FIRST)]
    last, surname = LAST[(token >> 32) % len(LAST)]
    dot = "." if token >> 44 & 1 else ""
    email = f"{mailbox}{dot}{surname}{number}@{DOMAINS[(token >> 48) % len(DOMAINS)]}"
    return Person(number, f"{first} {last}", email, f"contact-{number}")
