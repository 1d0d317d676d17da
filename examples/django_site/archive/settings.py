"""
Settings for production. Secrets and everything specific to a machine come from the environment.

`LOCAL_HTTP=1` runs the site on this machine without https; it changes nothing else.
"""

from os import environ
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_HTTP = environ.get("LOCAL_HTTP") == "1"

DEBUG = False
# `manage.py check --deploy` reports missing settings.
SECRET_KEY = environ.get("SECRET_KEY", "")
ALLOWED_HOSTS = environ.get("ALLOWED_HOSTS", "127.0.0.1").split(",")

CLOUDFRONT_DOMAIN = environ.get("CLOUDFRONT_DOMAIN")
CLOUDFRONT_CONFIG = {
    "key_pair_id": environ.get("CLOUDFRONT_KEY_PAIR_ID"),
    "private_key": environ.get("CLOUDFRONT_PRIVATE_KEY_FILE"),
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "cfsign_django",
    "papers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "archive.urls"
WSGI_APPLICATION = "archive.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ],
        },
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": environ.get("DATABASE", BASE_DIR / "archive.sqlite3"),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "index"
LOGOUT_REDIRECT_URL = "login"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not LOCAL_HTTP
# Browsers remember this for a year, for every subdomain. Start with HSTS_SECONDS=60.
SECURE_HSTS_SECONDS = 0 if LOCAL_HTTP else int(environ.get("HSTS_SECONDS", "31536000"))
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not LOCAL_HTTP
