"""Asks people again who they are before what is hard to take back, when their last proof is too old.

Who has a second factor proves it by that; everybody else by the password. allauth keeps the request meanwhile and
carries it out after the proof, so that nothing typed is lost.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest

from mediabuyer.brands.models import Token
from mediabuyer.lib.errors import NotAllowed


def has_proved_lately(request: Any) -> bool:
    """By the factor that counts for this person, within the last `PROOF_MINUTES`. No record is no proof."""
    if not request.user.is_authenticated:
        return False
    wanted = "mfa" if is_mfa_enabled(request.user) else "password"
    proofs = [one["at"] for one in get_authentication_records(request, request.user) if one.get("method") == wanted]
    return bool(proofs) and 0 <= time.time() - max(proofs) < settings.PROOF_MINUTES * 60


def require_recent_session(request: Any) -> None:
    """The same for the API: a token was made after such a proof, a browser's session has to have one."""
    if not isinstance(request.auth, Token) and not has_proved_lately(request):
        raise NotAllowed(
            "This decides about real money, and it is too long ago that you proved who you are.",
            remedy="Answer on the page, which asks for it, or use a token.",
        )


def require_recent_proof(request: HttpRequest) -> None:
    """Raises what allauth's middleware turns into its page; call it before anything is changed."""
    if not has_proved_lately(request):
        raise ReauthenticationRequired
