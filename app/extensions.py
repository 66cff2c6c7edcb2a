"""The Flask extensions, made once and bound to an application by `create_app`."""

from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_mail import Mail
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from htmx_flask import Htmx

babel = Babel()
csrf = CSRFProtect()
htmx = Htmx()
limiter = Limiter(get_remote_address, headers_enabled=False)
login_manager = LoginManager()
mail = Mail()
migrate = Migrate()
