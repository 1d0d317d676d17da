"""
Diagnose a site's settings: `cfsign doctor`.

It reports the errors, warnings and notes of `cfsign.config`. It also signs a URL with each key, and
checks it. The adapter of the site's framework adds the problems of its views; apart from that, no
web framework is imported.
"""

from cfsign.doctor.diagnosis import diagnose as diagnose
from cfsign.doctor.report import as_json as as_json
from cfsign.doctor.report import as_text as as_text
from cfsign.doctor.settings import load_target as load_target
from cfsign.doctor.settings import read_environment as read_environment
from cfsign.doctor.settings import read_mapping as read_mapping
from cfsign.doctor.settings import read_site as read_site
from cfsign.doctor.settings import read_site_settings as read_site_settings
from cfsign.doctor.settings import read_target as read_target
from cfsign.doctor.views import make_django_check as make_django_check
from cfsign.doctor.views import make_flask_check as make_flask_check
