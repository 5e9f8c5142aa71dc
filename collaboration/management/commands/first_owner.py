"""manage.py first_owner BRAND E-MAIL: how a brand begins. Everybody after the first owner is invited in Settings."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from collaboration.people import make_first_owner
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict


class Command(BaseCommand):
    help = "Makes a person the first owner of a brand; both are made where there are none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("brand")
        parser.add_argument("email")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            validate_email(options["email"])
            member = make_first_owner(options["brand"], options["email"], wall_now())
        except (Conflict, ValidationError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{member.user.email} is the owner of {member.brand}.")
        if not member.user.has_usable_password():
            self.stdout.write("A password is set by “Forgot your password?” on the login page.")
