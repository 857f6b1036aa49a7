"""Which settings are in force? Read once from the environment into one frozen object; nothing else reads it."""

from __future__ import annotations

import base64
import binascii
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import SettingsError

SIMULATED_ACCOUNT = "AC" + "51" * 16
"""The account id the built-in carrier answers to; no real account has it."""

PUSH_SERVICES = ("fcm.googleapis.com", "updates.push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
"""Of Chrome and its kin, Firefox, Safari and Edge; one that begins with a dot stands for every name that ends so."""

DESK_ZONE = ZoneInfo("America/Chicago")

SIMULATOR_PORT = "QUIETLINE_SIMULATOR_PORT"

BAD_SETTINGS_EXIT = 3
"""The exit code of a start that a setting stopped. gunicorn reads 3 as `do not try again`."""

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}")
_RATE = re.compile(
    r"(?P<sender>\+[1-9][0-9]{6,14}|[0-9]{3,8}|MG[0-9a-fA-F]{32}|\*)"
    r"=(?P<per_s>[0-9]{1,4}(\.[0-9]{1,3})?)(/(?P<per_day>[1-9][0-9]{0,7}))?"
)
_CONTACT = re.compile(r"mailto:[^\s@<>,]+@[^\s@<>,]+\.[^\s@<>,]+|https://[A-Za-z0-9.-]+(/[!-~]*)?")
_SERVICE_NAME = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)+|127\.0\.0\.1:[0-9]{1,5}")
_PRICE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})? [A-Z]{3}")
# One GSM-7 septet a character, and nothing that a copy file could read as a placeholder.
_BRAND = re.compile(r"[A-Za-z0-9 .,&'()/-]{1,15}")


LENT = "run.env"
"""While `make run` is up, this file in DATA_DIR holds the settings it made up, for commands typed beside it."""


def read() -> Settings:
    """The settings in force here, those lent by a running `make run` among them. Raises SettingsError."""
    return Settings.from_env(_with_lent(os.environ))


