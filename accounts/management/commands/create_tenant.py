"""manage.py create_tenant: an organisation with its owner and first API key."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.provisioning import create_tenant


class Command(BaseCommand):
    help = "Create an organisation with its owner and an API key; print the login and the key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="the organisation's name")
        parser.add_argument("--email", required=True, help="the owner's e-mail address")
        parser.add_argument("--password", default="", help="default: a random one, printed")
        parser.add_argument("--slug", default="", help="default: made of the name")
        parser.add_argument("--key-name", default="default", help="name of the API key")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = create_tenant(
                name=options["name"],
                owner_email=options["email"],
                password=options["password"],
                slug=options["slug"],
                key_name=options["key_name"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "tenant": str(done.tenant.pk),
                        "slug": done.tenant.slug,
                        "email": done.owner.email,
                        "password": done.password,
                        "api_key": done.raw_key,
                        "api_key_prefix": done.key.prefix,
                        "created": done.created,
                    }
                )
            )
            return
        state = "created" if done.created else "exists already"
        self.stdout.write(f"Organisation  {done.tenant} ({done.tenant.slug}), {state}")
        self.stdout.write(f"Login         {done.owner.email}")
        self.stdout.write(f"Password      {done.password or 'unchanged'}")
        self.stdout.write(
            f"API key       {done.raw_key or f'{done.key.prefix}... exists; shown once only'}"
        )
