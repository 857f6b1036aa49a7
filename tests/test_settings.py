"""Does a missing or wrong setting stop the start with one line that names it, and does a good one mean what it says?"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.errors import SettingsError
from bot.settings import BAD_SETTINGS_EXIT, LENT, PUSH_SERVICES, SIMULATED_ACCOUNT, Settings, read_env_file

ROOT = Path(__file__).resolve().parent.parent
KEY = base64.urlsafe_b64encode(b"\xfb" * 32).decode()
OLD_KEY = base64.urlsafe_b64encode(b"\x02" * 32).decode()

GOOD = {
    "REDIS_URL": "redis://localhost:6379/0",
    "SECRET_KEY": "s" * 32,
    "FIELD_KEYS": KEY,
    "TWILIO_ACCOUNT_SID": "AC" + "0f" * 16,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+12105550100",
}

BAD = [
    ("PORT", "http"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "²"),
    ("DATABASE_URL", "mysql://host/name"),
    ("DATABASE_URL", "postgresql://host/name"),
    ("DATABASE_URL", "postgresql+psycopg://host:port/name"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "nonsense"),
    ("REDIS_URL", ""),
    ("REDIS_URL", "localhost:6379"),
    ("PUBLIC_URL", "no-scheme.example.net"),
    ("PUBLIC_URL", "ftp://line.example.org"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://[half"),
    ("PUBLIC_URL", "https://line.example.org:99999"),
    ("PUBLIC_URL", "https://line.example.org/sms"),
    ("PUBLIC_URL", "https://line.example.org?x=1"),
    ("PUBLIC_URL", "https://me:secret@line.example.org"),
    ("SECRET_KEY", ""),
    ("SECRET_KEY", "   "),
    ("SECRET_KEY", "s" * 31),
    ("FIELD_KEYS", ""),
    ("FIELD_KEYS", "not base64 at all"),
    ("FIELD_KEYS", KEY[:20]),
    ("FIELD_KEYS", f"{KEY},"),
    ("FIELD_KEYS", "!" + KEY),
    ("SENDER_RATES", "+12105550100"),
    ("SENDER_RATES", "+12105550100=0"),
    ("SENDER_RATES", "*=fast"),
    ("SENDER_RATES", "*=1/0"),
    ("SEGMENT_PRICE", "0.0083"),
    ("SEGMENT_PRICE", "USD 0.0083"),
    ("SEGMENT_PRICE", "-1 USD"),
    ("TWILIO_RETENTION", "everything"),
    ("TWILIO_ACCOUNT_SID", ""),
    ("TWILIO_ACCOUNT_SID", "SK" + "0f" * 16),
    ("TWILIO_ACCOUNT_SID", "AC" + "zz" * 16),
    ("TWILIO_AUTH_TOKEN", ""),
    ("TWILIO_FROM", ""),
    ("TWILIO_FROM", " , "),
    ("TWILIO_FROM", "HELPDESK"),
    ("TWILIO_FROM", "+0123456789"),
    ("TWILIO_FROM", "+12105550100,two"),
    ("TWILIO_MESSAGING_SERVICE_SID", "AC" + "0f" * 16),
    ("TWILIO_API_BASE", "localhost:9000"),
    ("BRAND", "A name that is too long"),
    ("BRAND", "Help {code}"),
    ("BRAND", "Ayuda \N{SPARKLES}"),
    ("DEFAULT_REGION", "XX"),
    ("DEFAULT_REGION", "United States"),
    ("PUSH_CONTACT", "ana@calls.example"),
    ("PUSH_CONTACT", "mailto:nobody"),
    ("PUSH_SERVICES", "https://fcm.googleapis.com"),
    ("PUSH_SERVICES", "localhost:9000"),
    ("PUSH_SERVICES", "*"),
    ("DESK_ZONE", "Chicago"),
    ("DESK_ZONE", "../../etc/passwd"),
    ("ALLOW_UNREVIEWED_TEXTS", "yes"),
    ("REQUIRE_SECOND_FACTOR", "2"),
    ("QUIETLINE_SIMULATION", "1"),  # with a real account
    ("QUIETLINE_SIMULATION", "on"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_setting_is_refused_in_one_line_that_names_it_and_not_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(GOOD | {name: value})
    line = str(refused.value)
    assert name in line
    assert "\n" not in line
    if len(value.strip()) > 8:
        assert value not in line


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"\A{name} is missing"):
        Settings.from_env({key: value for key, value in GOOD.items() if key != name})


def test_what_is_not_set_has_its_default() -> None:
    settings = Settings.from_env(GOOD | {"DATA_DIR": "/srv/quietline"})
    assert settings.port == 8000
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url == "sqlite:////srv/quietline/quietline.sqlite3"
    assert settings.default_region == "US"
    assert settings.twilio_api_base == ""
    assert settings.brand
    assert settings.push_contact == "", "nobody's browser is called before somebody has said so"
    assert settings.push_services == PUSH_SERVICES
    assert not settings.simulation
    assert not settings.allow_unreviewed_texts
    assert settings.require_second_factor


GOOD_VALUES = [
    ("PORT", "9001", "port", 9001),
    ("PUBLIC_URL", "https://line.example.org/", "public_url", "https://line.example.org"),
    ("PUBLIC_URL", "http://[::1]:8000", "public_url", "http://[::1]:8000"),
    ("DATABASE_URL", "postgresql+psycopg://me:pass%40word@/line?host=/run/pg", "database_url",
     "postgresql+psycopg://me:pass%40word@/line?host=/run/pg"),
    ("REDIS_URL", "unix:///run/queue.sock", "redis_url", "unix:///run/queue.sock"),
    ("FIELD_KEYS", f"{KEY}, {OLD_KEY}", "field_keys", (b"\xfb" * 32, b"\x02" * 32)),
    ("TWILIO_FROM", "+12105550100, 72345", "twilio_from", ("+12105550100", "72345")),
    ("TWILIO_API_BASE", "http://127.0.0.1:9000/", "twilio_api_base", "http://127.0.0.1:9000"),
    ("BRAND", "Maple & Oak", "brand", "Maple & Oak"),
    ("DEFAULT_REGION", "ca", "default_region", "CA"),
    ("PUSH_CONTACT", "mailto:desk@example.org", "push_contact", "mailto:desk@example.org"),
    ("PUSH_SERVICES", "Push.example.org, .example.net", "push_services", ("push.example.org", ".example.net")),
    ("DESK_ZONE", "America/Los_Angeles", "desk_zone", ZoneInfo("America/Los_Angeles")),
    ("ALLOW_UNREVIEWED_TEXTS", "1", "allow_unreviewed_texts", True),
    ("REQUIRE_SECOND_FACTOR", "0", "require_second_factor", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "field", "meaning"), GOOD_VALUES)
def test_a_good_setting_means_what_it_says(name: str, value: str, field: str, meaning: object) -> None:
    assert getattr(Settings.from_env(GOOD | {name: value}), field) == meaning


def test_a_messaging_service_stands_in_for_numbers() -> None:
    env = GOOD | {"TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0f" * 16}
    assert Settings.from_env(env).twilio_from == ()


def test_simulation_lets_drafts_through_and_asks_no_second_factor() -> None:
    simulated = {"QUIETLINE_SIMULATION": "1", "TWILIO_ACCOUNT_SID": SIMULATED_ACCOUNT}
    settings = Settings.from_env(GOOD | simulated | {"TWILIO_API_BASE": "http://127.0.0.1:9000"})
    assert settings.simulation
    assert settings.allow_unreviewed_texts
    assert not settings.require_second_factor
    with pytest.raises(SettingsError, match="QUIETLINE_SIMULATION"):
        Settings.from_env(GOOD | simulated)  # it would call Twilio itself


def start(module: str, env: dict[str, str], data_dir: Path) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir)}
    return subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, env=bare | env, capture_output=True,
                          text=True, timeout=60, check=False)  # fmt: skip


@pytest.mark.parametrize(("env", "name"), [
    ({}, "REDIS_URL"),
    (GOOD | {"FIELD_KEYS": "short"}, "FIELD_KEYS"),
    ({key: value for key, value in GOOD.items() if key != "SECRET_KEY"}, "SECRET_KEY"),
])  # fmt: skip
def test_a_web_process_stops_with_that_line_and_no_traceback(env: dict[str, str], name: str, tmp_path: Path) -> None:
    stopped = start("wsgi", env, tmp_path)
    assert stopped.returncode == BAD_SETTINGS_EXIT
    assert stopped.stderr.count("\n") == 1
    assert stopped.stderr.startswith(name)
    assert stopped.stdout == ""


READ = "bot.settings; print(bot.settings.load().secret_key)"


def test_a_command_beside_a_running_line_borrows_its_settings(tmp_path: Path) -> None:
    (tmp_path / LENT).write_text("".join(f"{name}={value}\n" for name, value in GOOD.items()))
    assert start(READ, {}, tmp_path).stdout.strip() == GOOD["SECRET_KEY"]
    assert start(READ, {"TWILIO_FROM": "letters"}, tmp_path).stderr.startswith("TWILIO_FROM")


def test_a_deployment_that_forgot_one_secret_borrows_nothing(tmp_path: Path) -> None:
    (tmp_path / LENT).write_text("".join(f"{name}={value}\n" for name, value in GOOD.items()))
    own = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    stopped = start(READ, own, tmp_path)
    assert stopped.returncode == BAD_SETTINGS_EXIT
    assert stopped.stderr.startswith("SECRET_KEY")


def test_an_env_file_keeps_the_equals_signs_of_a_key(tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text(f"FIELD_KEYS={KEY}\n")
    assert KEY.endswith("=")
    assert read_env_file(tmp_path / "x.env") == {"FIELD_KEYS": KEY}


def test_rates_and_retention() -> None:
    rates = "+12105550100=4/2000, *=0.5,72345=100,MG" + "a" * 32 + "=12"
    settings = Settings.from_env({**GOOD, "SENDER_RATES": rates, "TWILIO_RETENTION": "content, address"})
    assert settings.sender_rates == {
        "+12105550100": (4.0, 2000), "*": (0.5, None), "72345": (100.0, None), "MG" + "a" * 32: (12.0, None),
    }  # fmt: skip
    assert settings.twilio_retention == ("content", "address")
    plain = Settings.from_env(GOOD)
    assert (plain.sender_rates, plain.twilio_retention) == ({}, ())
