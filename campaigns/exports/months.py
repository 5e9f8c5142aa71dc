"""Names of months in the languages of Ads Manager. A shortened name counts where it fits one month only."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_NAMES = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "januari februari maret april mei juni juli agustus september oktober november desember",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "januar februar mars april mai juni juli august september oktober november desember",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
    "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "január február március április május június július augusztus szeptember október november december",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
    "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου "
    "δεκεμβρίου",
    "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
)
_ALONE = {"sept": 9, "janv": 1, "juil": 7, "ago": 8, "ene": 1, "set": 9, "out": 10, "led": 1, "lip": 7, "lis": 11}
"""Short forms that begin two names of different languages, with the month that people mean."""


def _plain(text: str) -> str:
    text = text.casefold().replace("ı", "i").replace("ł", "l")
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).strip(" .,-")


@lru_cache(maxsize=1)
def _table() -> dict[str, int]:
    """Whole names, and their beginnings of at least three letters; the language further up wins."""
    whole, short = dict(_ALONE), dict[str, int]()
    for line in _NAMES:
        names = [_plain(name) for name in line.split()]
        for number, name in enumerate(names if len(names) == 12 else [], start=1):
            whole.setdefault(name, number)
            for length in range(3, len(name)):
                if sum(other.startswith(name[:length]) for other in names) == 1:
                    short.setdefault(name[:length], number)
    return {**short, **whole}


@lru_cache(maxsize=512)
def month_of(name: str) -> int | None:
    """`Sept.` → 9, `février` → 2; None for what is no month."""
    return _table().get(_plain(name))
