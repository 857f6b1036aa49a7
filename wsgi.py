"""Where does a web server find the app? Here."""

from bot.app import create_app

app = create_app()