def load() -> Settings:
    """The settings of a process that is starting. A bad one ends the process with one line on stderr."""
    try:
        return read()
    except SettingsError as bad:
        sys.stderr.write(f"{bad}\n")
        raise SystemExit(BAD_SETTINGS_EXIT) from None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator may set. Field names are the environment's names in lower case."""

    port: int
    data_dir: Path
    database_url: str
    redis_url: str
    public_url: str
    secret_key: str
    field_keys: tuple[bytes, ...]
    twilio_account_sid: str
    twilio_auth_token: str
    twilio_from: tuple[str, ...]
    twilio_messaging_service_sid: str
    twilio_api_base: str
    twilio_retention: tuple[str, ...]
    sender_rates: Mapping[str, tuple[float, int | None]]
    brand: str
    default_region: str
    allow_unreviewed_texts: bool
    simulation: bool
    require_second_factor: bool
    canary_number: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    ladder_file: str = ""
    push_contact: str = ""
    """Whom the makers of browsers may write to about our calls; empty: browsers are not called."""
    push_services: tuple[str, ...] = PUSH_SERVICES
    """The only names a browser may have us call."""
    desk_zone: ZoneInfo = DESK_ZONE
    """Where the desk is: shifts are planned, and months counted, by the clock on its wall."""
    lookup_budget: int = 2_000
    """How many lines the carrier may be asked about for one list; each look-up costs money."""
    segment_price: str = ""
    """What the carrier asks for one segment, as it is shown: `0.0079 USD`. Empty: no cost is shown."""

    @property
    def demo(self) -> bool:
        """No text can leave this machine: the built-in carrier, or another one on loopback. Only then may an empty
        database be filled with places that do not exist."""
        return _on_loopback(self.twilio_api_base)

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check every setting. Raises SettingsError with one line that names the first bad one."""
        env = os.environ if environ is None else environ
        port = _port(env)
        simulation = _simulation(env)
        data_dir = Path(env.get("DATA_DIR") or "var").absolute()
        api_base = _origin(env, "TWILIO_API_BASE", default="")
        return cls(
            port=port,
            data_dir=data_dir,
            database_url=_database_url(env, data_dir),
            redis_url=_redis_url(env),
            public_url=_origin(env, "PUBLIC_URL", default=f"http://127.0.0.1:{port}"),
            secret_key=_secret(env),
            field_keys=_field_keys(env),
            twilio_account_sid=_account(env),
            twilio_auth_token=_required(env, "TWILIO_AUTH_TOKEN", "the account's auth token"),
            twilio_from=_senders(env),
            twilio_messaging_service_sid=_messaging_service(env),
            twilio_api_base=api_base,
            twilio_retention=_retention(env),
            sender_rates=_rates(env),
            brand=_brand(env),
            default_region=_region(env),
            allow_unreviewed_texts=_flag(env, "ALLOW_UNREVIEWED_TEXTS", default=simulation),
            simulation=simulation,
            require_second_factor=_flag(env, "REQUIRE_SECOND_FACTOR", default=not _on_loopback(api_base)),
            canary_number=_canary(env),
            smtp_url=_smtp(env),
            mail_from=_mail_from(env),
            ladder_file=env.get("LADDER_FILE", "").strip(),
            push_contact=_push_contact(env),
            push_services=_push_services(env),
            desk_zone=_desk_zone(env),
            lookup_budget=_lookup_budget(env),
            segment_price=_price(env),
        )


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """What the built-in carrier needs to know of the line. `port` 0 takes a free one; without `data_file` it forgets
    at its end; without `numbers` any sender is accepted."""

    port: int
    account_sid: str
    auth_token: str
    numbers: tuple[str, ...]
    inbound_url: str
    fallback_url: str = ""
    """Where a text goes that the first address did not take."""
    messaging_service_sid: str = ""
    numbers_own_webhooks: bool = False
    """The service leaves it to each number where its texts go (`use_inbound_webhook_on_number`)."""
    data_file: Path | None = None
    receipt_delay_s: float = 0.4

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> SimulatorSettings:
        """Read and check, as Settings does. The webhook's address may carry Twilio's overrides (`#rc=3&rp=5xx`)."""
        env = os.environ if environ is None else environ
        line = _origin(env, "PUBLIC_URL", default=f"http://127.0.0.1:{_port(env)}")
        data_dir = Path(env.get("DATA_DIR") or "var").absolute()
        return cls(
            port=0 if env.get(SIMULATOR_PORT, "0") == "0" else _port(env, SIMULATOR_PORT),
            account_sid=_account(env),
            auth_token=_required(env, "TWILIO_AUTH_TOKEN", "the account's auth token"),
            numbers=_senders(env),
            inbound_url=env.get("QUIETLINE_SIMULATOR_WEBHOOK") or f"{line}/twilio/inbound",
            fallback_url=f"{line}/twilio/fallback",
            messaging_service_sid=_messaging_service(env),
            data_file=data_dir / "carrier.sqlite3" if data_dir.is_dir() else None,
        )


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; empty when there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _with_lent(env: Mapping[str, str]) -> Mapping[str, str]:
    """A command typed beside a running `make run` knows none of its secrets and borrows them. A deployment that sets
    either secret of its own borrows nothing: one it forgot must stop its start."""
    if env.get("SECRET_KEY") or env.get("FIELD_KEYS"):
        return env
    return read_env_file(Path(env.get("DATA_DIR") or "var") / LENT) | dict(env)


def _required(env: Mapping[str, str], name: str, what: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is missing: set it to {what}.")
    return value


def _port(env: Mapping[str, str], name: str = "PORT") -> int:
    raw = env.get(name) or "8000"
    if not (raw.isascii() and raw.isdecimal()) or not 0 < int(raw) < 65536:
        raise SettingsError(f"{name} is not a port number: use 1 to 65535.")
    return int(raw)


def _database_url(env: Mapping[str, str], data_dir: Path) -> str:
    url = env.get("DATABASE_URL") or f"sqlite:///{data_dir / 'quietline.sqlite3'}"
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):  # the library's words repeat the address, and with it a password
        raise SettingsError("DATABASE_URL is not an address such as postgresql+psycopg://user@host/name.") from None
    if parts.drivername not in ("sqlite", "postgresql+psycopg"):
        raise SettingsError("DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")
    if parts.drivername == "sqlite" and parts.database in (None, "", ":memory:"):
        raise SettingsError("DATABASE_URL must name a file: web, worker and clock are different processes.")
    return url


def _redis_url(env: Mapping[str, str]) -> str:
    url = _required(env, "REDIS_URL", "the address of a Redis, e.g. redis://localhost:6379/0")
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://.")
    return url


def _on_loopback(address: str) -> bool:
    return (urlsplit(address).hostname or "") in ("127.0.0.1", "localhost", "::1")


def _simulation(env: Mapping[str, str]) -> bool:
    """Simulation opens a page to anyone and sends unreviewed words, so it never goes together with a real account."""
    if not _flag(env, "QUIETLINE_SIMULATION", default=False):
        return False
    if env.get("TWILIO_ACCOUNT_SID") != SIMULATED_ACCOUNT or not env.get("TWILIO_API_BASE"):
        raise SettingsError("QUIETLINE_SIMULATION is for the built-in carrier alone: `make run` sets it by itself.")
    return True


def _origin(env: Mapping[str, str], name: str, *, default: str) -> str:
    value = (env.get(name) or default).rstrip("/")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    # A path would be lost: routes and signatures are built from the origin alone.
    if not good or value != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise SettingsError(f"{name} must be an address such as https://line.example.org, without a path.")
    return value


def _secret(env: Mapping[str, str]) -> str:
    value = _required(env, "SECRET_KEY", "at least 32 random characters")
    if len(value) < 32:
        raise SettingsError("SECRET_KEY is too short: use at least 32 random characters.")
    return value


def _field_keys(env: Mapping[str, str]) -> tuple[bytes, ...]:
    raw = _required(env, "FIELD_KEYS", "one or more base64 keys of 32 bytes, newest first, comma-separated")
    keys = []
    for part in raw.split(","):
        try:
            key = base64.b64decode(part.strip(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise SettingsError("FIELD_KEYS holds a key that is not 32 bytes in URL-safe base64.")
        keys.append(key)
    return tuple(keys)


def _account(env: Mapping[str, str]) -> str:
    value = _required(env, "TWILIO_ACCOUNT_SID", "the account's id (AC and 32 hexadecimal digits)")
    if not _ACCOUNT.fullmatch(value):
        raise SettingsError("TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits.")
    return value


def _senders(env: Mapping[str, str]) -> tuple[str, ...]:
    numbers = tuple(n.strip() for n in env.get("TWILIO_FROM", "").split(",") if n.strip())
    if not numbers and not env.get("TWILIO_MESSAGING_SERVICE_SID"):
        raise SettingsError("TWILIO_FROM is missing: set one or more numbers, or TWILIO_MESSAGING_SERVICE_SID.")
    for number in numbers:
        if not _SENDER.fullmatch(number):
            raise SettingsError("TWILIO_FROM holds something that is neither an E.164 number nor a short code.")
    return numbers


def _canary(env: Mapping[str, str]) -> str:
    number = env.get("CANARY_NUMBER", "").strip()
    numbers = _senders(env)
    if number and (number not in numbers or len(numbers) < 2):
        raise SettingsError("CANARY_NUMBER must be one of two or more numbers in TWILIO_FROM.")
    return number


def _smtp(env: Mapping[str, str]) -> str:
    url = env.get("SMTP_URL", "").strip()
    try:
        parts = urlsplit(url)
        good = not url or (parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and bool(parts.port))
    except ValueError:
        good = False
    if not good:  # its words may hold a password
        raise SettingsError("SMTP_URL must be like smtps://name:password@mail.example.org:465.")
    return url


def _mail_from(env: Mapping[str, str]) -> str:
    address = env.get("MAIL_FROM", "").strip()
    if env.get("SMTP_URL", "").strip() and "@" not in address:
        raise SettingsError("MAIL_FROM must be the address calls by mail come from, since SMTP_URL is set.")
    return address


def _push_contact(env: Mapping[str, str]) -> str:
    contact = env.get("PUSH_CONTACT", "").strip()
    if contact and not _CONTACT.fullmatch(contact):
        raise SettingsError("PUSH_CONTACT must be like mailto:desk@example.org or https://example.org; empty: off.")
    return contact


def _push_services(env: Mapping[str, str]) -> tuple[str, ...]:
    named = tuple(part.strip().lower() for part in env.get("PUSH_SERVICES", "").split(",") if part.strip())
    if not all(_SERVICE_NAME.fullmatch(one) for one in named):
        raise SettingsError("PUSH_SERVICES must be names of push services, such as fcm.googleapis.com,.push.apple.com.")
    return named or PUSH_SERVICES


def _desk_zone(env: Mapping[str, str]) -> ZoneInfo:
    name = env.get("DESK_ZONE", "").strip() or DESK_ZONE.key
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise SettingsError("DESK_ZONE must be a time zone such as America/Chicago.") from None


def _messaging_service(env: Mapping[str, str]) -> str:
    value = env.get("TWILIO_MESSAGING_SERVICE_SID", "").strip()
    if value and not _SERVICE.fullmatch(value):
        raise SettingsError("TWILIO_MESSAGING_SERVICE_SID must be MG and 32 hexadecimal digits.")
    return value


def _retention(env: Mapping[str, str]) -> tuple[str, ...]:
    kept = tuple(part.strip() for part in env.get("TWILIO_RETENTION", "").split(",") if part.strip())
    if not set(kept) <= {"content", "address"}:
        raise SettingsError("TWILIO_RETENTION may be empty (we empty each text there), content, or content,address.")
    return kept


def _rates(env: Mapping[str, str]) -> dict[str, tuple[float, int | None]]:
    """`+12105550100=4/2000,*=1`: segments a second, and a day, by sender; `*` is every other."""
    rates: dict[str, tuple[float, int | None]] = {}
    for part in filter(None, (p.strip() for p in env.get("SENDER_RATES", "").split(","))):
        found = _RATE.fullmatch(part)
        if found is None or float(found["per_s"]) == 0:
            raise SettingsError("SENDER_RATES must be like *=4 or *=4/2000 for each sender: segments a second, a day.")
        rates[found["sender"]] = float(found["per_s"]), int(found["per_day"]) if found["per_day"] else None
    return rates


def _lookup_budget(env: Mapping[str, str]) -> int:
    raw = env.get("LOOKUP_BUDGET") or "2000"
    if not (raw.isascii() and raw.isdecimal()) or len(raw) > 7:
        raise SettingsError("LOOKUP_BUDGET must be a whole number of look-ups for one list: 0 asks about none.")
    return int(raw)


def _price(env: Mapping[str, str]) -> str:
    raw = env.get("SEGMENT_PRICE", "").strip()
    if raw and not _PRICE.fullmatch(raw):
        raise SettingsError("SEGMENT_PRICE must be like 0.0079 USD: what one segment costs, or nothing.")
    return raw


def _brand(env: Mapping[str, str]) -> str:
    value = (env.get("BRAND") or "Maple Help Desk").strip()
    if not _BRAND.fullmatch(value):
        raise SettingsError("BRAND must be 1 to 15 plain letters, digits or spaces: texts are measured with 15.")
    return value


def _region(env: Mapping[str, str]) -> str:
    value = (env.get("DEFAULT_REGION") or "US").upper()
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingsError("DEFAULT_REGION is not a two-letter country code.")
    return value


def _flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    raw = env.get(name, "")
    if raw not in ("", "0", "1"):
        raise SettingsError(f"{name} must be 0 or 1.")
    return default if raw == "" else raw == "1"
